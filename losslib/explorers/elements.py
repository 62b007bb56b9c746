"""What a scene is made of: shapes that draw quantities, axes and panels that hold them, readouts."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from losslib.explorers.quantities import Quantity, Slider, as_table


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
class Ellipses(Element):
    """Ellipses in the rectangles between opposite corners: on axes of one scale, discs and circles."""

    x0: Quantity
    y0: Quantity
    x1: Quantity
    y1: Quantity
    _: KW_ONLY
    fill: bool = False
    dash: int = 0
    width: float = 1.5
    kind: ClassVar[str] = "ellipses"
    coordinates: ClassVar[tuple[str, ...]] = ("x0", "y0", "x1", "y1")


@dataclass(eq=False)
class Picture(Element):
    """A photograph between opposite corners: one of several, the one whose number `shown` is.

    Args:
        pictures: Shapes: (H, W, 3) each, in [0, 1]. They travel as WebP: keep them small and few.
        shown: The number of the picture to show, 0 for the first.
    """

    x0: Quantity
    y0: Quantity
    x1: Quantity
    y1: Quantity
    pictures: Sequence[np.ndarray]
    _: KW_ONLY
    shown: Quantity = 0
    kind: ClassVar[str] = "picture"
    coordinates: ClassVar[tuple[str, ...]] = ("x0", "y0", "x1", "y1")

    def __post_init__(self):
        super().__post_init__()
        self.pictures = [np.asarray(picture, float) for picture in self.pictures]
        self.shown = as_table(self.shown)
        shapes = [picture.shape for picture in self.pictures]
        if any(len(shape) != 3 or shape[2] != 3 for shape in shapes):
            raise ValueError(f"Picture: expected pictures (H, W, 3), got {shapes}")
        numbers = self.shown.values
        if numbers.min() < 0 or numbers.max() >= len(shapes) or (numbers % 1).any():
            raise ValueError(f"Picture: expected numbers of {len(shapes)} pictures, got {np.unique(numbers)}")


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
    """A point to drag. A coordinate that is a slider moves with the pointer; any other shows its place.

    With `along`, a slider that both coordinates are tables over, the point moves along that curve.
    """

    x: Quantity
    y: Quantity
    _: KW_ONLY
    along: Slider | None = None
    kind: ClassVar[str] = "handle"

    def __post_init__(self):
        if self.along is not None:
            self.drag = {"along": self.along}
            super().__post_init__()
            if any(table.over != (self.along,) for table in (self.x, self.y)):
                raise ValueError(f"Handle: expected x and y to be tables over {self.along.label!r}")
            return
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
