"""How a scene travels to the page: coordinates as small whole numbers, readouts as text in its language."""

import base64
import io
import math

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

from losslib.explorers.elements import Axis
from losslib.explorers.quantities import Derived, Slider, Table
from losslib.locales import typeset

STEPS = 4000  # positions along an axis: a tenth of a pixel on the page
QUALITY = 60  # of pictures, of 100
DIGITS = 4  # significant digits of a readout


def coordinates(table: Table, axis: Axis, sliders: list[Slider | Derived]) -> dict:
    """A table as positions on an axis, in 1/STEPS of it, each less the one before.

    That compresses five times better than decimals. Positions far outside are clipped, so that a divergent
    path can be drawn; null is a gap.
    """
    table = table.squeezed()
    steps = np.round(np.clip(fractions(table.values, axis), -40, 40) * STEPS).ravel()
    drawn = ~np.isnan(steps)
    deltas = np.diff(steps[drawn].astype(int), prepend=0)
    numbers = np.full(steps.shape, None)
    numbers[drawn] = deltas
    return {"over": _positions(table, sliders), "size": table.values.shape[-1], "deltas": numbers.tolist()}


def fractions(values, axis: Axis) -> np.ndarray:
    """0 at the lower limit of the axis, 1 at the upper; -inf for what a logarithmic axis cannot show."""
    low, high = axis.limits
    values = np.asarray(values, float)
    if axis.log:
        low, high = math.log(low), math.log(high)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log(values)
    return (values - low) / (high - low)


def indices(table: Table, sliders: list[Slider | Derived]) -> dict:
    """A table of positions, each a whole number."""
    return {"over": _positions(table, sliders), "rows": table.values.ravel().astype(int).tolist()}


def pictures(pictures: list[np.ndarray]) -> list[str]:
    """Pictures (H, W, 3) in [0, 1] as addresses that hold them, in WebP."""
    from PIL import Image

    found = []
    for picture in pictures:
        out = io.BytesIO()
        levels = np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)
        Image.fromarray(levels).save(out, "webp", quality=QUALITY, method=6)
        found.append("data:image/webp;base64," + base64.b64encode(out.getvalue()).decode())
    return found


def texts(table: Table, sliders: list[Slider | Derived]) -> dict:
    """A table of single numbers as text; counts as whole numbers."""
    table = table.squeezed()
    pad = bool((table.values[np.isfinite(table.values)] % 1).any())
    shown = [format_number(value, pad=pad) for value in table.values.ravel()]
    return {"over": _positions(table, sliders), "texts": " ".join(shown)}


def _positions(table: Table, sliders: list[Slider | Derived]) -> list[int]:
    for slider in table.over:
        if slider not in sliders:
            names = [s.label for s in sliders]
            raise ValueError(
                f"Explorer: expected tables over its controls {names}, got one over {slider.label!r}"
            )
    return [sliders.index(slider) for slider in table.over]


def format_number(value: float, *, pad: bool = True) -> str:
    """Four significant digits or all before the mark, filled up with zeros if `pad` is set; without a space.

    >>> format_number(-0.5), format_number(2.0, pad=False), format_number(123456789.0)
    ('−0.5000', '2', '1.235×10⁸')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) < 1e-12:  # what is left of 0 after rounding
        value = 0.0
    mantissa, exponent = f"{value:.{DIGITS - 1}e}".split("e")
    power = int(exponent)
    scientific = power < -4 or power >= 6
    text = mantissa if scientific else f"{value:.{max(DIGITS - 1 - power, 0)}f}"
    if not pad and "." in text:
        text = text.rstrip("0").rstrip(".")
    return typeset(f"{text}e{power}" if scientific else text)


def ticks(axis: Axis) -> list[tuple[float, str]]:
    """Values to mark on an axis, and their texts."""
    if axis.ticks is not None:
        return list(axis.ticks.items())
    low, high = axis.limits
    locator = LogLocator(numticks=6) if axis.log else MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10])
    values = [v for v in locator.tick_values(low, high) if -1e-9 <= fractions(v, axis) <= 1 + 1e-9]
    if axis.log or max(map(abs, values)) >= 1e5:
        return [(v, format_number(v, pad=False)) for v in values]
    decimals = max(len(f"{v:.6g}".partition(".")[2]) for v in values)
    return [(v, typeset(f"{v + 0.0:.{decimals}f}")) for v in values]
