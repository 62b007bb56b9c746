"""The numbers of a scene: sliders that a reader moves, and tables that hold a number for every combination of them.

A *quantity* is a number or a list of numbers that never change, a `Slider` (its current value), or a `Table`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(eq=False)
class Slider:
    """A control that takes the values of a finite grid, each of them exactly.

    Args:
        label: What the reader sees, a symbol or a translated word.
        values: Numbers in increasing order, or words to choose from.
        value: Where it starts; must be one of the values.
        unit: Shown after the value.

    >>> Slider("δ", np.arange(0.5, 2.1, 0.5), 1.0).values
    [0.5, 1.0, 1.5, 2.0]
    """

    label: str
    values: Sequence[float] | Sequence[str]
    value: float | str
    unit: str = ""

    def __post_init__(self):
        if len(self.values) < 2:
            raise ValueError(f"Slider {self.label!r}: expected at least two values, got {len(self.values)}")
        if self.is_numeric:
            # 0.30000000000000004, as np.arange makes it, is 0.3.
            self.values = [float(f"{v:.12g}") for v in self.values]
            matches = np.isclose(self.values, self.value, rtol=1e-9, atol=1e-9 * np.ptp(self.values))
            if np.any(np.diff(self.values) <= 0):
                raise ValueError(f"Slider {self.label!r}: expected increasing values, got {self.values}")
        else:
            self.values = list(self.values)
            matches = np.array([v == self.value for v in self.values])
        if not matches.any():
            raise ValueError(f"Slider {self.label!r}: expected one of {self.values}, got {self.value!r}")
        self.index = int(matches.argmax())
        self.value = self.values[self.index]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_numeric(self) -> bool:
        return not isinstance(self.values[0], str)


@dataclass(eq=False)
class Derived:
    """A number that follows from sliders, to tabulate over in their place; made by `derive`.

    What depends on four sliders only through a distance of theirs needs one row for each distance.
    """

    label: str
    values: Sequence[float]
    index: "Table"  # which of the values it is, at every combination of the sliders

    def __len__(self) -> int:
        return len(self.values)


@dataclass(eq=False)
class Table:
    """The numbers for every combination of some sliders.

    Shapes: values (len(s) for s in over, then n or nothing): n numbers, or one, for each combination.

    Raises ValueError when the shape is another.
    """

    values: np.ndarray
    over: tuple[Slider | Derived, ...] = ()

    def __post_init__(self):
        self.values = np.asarray(self.values)
        self.over = tuple(self.over)
        grid = tuple(len(slider) for slider in self.over)
        if self.values.shape[: len(grid)] != grid or self.values.ndim - len(grid) > 1:
            labels = ", ".join(slider.label for slider in self.over) or "no slider"
            raise ValueError(
                f"Table over {labels}: expected shape {grid} or {(*grid, 'n')}, got {self.values.shape}"
            )
        self.values = self.values.reshape(*grid, -1)

    def at(self, indices: dict[Slider, int]) -> np.ndarray:
        """The n numbers at one position of the sliders."""
        return self.values[
            tuple(
                int(over.index.at(indices)[0]) if isinstance(over, Derived) else indices[over]
                for over in self.over
            )
        ]

    def squeezed(self) -> "Table":
        """The same table without the sliders that change nothing in it."""
        values, over = self.values, list(self.over)
        for slider in self.over:
            axis = over.index(slider)
            first = values.take([0], axis)
            if np.array_equal(
                values, np.broadcast_to(first, values.shape), equal_nan=values.dtype.kind == "f"
            ):
                values = values.take(0, axis)
                over.remove(slider)
        return Table(values, tuple(over))


Quantity = float | Sequence[float] | np.ndarray | Slider | Table


def tabulate(function: Callable, *sliders: Slider | Derived) -> Table:
    """`function` of the sliders' values, at every combination: a number or n numbers each.

    >>> a, b = Slider("a", [1, 2], 1), Slider("b", [10, 20, 30], 10)
    >>> tabulate(lambda a, b: [a, a + b], a, b).values.shape
    (2, 3, 2)
    """
    grid = tuple(len(slider) for slider in sliders)
    cells = [
        np.asarray(
            function(*(slider.values[i] for slider, i in zip(sliders, cell, strict=True))), dtype=float
        )
        for cell in np.ndindex(grid)
    ]
    shapes = {cell.shape for cell in cells}
    if len(shapes) > 1:
        raise ValueError(f"tabulate: expected one shape for every combination, got {sorted(shapes)}")
    return Table(np.reshape(cells, (*grid, *shapes.pop())), sliders)


def derive(label: str, function: Callable, *sliders: Slider | Derived) -> Derived:
    """The numbers that `function` makes of the sliders' values, each of them once, to tabulate over.

    >>> a, b = Slider("a", [1, 2, 3], 1), Slider("b", [1, 2, 3], 1)
    >>> derive("distance", lambda a, b: abs(a - b), a, b).values
    [0.0, 1.0, 2.0]
    """
    table = tabulate(function, *sliders)
    values, index = np.unique(table.values[..., 0].round(12), return_inverse=True)
    return Derived(label, values.tolist(), Table(index.reshape(table.values.shape), table.over))


def as_table(quantity: Quantity) -> Table:
    """Any quantity as a table."""
    if isinstance(quantity, Table):
        return quantity
    if isinstance(quantity, Slider):
        return Table(quantity.values, (quantity,))
    return Table(quantity)
