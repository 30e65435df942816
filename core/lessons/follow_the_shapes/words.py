"""What is said of shapes."""


def too_many_sentence(num_tokens: int, width: int) -> str:
    """Of tokens whose widest tensor has so many numbers for each."""
    return (
        f"B × T = {num_tokens:,} tokens, each {width:,} numbers wide, are too many to run just to look: choose a "
        "smaller B or T."
    )
