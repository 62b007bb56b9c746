"""Tasks on losses of boxes."""

from __future__ import annotations

import math

import numpy as np
import torch

from losslib import functional as F
from losslib import reference as R
from losslib.checks import task
from losslib.checks.answers import Answer, require
from losslib.checks.calls import Call
from losslib.checks.measured import refinement
from losslib.checks.pictures import anchor_boxes, coin_boxes
from losslib.locales import tr


@task("detection_iou_value")
def iou_value(answer: Answer, draw: np.random.Generator) -> None:
    """Boxes that overlap: `box_iou(found, truth)`, corners and COCO's x, y, w, h, (N, 4) -> (N,), in NumPy."""
    hint = tr("found holds corners x1, y1, x2, y2; truth holds a corner and a size, x, y, w, h.")
    _check_iou(answer, np.array([0.0, 0, 2, 2]), np.array([1.0, 0, 3, 2]), hint)
    for n in (5, 100):
        found = _boxes(draw, n)
        truth = found + 0.2 * draw.normal(size=(n, 4)).clip(-1, 1)
        _check_iou(answer, found, truth, hint)
    inside, outer = np.array([10.0, 10, 12, 13]), np.array([0.0, 0, 30, 20])
    _check_iou(answer, inside, outer, tr("One box may lie within the other."))
    _check_iou(answer, outer, outer, tr("The IoU of a box with itself is 1."))


@task("detection_iou_apart")
def iou_apart(answer: Answer, draw: np.random.Generator) -> None:
    """Boxes that do not overlap: `box_iou(found, truth)`, (N, 4) -> (N,), in NumPy."""
    hint = tr("Boxes apart share nothing, whichever way they lie from each other; the IoU is 0.")
    here = np.array([0.0, 0, 2, 1])
    for x, y in ((5, 0), (5, 4), (-9, -7), (0, -3)):
        _check_iou(answer, _moved(here, x, y), here, hint)
    around = [_moved(here, x, y) for x in (-9, 0, 9) for y in (-9, 0, 9) if x or y]
    _check_iou(answer, np.stack([here] * 8), np.stack(around), hint)
    _check_iou(answer, here, _moved(here, 2, 0), tr("Boxes that only touch share no area."))


@task("detection_iou_integers")
def iou_integers(answer: Answer, draw: np.random.Generator) -> None:
    """Coordinates in whole pixels, of small integer types: `box_iou(found, truth)`, (N, 4) -> (N,), in NumPy."""
    hint = tr("Areas and differences do not fit into the integers of the coordinates.")
    for kind, size in (("uint8", 100), ("uint16", 400), ("int16", 400)):
        low, high = draw.integers(0, 20, size=(2, 4, 2)), draw.integers(size, size + 20, size=(2, 4, 2))
        found, truth = np.concatenate([low, high], axis=-1)
        _check_iou(answer, found[0].astype(kind), truth[0].astype(kind), hint)
        _check_iou(answer, found.astype(kind), truth.astype(kind), hint)
        _check_iou(answer, np.array([1, 1, 5, 5], kind), np.array([50, 60, 70, 90], kind), hint)


@task("detection_iou_degenerate")
def iou_degenerate(answer: Answer, draw: np.random.Generator) -> None:
    """Boxes without area: `box_iou(found, truth)`, (N, 4) -> (N,), in NumPy."""
    hint = tr("Where neither box has an area, the IoU is 1 if they are equal and 0 if not.")
    point, line, box = np.array([[3.0, 3, 3, 3], [1, 2, 1, 8], [0, 0, 5, 5]])
    for found, truth in ((point, point), (point, point + 1), (point, line), (line, line), (line, _moved(line, 0, 1)),
                         (point, box), (box, line)):  # fmt: skip
        _check_iou(answer, found, truth, hint)
    found, truth = np.stack([point, box, line]), np.stack([point, box + 1, point])
    _check_iou(answer, found, truth, tr("A box without area must not spoil the others."))


def _boxes(draw: np.random.Generator, n: int) -> np.ndarray:
    """Corners (n, 4) of boxes that overlap with each other."""
    return np.concatenate([draw.uniform(0, 5, (n, 2)), draw.uniform(6, 15, (n, 2))], axis=-1).round(1)


def _moved(box: np.ndarray, x: float, y: float) -> np.ndarray:
    return box + np.array([x, y, x, y])


