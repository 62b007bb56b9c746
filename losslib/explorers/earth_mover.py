"""Two histograms, one of which slides: KL, JS and W₁ between them, the moves of the cheapest plan, and its cost."""

from collections.abc import Sequence

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Points, Readout, Rects, Segments
from losslib.explorers.quantities import Slider, Table, tabulate
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import PREDICTION, TRUTH, color

HALF = 0.42  # of a bar's width
GAP = 0.5  # half the height of the strip between the histograms, in heights of the largest bar
WIDTHS = ((0.0, 1.0), (0.02, 2.5), (0.08, 5.0))  # a move of at least this mass is drawn this wide
NAMES = {"kl": "KL(p ‖ q)", "js": "JS", "w1": "W₁"}


def earth_mover(
    source: Sequence[float],
    target: Sequence[float],
    *,
    shifts: Sequence[int],
    shift: int,
    shares: Sequence[float],
) -> Explorer:
    """The histogram p stays, q slides along the same bins, and a share ε of q is spread over all of them.

    The moves are those of the sorted masses, from left to right.

    Args:
        source: Heights of p from bin 0 on, at most 30; divided by their sum.
        target: Heights of q from the bin of the shift on; divided by their sum.
        shifts: Whole numbers without a gap to choose from, increasing; the reader may also drag q.
        shift: Where q starts, one of them.
        shares: To choose ε from, increasing, 0 to 1; the lowest comes first.

    Raises:
        ValueError: Heights are negative, all zero or more than 30, the shifts have gaps, the start is not among
            them, or a share is outside [0, 1].
    """
    source, target = _checked(source, target, shifts, shares)
    slide = Slider(tr("position of q"), shifts, shift)
    mix = Slider("ε", shares, shares[0])
    bins = np.arange(min(0, shifts[0]), max(len(source), shifts[-1] + len(target)), dtype=float)
    p = np.zeros(len(bins))
    p[int(-bins[0]) :][: len(source)] = source

    def spread(shift: float, share: float) -> np.ndarray:
        q = np.zeros(len(bins))
        q[int(shift - bins[0]) :][: len(target)] = target
        return (1 - share) * q + share / len(q)

    q = tabulate(spread, slide, mix)
    curves = {
        key: tabulate(lambda *place, key=key: _between(bins, p, spread(*place))[key], slide, mix)
        for key in NAMES
    }
    place = Axis((bins[0] - 0.8, bins[-1] + 0.8), tr("position"))
    panels = [
        Panel(place, Axis((-1 - GAP, 1 + GAP), ticks={}), _histograms(bins, p, q, slide, mix), height=0.62),
        Panel(place, Axis((0, 1.02), tr("cumulative share")), _areas(bins, p, q), height=0.62),
        _over_shift(slide, {key: curves[key] for key in ("kl", "js")}, tr("divergence, nats")),
        _over_shift(slide, {"w1": curves["w1"]}, tr("distance, bins")),
    ]
    return Explorer(panels, [slide, mix], _readouts(curves))


def _checked(source, target, shifts, shares) -> tuple[np.ndarray, np.ndarray]:
    heights = [np.asarray(h, float) for h in (source, target)]
    for h in heights:
        if h.ndim != 1 or not 0 < len(h) <= 30 or h.min() < 0 or h.sum() == 0:
            raise ValueError(f"earth_mover: expected 1 to 30 heights >= 0, not all zero, got {h.tolist()}")
    if not np.array_equal(shifts, np.arange(shifts[0], shifts[-1] + 1)):
        raise ValueError(f"earth_mover: expected shifts without a gap, got {list(shifts)}")
    if min(shares) < 0 or max(shares) > 1:
        raise ValueError(f"earth_mover: expected shares in [0, 1], got {list(shares)}")
    return tuple(h / h.sum() for h in heights)


def _between(bins: np.ndarray, p: np.ndarray, q: np.ndarray) -> dict[str, float]:
    """The two divergences and the distance, from losslib."""
    at, p, q = (torch.tensor(values) for values in (bins, p, q))
    return {
        "kl": F.kl_div_loss(q.log()[None], p[None], reduction="sum").item(),
        "js": F.js_div_loss(p[None], q[None]).item(),
        "w1": F.wasserstein_1d(at, at, p, q).item(),
    }


