"""Where something that goes on stands, as plain numbers and arrays: it can be kept in a file, and another process can
go on from it. Nothing in it is code, and no type is named in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class State:
    """Values by name. A part of it is another state: its names begin with the part's, and a slash."""

    values: Mapping[str, Any]  # as JSON has them
    arrays: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, **parts: Any) -> Self:
        """From values, arrays and other states.

        >>> State.of(step=3, noise=State.of(last=2.5)).values
        {'step': 3, 'noise/last': 2.5}
        """
        values: dict[str, Any] = {}
        arrays: dict[str, np.ndarray] = {}
        for name, part in parts.items():
            if isinstance(part, State):
                values |= {f"{name}/{inner}": value for inner, value in part.values.items()}
                arrays |= {f"{name}/{inner}": array for inner, array in part.arrays.items()}
            elif isinstance(part, np.ndarray):
                arrays[name] = part.copy()  # it may go on while this is written
            else:
                values[name] = part
        return cls(values, arrays)

    def __getitem__(self, name: str) -> Any:
        """A value or an array. Raises KeyError."""
        return self.arrays[name].copy() if name in self.arrays else self.values[name]

    def part(self, name: str) -> Self:
        """
        >>> State.of(step=3, noise=State.of(last=2.5)).part("noise")["last"]
        2.5
        """
        start = f"{name}/"
        return type(self)(
            *(
                {key.removeprefix(start): value for key, value in each.items() if key.startswith(start)}
                for each in (self.values, self.arrays)
            )
        )


def state_of(thing: Any) -> State:
    """Of an object whose attributes are numbers, arrays and objects of that kind."""
    return State.of(
        **{name: state_of(value) if hasattr(value, "__dict__") else value for name, value in vars(thing).items()}
    )


def set_state(thing: Any, state: State) -> None:
    """Take such an object to where `state_of` saw it, or another one that was made like it. Raises KeyError."""
    for name, value in vars(thing).items():
        if hasattr(value, "__dict__"):
            set_state(value, state.part(name))
        else:
            setattr(thing, name, state[name])
