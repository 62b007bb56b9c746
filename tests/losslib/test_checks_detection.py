"""The tasks on losses of boxes: right answers of any make pass, wrong ones learn what is wrong."""

import numpy as np
import pytest
import torch

from losslib import reference as R
from losslib.checks import NotPassed, check


def box_iou_of(sized=True, clamped=True, widened=True, empty="equal"):
    """The IoU coordinate by coordinate; the options leave one of the mistakes in."""

    def box_iou(found, truth):
        x1, y1, x2, y2 = np.moveaxis(found.astype(float) if widened else found, -1, 0)
        X1, Y1, X2, Y2 = np.moveaxis(truth.astype(float) if widened else truth, -1, 0)
        if sized:
            X2, Y2 = X1 + X2, Y1 + Y2
        width, height = np.minimum(x2, X2) - np.maximum(x1, X1), np.minimum(y2, Y2) - np.maximum(y1, Y1)
        shared = width.clip(0) * height.clip(0) if clamped else width * height
        union = (x2 - x1) * (y2 - y1) + (X2 - X1) * (Y2 - Y1) - shared
        if empty is None:
            return shared / union
        equal = (x1 == X1) & (y1 == Y1) & (x2 == X2) & (y2 == Y2)
        where_empty = equal.astype(float) if empty == "equal" else np.full(equal.shape, empty)
        return np.divide(shared, union, out=where_empty, where=union != 0)

    return box_iou


def giou(boxes1, boxes2):
    corners = np.stack([boxes1, boxes2])
    low, high = corners[..., :2], corners[..., 2:]
    areas = (high - low).prod(-1).sum(0)
    shared = np.maximum(high.min(0) - low.max(0), 0).prod(-1)
    hull = (high.max(0) - low.min(0)).prod(-1)
    return shared / (areas - shared) - 1 + (areas - shared) / hull


def iou(box, target):
    return box_iou_of(sized=False)(np.atleast_2d(box), np.atleast_2d(target))


def iou_gradient(box, target, step=1e-6):
    """By central differences."""
    steps = step * np.eye(4)
    return [(iou(box - s, target) - iou(box + s, target)).item() / (2 * step) for s in steps]


def outside_ignored(box, target):
    """As if every side ran inside the target."""
    held = np.clip(box, np.tile(target[:2], 2), np.tile(target[2:], 2))
    return np.array(iou_gradient(held, target))


def pulled_anyway(box, target):
    """The distance's sign where there is no overlap."""
    slope = np.array(iou_gradient(box, target))
    return slope if slope.any() else np.sign(box - target) * 0.1


def ciou_of(constant=True, eps=1e-9, squared=True, ratio=True):
    def ciou_loss(boxes1, boxes2):
        (x1, y1, x2, y2), (X1, Y1, X2, Y2) = boxes1.unbind(1), boxes2.unbind(1)
        w, h, W, H = x2 - x1, y2 - y1, X2 - X1, Y2 - Y1
        shared = (torch.min(x2, X2) - torch.max(x1, X1)).relu() * (
            torch.min(y2, Y2) - torch.max(y1, Y1)
        ).relu()
        missed = 1 - shared / (w * h + W * H - shared)
        rho = ((x1 + x2 - X1 - X2) ** 2 + (y1 + y2 - Y1 - Y2) ** 2) / 4
        c = (torch.max(x2, X2) - torch.min(x1, X1)) ** 2 + (torch.max(y2, Y2) - torch.min(y1, Y1)) ** 2
        distance = rho / c if squared else (rho / c).sqrt()
        v = 4 / torch.pi**2 * (torch.atan(w / h) - torch.atan(W / H)) ** 2
        alpha = v / (missed + v + eps)
        return missed + distance + (alpha.detach() if constant else alpha) * v * ratio

    return ciou_loss


COURSE = "detection_"
RIGHT = [
    *((f"iou_{part}", box_iou_of()) for part in ("value", "apart", "integers", "degenerate")),
    ("giou_value", giou),
    ("ciou_value", ciou_of()),
    ("ciou_gradient", ciou_of()),
    ("ciou_equal", ciou_of()),
]


@pytest.mark.parametrize("salt", ["", "another"])
@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_written_in_another_way_passes(name, answer, salt):
    check(COURSE + name, answer, salt=salt)


UNIT = [0, 0, 1, 1]
PAIRS = [
    [UNIT, [0, 300, 1, 301]],
    [[0, 0, 2, 2], [1, 1, 3, 3]],
    [[-2, 0, 0, 5], [0, 0, 7, 5]],
    [[0, 0, 3, 1], [1, 0, 5, 1]],
]
MEASURED = [0.681, 0.685, 0.777, 0.7824]


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("giou_range", [PAIRS]),
        ("giou_range", [torch.tensor([*PAIRS[:3], [[0, 0, 2, 2], UNIT]])]),
        ("gradient_share", [0.9059]),
        ("gradient_share", [torch.tensor(0.9059)]),
        ("refinement_measured", [MEASURED]),
        ("refinement_measured", [torch.tensor(MEASURED)]),
        ("refinement_choice", ["giou"]),
    ],
)
def test_right_numbers_and_words_pass(name, answers):
    check(COURSE + name, *answers)