def _moves(bins: np.ndarray, p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From where, to where and how much, (2 n - 1,) each: the sorted masses in order; some moves are empty."""
    filled_p, filled_q = np.cumsum(p), np.cumsum(q)
    levels = np.sort(np.concatenate([filled_p, filled_q[:-1]]))
    mass = np.diff(levels, prepend=0)
    middle = levels - mass / 2
    last = len(bins) - 1
    sender, receiver = (np.searchsorted(filled, middle).clip(max=last) for filled in (filled_p, filled_q))
    return bins[sender], bins[receiver], mass


def _histograms(bins: np.ndarray, p: np.ndarray, q: Table, slide: Slider, mix: Slider) -> list[Element]:
    """p stands above the strip, q hangs below it, and the moves cross it."""
    tallest = max(p.max(), q.values.max())
    plans = [[_moves(bins, p, row) for row in rows] for rows in q.values]
    start, end, mass = np.moveaxis(np.array(plans), 2, 0)  # (S, E, 2 n - 1)
    limits = [low for low, _ in WIDTHS[1:]] + [np.inf]
    elements = []
    for (low, width), high in zip(WIDTHS, limits, strict=True):
        drawn = (mass > 1e-9) & (mass >= low) & (mass < high)
        x0, x1 = (Table(np.where(drawn, x, np.nan), q.over) for x in (start, end))
        strip = np.full(mass.shape[-1], GAP)
        elements.append(Segments(x0, strip, x1, -strip, width=width, opacity=0.6))
    elements[-1].name = tr("moves")
    hanging = Table(-GAP - q.values / tallest, q.over)
    n = len(bins)
    elements += [
        Rects(bins - HALF, np.full(n, GAP), bins + HALF, GAP + p / tallest, color=TRUTH, name="p"),
        Rects(bins - HALF, np.full(n, -GAP), bins + HALF, hanging, color=PREDICTION, name="q"),
        Handle(slide, -GAP),
    ]
    return elements


def _areas(bins: np.ndarray, p: np.ndarray, q: Table) -> list[Element]:
    """Both cumulative shares as steps, and the area between them."""
    edges = np.append(bins, bins[-1] + 1)
    x = np.repeat(edges, 2)[1:-1]
    of_p, of_q = np.repeat(np.cumsum(p), 2), np.repeat(np.cumsum(q.values, axis=-1), 2, axis=-1)
    between = Table(np.concatenate([of_q, np.broadcast_to(of_p[::-1], of_q.shape)], axis=-1), q.over)
    return [
        Curve(
            np.append(x, x[::-1]), between, color=color("W₁"), fill=True, opacity=0.35, name=tr("area: W₁")
        ),
        Curve(x, of_p, color=TRUTH, dash=0, name="p"),
        Curve(x, Table(of_q, q.over), color=PREDICTION, dash=1, name="q"),
    ]


def _over_shift(slide: Slider, curves: dict[str, Table], label: str) -> Panel:
    """Curves over the position of q, and where it stands now; what is infinite is not drawn."""
    elements, highest = [], 0.0
    for key, table in curves.items():
        own = color(NAMES[key])
        shown = np.where(np.isfinite(table.values), table.values, np.nan)[..., 0]
        highest = max(highest, np.nanmax(shown))
        along = Table(shown.T, table.over[1:])
        elements.append(Curve(slide.values, along, color=own, name=NAMES[key]))
        elements.append(Points(slide, Table(shown, table.over), color=own, size=6))
    along_x = Axis((slide.values[0], slide.values[-1]), slide.label)
    return Panel(along_x, Axis((0, 1.05 * highest), label), elements, height=0.62)


def _readouts(curves: dict[str, Table]) -> list[Readout]:
    readouts = []
    for key, table in curves.items():
        values = table.values[..., 0]
        with np.errstate(invalid="ignore"):
            change = np.diff(values, axis=0, append=np.nan)
        value, step = tr("value"), tr("change, one step to the right")
        readouts += [
            Readout(Table(values, table.over), NAMES[key], value, f"{key}.value"),
            Readout(Table(change, table.over), NAMES[key], step, f"{key}.change"),
        ]
    return readouts
