"""What is said of shapes."""

from core.lessons.follow_the_shapes.words import too_many_sentence


def test_a_batch_that_is_too_large_to_look_at_is_told_with_its_numbers():
    assert too_many_sentence(262_144, 256).startswith("B × T = 262,144 tokens, each 256 numbers wide, are too many")
