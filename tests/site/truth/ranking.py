"""Pairs of scores and triplets."""

import numpy as np
from scipy.special import expit

from losslib import reference
from tests.site.truth.made import Made


def score_pair(scores, margins, **look) -> Made:
    """All three from their formulas; the descent of a pair that leads by m exactly is still the full step."""

    def numbers(f1: float, f2: float, m: float, y: float) -> dict[str, float]:
        short = m - y * (f1 - f2)
        doubt = float(expit(-y * (f1 - f2)))
        losses = {
            "margin": (max(0.0, short), -y * (short >= 0)),
            "logistic": (-np.log1p(-doubt), -y * doubt),
            "order": (float(y * (f1 - f2) <= 0), 0.0),
        }
        return {
            f"{key}.{part}": float(number)
            for key, (loss, slope) in losses.items()
            for part, number in (("loss", loss), ("f1", slope), ("f2", -slope))
        }

    grid = [float(f"{v:.12g}") for v in scores]
    return Made([grid, grid, list(margins), [-1, 1]], numbers)


def triplet_plane(places, margins, **look) -> Made:
    """The distances by NumPy, the loss by the reference: squares are distances of points on a line."""

    def numbers(*place: float) -> dict[str, float]:
        *points, margin, k = place
        a, p, n = np.reshape(points, (3, 2))
        apart = [np.linalg.norm(x - a) for x in (p, n)]
        loss = _triplet(apart[0] ** k, apart[1] ** k, margin)
        found = {"loss": loss}
        for name, d in zip("pn", apart, strict=True):
            found[f"distance.{name}"] = d**k
            found[f"gradient.{name}"] = k * d ** (k - 1) * (loss > 1e-9 and d > 0)
        return found

    grid = [float(f"{v:.12g}") for v in places]
    return Made([grid] * 6 + [list(margins), [1.0, 2.0]], numbers)


def triplet_circle(degrees, margins, **look) -> Made:
    """Squared chords are 2 - 2 cos; slopes by central differences."""

    def chord(x: float, y: float) -> float:
        return 2 - 2 * np.cos(np.radians(x - y))

    def loss(angles: np.ndarray, margin: float) -> float:
        a, p, n = angles
        return _triplet(chord(a, p), chord(a, n), margin)

    def numbers(*place: float) -> dict[str, float]:
        *angles, margin = place
        a, p, n = angles
        found = {"loss": loss(angles, margin), "distance.p": chord(a, p), "distance.n": chord(a, n)}
        for name, one in zip("apn", np.eye(3), strict=True):
            # Far above its kink the loss is smooth; on it, and below, nothing turns.
            up, down = (loss(np.array(angles) + h * one, margin + 9) for h in (1e-3, -1e-3))
            found[f"turn.{name}"] = (down - up) / np.radians(2e-3) if found["loss"] > 1e-9 else 0.0
        return found

    return Made([[float(v) for v in degrees]] * 3 + [list(margins)], numbers)


def _triplet(to_positive: float, to_negative: float, margin: float) -> float:
    on_a_line = ([[0.0]], [[to_positive]], [[to_negative]])
    return float(reference.triplet_margin_loss(*map(np.array, on_a_line), margin=margin))