def _check_iou(answer: Answer, found: np.ndarray, truth: np.ndarray, hint: str) -> None:
    """Both boxes as corners, (4,) or (N, 4); the second is handed over as COCO has it."""
    found, truth = np.atleast_2d(found, truth)
    exact = 1 - R.box_iou_loss(found.astype(float), truth.astype(float), reduction="none")
    sized = np.concatenate([truth[..., :2], truth[..., 2:] - truth[..., :2]], axis=-1)
    answer.returns(exact, found, sized, hint=hint)


@task("detection_giou_value")
def giou_value(answer: Answer, draw: np.random.Generator) -> None:
    """Near and far, one within the other: `giou(boxes1, boxes2)`, corners (N, 4) -> (N,), in NumPy."""
    hull = tr("From the IoU subtract the share of the hull that neither box covers.")
    unit = np.array([[0.0, 0, 1, 1]])
    answer.returns([-0.5], unit, _moved(unit, 3, 0), hint=hull)
    for n in (6, 60):
        one, other = _boxes(draw, n), _boxes(draw, n)
        for shift in (0, 4, -40):
            moved = _moved(other, shift, shift / 2)
            answer.returns(1 - R.giou_loss(one, moved, reduction="none"), one, moved, hint=hull)
    answer.returns([0.25], unit, 2 * unit, hint=tr("One box may lie within the other."))
    answer.returns([1.0], unit, unit, hint=tr("Equal boxes have the value 1."))


@task("detection_giou_range")
def giou_range(answer: Answer, draw: np.random.Generator) -> None:
    """Four pairs of boxes (4, 2, 4): near -1; overlapping, negative; no overlap, zero; two centres, GIoU = IoU."""
    pairs = answer.array(4, 2, 4)
    size = pairs[..., 2:] - pairs[..., :2]
    require((np.isfinite(pairs).all() and size > 0).all(), tr("A box needs x1 < x2 and y1 < y2."))
    first, second = pairs[:, 0], pairs[:, 1]
    iou = 1 - R.box_iou_loss(first, second, reduction="none")
    giou = 1 - R.giou_loss(first, second, reduction="none")
    centres = pairs[3].reshape(2, 2, 2).mean(1)
    wanted = (
        (giou[0] < -0.99, tr("The GIoU must be below -0.99.")),
        (iou[1] >= 0.1 and giou[1] < -0.01, tr("The IoU must be at least 0.1 and the GIoU below -0.01.")),
        (iou[2] == 0 and abs(giou[2]) < 1e-9, tr("The IoU must be 0 and the GIoU 0, too.")),
        (0.1 < iou[3] < 0.9 and np.isclose(giou[3], iou[3], atol=1e-9) and not np.allclose(*centres),
         tr("The IoU must lie between 0.1 and 0.9, the GIoU be equal to it, and the centres differ.")),
    )  # fmt: skip
    for n, (holds, condition) in enumerate(wanted):
        require(holds, tr("Pair {n} has IoU {iou} and GIoU {giou}.", n=n + 1, iou=f"{iou[n]:.4f}",
                          giou=f"{giou[n]:.4f}") + " " + condition)  # fmt: skip


@task("detection_gradient_overlap")
def gradient_overlap(answer: Answer, draw: np.random.Generator) -> None:
    """Boxes that overlap partly: `iou_gradient(box, target)`, corners (4,), (4,) -> (4,), in NumPy."""
    hint = tr("A side that runs outside the target changes the union only.")
    _check_gradient(answer, np.array([0.0, 0, 2, 2]), np.array([1.0, -1, 4, 1]), hint)
    for box, target in zip(_boxes(draw, 30), _boxes(draw, 30), strict=True):
        _check_gradient(answer, box, target + 0.05, hint)


@task("detection_gradient_cases")
def gradient_cases(answer: Answer, draw: np.random.Generator) -> None:
    """Apart, and one within the other: `iou_gradient(box, target)`, corners (4,), (4,) -> (4,), in NumPy."""
    (box,) = _boxes(draw, 1)
    for x, y in ((50, 0), (-30, 40), (0, -20)):
        _check_gradient(
            answer, _moved(box, x, y), box, tr("Without overlap the loss is 1, and its gradient is 0.")
        )
    for margin in ([-1, -2, 3, 4], [0.1, 0.3, -0.1, -0.2]):
        _check_gradient(answer, box, box + margin, tr("One box may lie within the other."))


def _check_gradient(answer: Answer, box: np.ndarray, target: np.ndarray, hint: str) -> None:
    free = torch.tensor(box, requires_grad=True)
    (slope,) = torch.autograd.grad(F.box_iou_loss(free, torch.tensor(target)), free)
    answer.returns(slope, box, target, hint=hint)