@pytest.mark.parametrize("part", ["overlap", "cases"])
def test_a_gradient_by_formula_passes(part):
    def by_sides(box, target):
        low, high = np.maximum(box, target), np.minimum(box, target)
        width, height = high[2] - low[0], high[3] - low[1]
        if min(width, height) < 0:
            return [0.0] * 4
        (w, h), shared = box[2:] - box[:2], width * height
        union = w * h + (target[2:] - target[:2]).prod() - shared
        slopes = []
        for side, (across, along) in enumerate([(h, height), (w, width)] * 2):
            sign = 1 if side > 1 else -1
            moves = sign * along if sign * (target[side] - box[side]) > 0 else 0
            slopes.append(-(union * moves - shared * (sign * across - moves)) / union**2)
        return slopes

    check(f"{COURSE}gradient_{part}", by_sides)


WRONG = [
    ("iou_value", box_iou_of(sized=False), "truth holds a corner and a size"),
    ("iou_value", lambda a, b: 1 - box_iou_of()(a, b), "expected"),
    ("iou_value", lambda a, b: box_iou_of()(a, b).mean(), "returned the shape ()"),
    ("iou_apart", box_iou_of(clamped=False), "share nothing"),
    ("iou_apart", lambda a, b: np.abs(box_iou_of(clamped=False)(a, b)), "share nothing"),
    ("iou_integers", box_iou_of(widened=False), "do not fit into the integers"),
    ("iou_integers", lambda a, b: box_iou_of()(a.astype("int8"), b.astype("int8")), "do not fit into the integers"),
    ("iou_degenerate", box_iou_of(empty=None), "1 if they are equal and 0 if not"),
    ("iou_degenerate", box_iou_of(empty=0.0), "1 if they are equal and 0 if not"),
    ("iou_degenerate", box_iou_of(empty=1.0), "1 if they are equal and 0 if not"),
    ("giou_value", lambda a, b: 1 - giou(a, b), "From the IoU subtract"),
    ("giou_value", iou, "From the IoU subtract"),
    ("giou_value", lambda a, b: 1 - R.giou_loss(a, b, reduction="none"), "write it yourself"),
    ("gradient_overlap", lambda a, b: -np.array(iou_gradient(a, b)), "expected"),
    ("gradient_overlap", outside_ignored, "changes the union only"),
    ("gradient_cases", pulled_anyway, "Without overlap the loss is 1"),
    ("gradient_cases", lambda a, b: np.multiply(iou_gradient(a, b), a[0] < b[0]), "One box may lie within"),
    ("ciou_value", lambda a, b: ciou_of()(a, b).mean(), "returned the shape ()"),
    ("ciou_value", ciou_of(squared=False), "squared distance over the squared diagonal"),
    ("ciou_value", ciou_of(ratio=False), "and α v"),
    ("ciou_gradient", ciou_of(constant=False), "α counts as a constant"),
    ("ciou_gradient", lambda a, b: ciou_of()(a.detach(), b), "No gradient flows"),
    ("ciou_equal", ciou_of(eps=0), "where α is 0/0"),
    ("ciou_equal", lambda a, b: ciou_of(eps=0)(a, b).nan_to_num(), "must leave the gradient finite"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "answer", "message"), WRONG)
def test_a_wrong_answer_hears_what_is_wrong(name, answer, message):
    with pytest.raises(NotPassed) as refusal:
        check(COURSE + name, answer)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        ("giou_range", [[PAIRS[0], [[0, 0, 10, 10], [6, 6, 16, 16]], *PAIRS[2:]]], "Pair 2 has IoU 0.08"),
        ("giou_range", [[[UNIT, [3, 0, 4, 1]], *PAIRS[1:]]], "below -0.99"),
        ("giou_range", [[*PAIRS[:1], PAIRS[0], *PAIRS[2:]]], "The IoU must be at least 0.1"),
        ("giou_range", [[[[1, 0, 0, 1], UNIT], *PAIRS[1:]]], "A box needs x1 < x2"),
        ("giou_range", [[*PAIRS[:3], [[0, 0, 3, 3], [1, 1, 2, 2]]]], "the centres differ"),
        ("giou_range", [PAIRS[:2]], "Expected the shape (4, 2, 4)"),
        ("gradient_share", [0.0941], "The share is not 0.0941"),
        ("gradient_share", [90.59], "between 0 and 1"),
        ("refinement_measured", [[1 - v for v in MEASURED]], "mse: the mean IoU is not"),
        ("refinement_measured", [[*MEASURED[:2], 0.685, 0.782]], "sharp_l1: the mean IoU is not"),
        ("refinement_choice", ["smooth_l1"], "Another loss gives a higher mean IoU"),
        ("refinement_choice", ["GIoU"], "Expected one of 'mse'"),
    ],
)
def test_wrong_numbers_and_words_hear_what_is_wrong(name, answers, message):
    with pytest.raises(NotPassed) as refusal:
        check(COURSE + name, *answers)
    assert message in str(refusal.value)
