"""Masks and boxes."""

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.special import expit

from losslib import reference
from tests.site.truth.made import Made


def mask_overlap(image, target, shifts, sides, certainty, **look) -> Made:
    """The squares' areas by school geometry."""
    n = image**2
    sure, unsure = np.log(certainty), np.log(1 - certainty)

    def numbers(shift: float, side: float) -> dict[str, float]:
        width = max(0, min(target / 2, shift + side / 2) - max(-target / 2, shift - side / 2))
        both = width * min(target, side)
        extra, missing = side**2 - both, target**2 - both
        wrong = extra + missing
        total = certainty * side**2 + (1 - certainty) * (n - side**2) + target**2
        overlap = certainty * both + (1 - certainty) * missing
        dice, bce = 1 - 2 * overlap / total, -(wrong * unsure + (n - wrong) * sure) / n
        losses = {"Dice": dice, "IoU": 1 - overlap / (total - overlap), "BCE": bce, "BCE + Dice": bce + dice}
        found = {f"{name}.loss": value for name, value in losses.items()}
        counts = {"overlap": both, "false positives": extra, "false negatives": missing}
        return found | {f"{name}.pixels": value for name, value in counts.items()}

    return Made([[float(f"{v:.12g}") for v in grid] for grid in (shifts, sides)], numbers)


def gradient_maps(cells, sides, shifts, inside, outside, **look) -> Made:
    """Pixels of one kind have one gradient: their numbers times the formulas."""
    n = cells**2

    def numbers(side: float, shift: float) -> dict[str, float]:
        found = max(0, side - shift) * side
        kinds = {(1, inside): found, (1, outside): side**2 - found}
        kinds |= {(0, inside): side**2 - found, (0, outside): n - 2 * side**2 + found}
        overlap = sum(count * p for (t, p), count in kinds.items() if t)
        total = sum(count * p for (_, p), count in kinds.items()) + side**2
        bce = -sum(count * np.log(p if t else 1 - p) for (t, p), count in kinds.items()) / n
        pull = {"BCE": lambda t, p: abs(p - t) / n}
        pull["Dice"] = lambda t, p: 2 * abs(t * total - overlap) / total**2 * p * (1 - p)
        losses = {"BCE": bce, "Dice": 1 - 2 * overlap / total}
        shown = {f"{name}.loss": value for name, value in losses.items()}
        for name, of in pull.items():
            pulls = [sum(c * of(t, p) for (t, p), c in kinds.items() if t == kind) for kind in (1, 0)]
            shown |= {f"{name}.object": pulls[0], f"{name}.rest": pulls[1]}
            shown[f"{name}.share"] = 100 * pulls[0] / sum(pulls)
        return shown

    return Made([[float(f"{v:.12g}") for v in grid] for grid in (sides, shifts)], numbers)


def box_gradients(target, shapes, place_x, place_y, **look) -> Made:
    """Central differences of the NumPy losses; in the CIoU loss the weight of the aspect ratio stays as it is."""
    fixed = np.array([-target[0] / 2, -target[1] / 2, target[0] / 2, target[1] / 2])

    def aspect(box: np.ndarray) -> float:
        angles = [np.arctan2(b[2] - b[0], b[3] - b[1]) for b in (box, fixed)]
        return 4 / np.pi**2 * (angles[0] - angles[1]) ** 2

    def losses(start: np.ndarray) -> dict[str, Callable]:
        v = aspect(start)
        weight = v / (reference.box_iou_loss(start, fixed) + v) if v else 0.0
        plain = {name: getattr(reference, f"{name.lower()}_loss") for name in ("GIoU", "DIoU")}
        kept = {
            name: partial(lambda loss, box: float(loss(box, fixed)), loss) for name, loss in plain.items()
        }
        return {
            "IoU": lambda box: float(reference.box_iou_loss(box, fixed)),
            **kept,
            "CIoU": lambda box: kept["DIoU"](box) + weight * aspect(box),
        }

    def numbers(x: float, y: float, shape: str, chosen: str) -> dict[str, float]:
        width, height = shapes[shape]
        box = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
        found, h, distance = {}, 1e-6, np.hypot(x, y)
        for name, loss in losses(box).items():
            move = -np.array([loss(box + e) - loss(box - e) for e in h * np.eye(4)]) / (2 * h)
            centre = (move[:2] + move[2:]) / 2
            found[f"{name}.loss"] = loss(box)
            found[f"{name}.approach"] = -centre @ (x, y) / distance if distance else np.nan
            found[f"{name}.growth"] = move[2] - move[0] + move[3] - move[1]
        return found

    grids = [[float(f"{v:.12g}") for v in grid] for grid in (place_x, place_y)]
    return Made([*grids, list(shapes), ["IoU", "GIoU", "DIoU", "CIoU"]], numbers)


def combo_gradients(logits, mask, steps, weights, smooth, **look) -> Made:
    """The gradient of both terms by hand, added up over the object and over the background."""
    n, members = len(mask), {"object": np.asarray(mask) == 1, "background": np.asarray(mask) == 0}

    def numbers(alpha: float, step: float) -> dict[str, float]:
        p = expit(np.asarray(logits[list(steps).index(step)], float))
        total = p.sum() + np.sum(mask) + smooth
        overlap = (2 * np.sum(p * mask) + smooth) / total
        bce = alpha * np.abs(p - mask) / n
        dice = (1 - alpha) * p * (1 - p) * np.abs(overlap - 2 * mask) / total
        found = {}
        for name, group in members.items():
            terms = {"BCE": bce[group].sum(), "Dice": dice[group].sum()}
            whole = sum(terms.values())
            terms |= {"sum": whole, "share": 100 * terms["Dice"] / whole}
            found |= {f"{name}.{key}": value for key, value in terms.items()}
        return found

    return Made([[float(f"{v:.12g}") for v in weights], list(steps)], numbers)