@task("detection_gradient_share")
def gradient_share(answer: Answer, draw: np.random.Generator) -> None:
    """The share of the pairs of an anchor and a coin for which the IoU loss has no gradient: `dead_share`."""
    anchors, coins = torch.broadcast_tensors(anchor_boxes()[:, None], coin_boxes()[None])
    expected = (F.box_iou_loss(anchors, coins, reduction="none") == 1).double().mean().item()
    got = answer.number()
    require(0 <= got <= 1, tr("Expected a share between 0 and 1, got {got}.", got=got))
    require(abs(got - expected) < 1e-3,
            tr("The share is not {got}. Count all pairs of an anchor and a coin.", got=round(got, 4)))  # fmt: skip


@task("detection_ciou_value")
def ciou_value(answer: Answer, draw: np.random.Generator) -> None:
    """One loss per pair: `ciou_loss(boxes1, boxes2)`, corners (N, 4) -> (N,), in PyTorch."""
    hint = tr("To the IoU loss add the squared distance over the squared diagonal of the hull, and α v.")
    for n in (1, 5, 100):
        one, other = _pairs(draw, n)
        expected = [_ciou(a, b) for a, b in zip(one.tolist(), other.tolist(), strict=True)]
        answer.returns(expected, one, other, rtol=1e-4, atol=1e-5, hint=hint)


@task("detection_ciou_gradient")
def ciou_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """α is a constant to the gradient: `ciou_loss(boxes1, boxes2)`, corners (N, 4) -> (N,), in PyTorch."""
    hint = tr("In the gradient α counts as a constant.")
    for n in (1, 5, 100):
        one, other = _pairs(draw, n)
        free = one.double().requires_grad_()
        loss = F.ciou_loss(free, other.double(), reduction="sum")
        (slope,) = torch.autograd.grad(loss, free)
        answer.has_gradient(slope, one, other, rtol=1e-3, atol=1e-5, hint=hint)


@task("detection_ciou_equal")
def ciou_equal(answer: Answer, draw: np.random.Generator) -> None:
    """Boxes that are equal already: `ciou_loss(boxes1, boxes2)`, corners (N, 4) -> (N,), in PyTorch."""
    one, other = _pairs(draw, 3)
    one[0] = other[0] = torch.tensor([1.0, 2.0, 5.0, 4.0])
    answer.returns([0.0], one[:1], one[:1], atol=1e-5, hint=tr("Equal boxes have loss 0, where α is 0/0."))
    gradient = answer.call(Call((one, other), wrt=0)).gradient
    require(gradient is not None and gradient.isfinite().all(),
            tr("A pair of equal boxes must leave the gradient finite: NaN would spoil every weight."))  # fmt: skip


def _pairs(draw: np.random.Generator, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pairs of boxes (n, 4), float32, a third of them apart."""
    one, other = _boxes(draw, n), _boxes(draw, n) + 0.05
    other[::3] += [12, 20, 12, 20]
    return torch.tensor(one, dtype=torch.float32), torch.tensor(other, dtype=torch.float32)


def _ciou(a: list[float], b: list[float]) -> float:
    shared = math.prod(max(0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    (w, h), (W, H) = ((box[2] - box[0], box[3] - box[1]) for box in (a, b))
    iou = shared / (w * h + W * H - shared)
    distance = math.dist((a[0] + a[2], a[1] + a[3]), (b[0] + b[2], b[1] + b[3])) / 2
    diagonal = math.hypot(*(max(a[i + 2], b[i + 2]) - min(a[i], b[i]) for i in (0, 1)))
    v = 4 / math.pi**2 * (math.atan(w / h) - math.atan(W / H)) ** 2
    return 1 - iou + (distance / diagonal) ** 2 + v**2 / (1 - iou + v)


@task("detection_refinement_measured")
def refinement_measured(answer: Answer, draw: np.random.Generator) -> None:
    """Mean IoU after the common correction, trained with four losses, (4,)."""
    for (name, expected), got in zip(refinement().items(), answer.array(len(refinement())), strict=True):
        require(abs(got - expected) < 4e-3,
                tr("{name}: the mean IoU is not {got}. Measure it after the last step, over all 23 boxes.",
                   name=name, got=round(got, 4)))  # fmt: skip


@task("detection_refinement_choice")
def refinement_choice(answer: Answer, draw: np.random.Generator) -> None:
    """The loss that gives the highest mean IoU."""
    best = max(refinement(), key=lambda name: refinement()[name])
    require(answer.word(*refinement()) == best, tr("Another loss gives a higher mean IoU."))
