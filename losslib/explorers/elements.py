"""What a scene is made of: sliders, tables of numbers over them, shapes that draw them, panels, readouts.

A shape's coordinates are *quantities*: a number or a list of numbers that never change, a `Slider` (its
current value), or a `Table`, which holds the numbers for every combination of some sliders.
"""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

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
class Table:
    """The numbers for every combination of some sliders.

    Shapes: values (len(s) for s in over, then n or nothing): n numbers, or one, for each combination.

    Raises ValueError when the shape is another.
    """

    values: np.ndarray
    over: tuple[Slider, ...] = ()

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
        return self.values[tuple(indices[slider] for slider in self.over)]

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


def tabulate(function: Callable, *sliders: Slider) -> Table:
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


def as_table(quantity: Quantity) -> Table:
    """Any quantity as a table."""
    if isinstance(quantity, Table):
        return quantity
    if isinstance(quantity, Slider):
        return Table(quantity.values, (quantity,))
    return Table(quantity)


@dataclass(eq=False)
class Element:
    """A shape of a panel. Its coordinates are quantities of equal length, NaN where nothing is to be drawn.

    Args:
        name: Its entry in the legend; elements of one name share it.
        color: 0 to 5, the colours of `losslib.plots`; None is the colour of the text.
        opacity: 0 to 1.
    """

    _: KW_ONLY
    name: str = ""
    color: int | None = None
    opacity: float = 1.0

    kind: ClassVar[str]
    coordinates: ClassVar[tuple[str, ...]] = ("x", "y")  # those whose name starts with x lie along x

    def __post_init__(self):
        tables = {name: as_table(getattr(self, name)) for name in self.coordinates}
        lengths = {name: table.values.shape[-1] for name, table in tables.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"{type(self).__name__}: expected coordinates of one length, got {lengths}")
        for name, table in tables.items():
            setattr(self, name, table)


@dataclass(eq=False)
class Curve(Element):
    """A line through points; NaN interrupts it. Contours are curves as well, separated by it.

    Args:
        dash: 0 is solid, 1 to 5 are dashes; None takes the colour's number, so that colour is never alone.
        width: In pixels.
        fill: Fill the inside instead of drawing the line.
        upto: A slider whose position k shows only the points 0 to k: a path that grows.
    """

    x: Quantity
    y: Quantity
    _: KW_ONLY
    dash: int | None = None
    width: float = 2.0
    fill: bool = False
    upto: Slider | None = None
    kind: ClassVar[str] = "curve"

    def __post_init__(self):
        super().__post_init__()
        if self.dash is None:
            self.dash = self.color or 0


@dataclass(eq=False)
class Points(Element):
    """Dots of a radius in pixels, full or hollow; `upto` as for a curve."""

    x: Quantity
    y: Quantity
    _: KW_ONLY
    size: float = 4.0
    hollow: bool = False
    upto: Slider | None = None
    kind: ClassVar[str] = "points"


@dataclass(eq=False)
class Segments(Element):
    """Straight lines from (x0, y0) to (x1, y1), with an arrow's head where `arrow` is set."""

    x0: Quantity
    y0: Quantity
    x1: Quantity
    y1: Quantity
    _: KW_ONLY
    dash: int = 0
    width: float = 1.5
    arrow: bool = False
    kind: ClassVar[str] = "segments"
    coordinates: ClassVar[tuple[str, ...]] = ("x0", "y0", "x1", "y1")


@dataclass(eq=False)
class Rects(Element):
    """Rectangles between opposite corners: bars, boxes, pixels."""

    x0: Quantity
    y0: Quantity
    x1: Quantity
    y1: Quantity
    _: KW_ONLY
    fill: bool = True
    width: float = 1.5
    kind: ClassVar[str] = "rects"
    coordinates: ClassVar[tuple[str, ...]] = ("x0", "y0", "x1", "y1")


@dataclass(eq=False)
class Text(Element):
    """A short text at its points; `anchor` says which part stands there: "start", "middle" or "end"."""

    x: Quantity
    y: Quantity
    text: str
    _: KW_ONLY
    anchor: str = "middle"
    kind: ClassVar[str] = "text"


@dataclass(eq=False)
class Handle(Element):
    """A point to drag. A coordinate that is a slider moves with the pointer; any other shows its place."""

    x: Quantity
    y: Quantity
    kind: ClassVar[str] = "handle"

    def __post_init__(self):
        sliders = {axis: s for axis in ("x", "y") if isinstance(s := getattr(self, axis), Slider)}
        if not sliders or not all(slider.is_numeric for slider in sliders.values()):
            raise ValueError(
                f"Handle: expected x, y or both to be sliders with numbers, got {self.x!r}, {self.y!r}"
            )
        self.drag = sliders
        super().__post_init__()


@dataclass(eq=False)
class Axis:
    """Limits, label, perhaps a logarithmic scale, or words for numbers: `ticks={0: "cat", 1: "dog"}`."""

    limits: tuple[float, float]
    label: str = ""
    _: KW_ONLY
    log: bool = False
    ticks: dict[float, str] | None = None

    def __post_init__(self):
        low, high = self.limits = tuple(float(limit) for limit in self.limits)
        if not low < high or (self.log and low <= 0) or not np.isfinite([low, high]).all():
            raise ValueError(f"Axis {self.label!r}: expected finite limits, low < high, got {self.limits}")


@dataclass(eq=False)
class Panel:
    """Axes with elements in them, drawn in their order. `height` is that of the plot over its width."""

    x: Axis
    y: Axis
    elements: Sequence[Element]
    height: float = 0.7


@dataclass(eq=False)
class Readout:
    """A number in the table below the panels. A row named like an element shows its colour and dash.

    `key` addresses it from code, in every language alike: `explorer.readings[key]`.
    """

    value: Quantity
    row: str
    column: str
    key: str

    def __post_init__(self):
        self.value = as_table(self.value)
        if self.value.values.shape[-1] != 1:
            raise ValueError(f"Readout {self.key!r}: expected one number, got {self.value.values.shape[-1]}")
