"""Codes cannot be found by trying them."""

from core.classroom.classes import Classes
from core.classroom.made_up import new_code, read_code
from core.classroom.tries import FROM_ALL, FROM_ONE_PLACE, WINDOW_SECONDS, Tries
from core.lab.store import Store


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_from_one_place_only_so_many_wrong_codes_a_minute():
    clock = Clock()
    tries = Tries(clock)
    for _ in range(FROM_ONE_PLACE):
        assert tries.allowed("here")
        tries.count_wrong("here")
    assert not tries.allowed("here") and tries.allowed("there")
    clock.now += WINDOW_SECONDS
    assert tries.allowed("here")


def test_from_many_places_together_too():
    tries = Tries(Clock())
    for number in range(FROM_ALL):
        tries.count_wrong(f"place {number}")
    assert not tries.allowed("a new place")


def test_a_thousand_guesses_let_nobody_in(tmp_path):
    known, tries = Classes(Store(f"sqlite:///{tmp_path}/store.db").database), Tries(Clock())
    code, _ = known.open()
    guesses = [guess for guess in (new_code() for _ in range(1000)) if guess != code]
    looked_up = 0
    for guess in guesses:
        if tries.allowed("here"):
            looked_up += 1
            assert known.find(read_code(guess)) is None
            tries.count_wrong("here")
    assert looked_up == FROM_ONE_PLACE and known.look(known.find(code)).members == ()
    known.database.close()
