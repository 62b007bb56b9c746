"""Tasks on losses of masks."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import expit

from losslib import functional as F
from losslib import reference as R
from losslib.checks import task
from losslib.checks.answers import Answer, require
from losslib.checks.measured import screening
from losslib.locales import tr

# Exercises of the chapters


@task("soft_label_dice")
def soft_label_dice(answer: Answer, draw: np.random.Generator) -> None:
    """The Dice loss with the smaller of p and t as the overlap: `soft_label_dice(p, t)`, in NumPy."""
    shared = tr("At every pixel the overlap is the smaller of p and t.")
    for shape in ((2,), (3, 4), (30, 20)):
        p, t = draw.uniform(size=(2, *shape)).round(2)
        overlap = sum(min(a, b) for a, b in zip(p.flat, t.flat, strict=True))
        answer.returns(1 - 2 * overlap / (p.sum() + t.sum()), p, t, hint=shared)
        answer.returns(0.0, p, p, hint=tr("A map that equals its target has loss 0, soft or not."))
    p, t = draw.uniform(size=50), (draw.uniform(size=50) < 0.3).astype(float)
    expected = R.dice_loss(p.reshape(1, 1, 50), t.reshape(1, 1, 50))
    answer.returns(expected, p, t, hint=tr("For hard masks it is the usual Dice loss."))
    nothing = np.zeros((2, 2))
    answer.returns(0.0, nothing, nothing, hint=tr("Two empty masks match: the loss is 0."))
    answer.returns(1.0, nothing + 0.1, nothing, hint=tr("Without overlap the loss is 1."))


@task("mean_iou")
def mean_iou(answer: Answer, draw: np.random.Generator) -> None:
    """The mean IoU of the classes that occur: `mean_iou(prediction, target, classes)`, in NumPy."""
    every = tr("Each class has one intersection and one union; the mean is over the classes.")
    answer.returns(7 / 12, np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2, hint=every)
    for shape, classes in (((3, 5), 2), ((2, 8, 8), 4), ((4, 20, 30), 10)):
        prediction, target = draw.integers(classes, size=(2, *shape))
        prediction = np.where(draw.uniform(size=shape) < 0.6, target, prediction)
        answer.returns(_mean_iou(prediction, target, classes), prediction, target, classes, hint=every)
    absent = tr("A class that neither the prediction nor the target has does not count.")
    answer.returns(1.0, np.array([0, 2, 2]), np.array([0, 2, 2]), 4, hint=absent)
    alone = tr("A class that only the prediction has, or only the target, has the IoU 0.")
    prediction, target = np.array([0, 0, 2, 1]), np.array([0, 0, 0, 0])
    answer.returns(1 / 6, prediction, target, 5, hint=alone)
    answer.returns(1 / 6, target, prediction, 5, hint=alone)


def _mean_iou(prediction: np.ndarray, target: np.ndarray, classes: int) -> float:
    pairs = [(prediction == c, target == c) for c in range(classes)]
    return float(np.mean([(a & b).sum() / (a | b).sum() for a, b in pairs if (a | b).any()]))


@task("pull_ratios")
def pull_ratios(answer: Answer, draw: np.random.Generator) -> None:
    """The object's pull over the rest's, under BCE and under Dice: `pull_ratios(z, t)`, in NumPy."""
    hint = tr("Add up the sizes of the gradients with respect to the logits, not to the probabilities.")
    cases = [(np.array([0.0, 2.0]), np.array([1.0, 0.0]))]
    for shape, share in (((2, 3), 0.5), ((40, 50), 0.02)):
        t = (draw.uniform(size=shape) < share).astype(float)
        t.flat[:2] = 0, 1
        cases.append((draw.normal(scale=3, size=shape).round(1), t))
    for z, t in cases:
        free, mask = torch.tensor(z, requires_grad=True), torch.tensor(t)
        bce = F.binary_cross_entropy_with_logits(free, mask)
        dice = F.dice_loss(free[None, None], mask[None, None], activation="sigmoid")
        pulls = [torch.autograd.grad(loss, free)[0].abs() for loss in (bce, dice)]
        answer.returns([(g[mask == 1].sum() / g[mask == 0].sum()).item() for g in pulls], z, t, hint=hint)


# Coursework


@task("segmentation_dice_value")
def dice_value(answer: Answer, draw: np.random.Generator) -> None:
    """One loss per image, from logits: `soft_dice(z, t, smooth)`, (N, H, W) -> (N,), in NumPy."""
    each = tr("Every image has sums of its own, and smooth is added above and below the line.")
    for z, t, smooth, hint in _images(draw, each):
        expected = R.dice_loss(expit(z)[:, None], t[:, None], smooth=smooth, reduction="none")[:, 0]
        answer.returns(expected, z, t, smooth, hint=hint)


@task("segmentation_dice_gradient")
def dice_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """The gradient of the sum of the losses: `soft_dice_gradient(z, t, smooth)`, (N, H, W), in NumPy."""
    logits = tr("It is the gradient of the sum of the losses, with respect to the logits.")
    for z, t, smooth, hint in _images(draw, logits):
        free, mask = torch.tensor(z, requires_grad=True), torch.tensor(t)
        loss = F.dice_loss(free[:, None], mask[:, None], activation="sigmoid", smooth=smooth, reduction="sum")
        answer.returns(torch.autograd.grad(loss, free)[0], z, t, smooth, hint=hint)


def _images(draw: np.random.Generator, hint: str) -> list[tuple[np.ndarray, np.ndarray, float, str]]:
    """Logits, masks, smooth, and a hint: from tiny to large, then what is special."""
    cases = [(np.array([[[0.0, 2.0]]]), np.array([[[1.0, 0.0]]]), 1.0, hint)]
    for shape, smooth in (((2, 1, 3), 0.0), ((3, 4, 5), 10.0), ((8, 30, 20), 1e-3)):
        t = (draw.uniform(size=shape) < 0.2).astype(float)
        t[:, 0, 0] = 1
        cases.append((draw.normal(scale=2, size=shape).round(1), t, smooth, hint))
    z, empty = draw.normal(size=(2, 3, 3)).round(1), np.zeros((2, 3, 3))
    cases.append((z, empty, 1.0, tr("An empty mask has no overlap; with smooth it still has a gradient.")))
    alarm = tr("Without smooth, a false alarm in an empty image has loss 1 and no gradient.")
    cases.append((z, empty, 0.0, alarm))
    # nothing said and nothing there; all missed; all found
    t = np.array([[[0.0, 0.0]], [[1.0, 1.0]], [[1.0, 0.0]]])
    z = 1e4 * np.array([[[-1.0, -1.0]], [[-1.0, -1.0]], [[1.0, -1.0]]])
    cases.append((z, t, 0.0, tr("Large logits must not overflow; 0/0 is a loss of 0 with no gradient.")))
    return cases


@task("segmentation_averages_value")
def averages_value(answer: Answer, draw: np.random.Generator) -> None:
    """The mean Dice per image, and the Dice of all pixels: `dice_averages(prediction, target)`, in NumPy."""
    hint = tr("First the mean of the images' coefficients, then the coefficient of all pixels together.")
    for shape in ((2, 1, 2), (3, 4, 4), (10, 20, 30)):
        target = draw.uniform(size=shape) < draw.uniform(0.05, 0.6, size=(shape[0], 1, 1))
        prediction = target ^ (draw.uniform(size=shape) < 0.2)
        target[:, 0, 0] = True
        answer.returns(_dice_averages(prediction, target), prediction, target, hint=hint)
    prediction, target = np.array([[[[0, 0, 0]], [[1, 1, 0]]], [[[0, 0, 0]], [[0, 1, 1]]]], dtype=bool)
    match = tr("Two empty masks match: the coefficient is 1.")
    answer.returns([0.75, 0.5], prediction, target, hint=match)
    answer.returns([1.0, 1.0], np.zeros_like(target), np.zeros_like(target), hint=match)


def _dice_averages(prediction: np.ndarray, target: np.ndarray) -> list[float]:
    each = 1 - R.dice_loss(prediction[:, None].astype(float), target[:, None].astype(float), reduction="none")
    pooled = 1 - R.dice_loss(prediction[None, None].astype(float), target[None, None].astype(float))
    return [float(np.mean(each)), float(pooled)]


@task("segmentation_averages_example")
def averages_example(truth: Answer, first: Answer, second: Answer, draw: np.random.Generator) -> None:
    """Masks (2, 20): per image `first` leads by 0.2, in total `second` leads by 0.2: `truth, first, second`."""
    masks = [answer.array(2, 20) for answer in (truth, first, second)]
    require(np.isin(masks, (0, 1)).all(), tr("A mask has zeros and ones only."))
    require(masks[0].any(1).all(), tr("Each of the two images must have an object."))
    (each_first, pooled_first), (each_second, pooled_second) = (
        _dice_averages(mask[:, None], masks[0][:, None]) for mask in masks[1:]
    )
    require(each_first >= each_second + 0.2 - 1e-9,
            tr("Per image, the mean Dice of first and second is {scores}; first must lead by 0.2.",
               scores=f"{each_first:.3f} : {each_second:.3f}"))  # fmt: skip
    require(pooled_second >= pooled_first + 0.2 - 1e-9,
            tr("Over all pixels, the Dice of first and second is {scores}; second must lead by 0.2.",
               scores=f"{pooled_first:.3f} : {pooled_second:.3f}"))  # fmt: skip


@task("segmentation_averages_bounds")
def averages_bounds(answer: Answer, draw: np.random.Generator) -> None:
    """The least and the greatest mean IoU that a mean Dice allows: `iou_bounds(mean_dice)`."""
    least = tr("The first number is the least mean IoU; uneven scores raise the mean IoU.")
    answer.returns([2 / 3, 0.8], 0.8, hint=least)
    for mean in (*draw.uniform(size=5), 0.0, 1.0):
        # IoU is a convex function of Dice: equal scores give the least mean, scores of 0 and 1 the greatest
        answer.returns([mean / (2 - mean), mean], float(mean), hint=least)


@task("segmentation_tversky_value")
def tversky_value(answer: Answer, draw: np.random.Generator) -> None:
    """The mean over the classes present: `tversky_loss(logits, target, alpha, beta)`, in PyTorch."""
    prices = tr("alpha is the price of false positives, beta that of misses.")
    present = tr("The mean is over the pairs of an image and a class that the image has.")
    for shape, alpha, beta in (((1, 2, 1, 2), 0.3, 0.7), ((2, 2, 1, 3), 1.0, 0.25), ((4, 5, 6, 7), 0.1, 0.9)):
        logits, target = _scene(draw, shape)
        _check_tversky(answer, logits, target, alpha, beta, prices)
        target[0] = 0
        _check_tversky(answer, logits, target, alpha, beta, present)
    logits = 1e4 * torch.tensor([[[[1.0, -1.0]], [[-1.0, 1.0]], [[0.0, 0.0]]]])
    target = torch.tensor([[[0, 0]]])
    _check_tversky(
        answer,
        logits,
        target,
        0.3,
        0.7,
        tr("A class that the image lacks may have sums of 0: divide only where it is present."),
    )


@task("segmentation_tversky_ignored")
def tversky_ignored(answer: Answer, draw: np.random.Generator) -> None:
    """Pixels of the class 255 do not count: `tversky_loss(logits, target, alpha, beta)`, in PyTorch."""
    hint = tr("An ignored pixel is neither a hit, nor a false positive, nor a miss, and has no gradient.")
    for shape in ((1, 2, 1, 3), (2, 3, 4, 4), (5, 4, 9, 8)):
        logits, target = _scene(draw, shape)
        target[torch.tensor(draw.uniform(size=target.shape) < 0.3)] = 255
        target[:, 0, 0] = 255
        target[:, -1, -1] = 0
        _check_tversky(answer, logits, target, 0.3, 0.7, hint)
        target[0] = 255
        _check_tversky(answer, logits, target, 0.3, 0.7,
                       tr("A wholly ignored image adds nothing; with nothing left the loss is 0."))  # fmt: skip


def _scene(draw: np.random.Generator, shape: tuple[int, int, int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (N, C, H, W) and class indices (N, H, W)."""
    target = torch.tensor(draw.integers(shape[1], size=(shape[0], *shape[2:])))
    return torch.tensor(draw.normal(scale=2, size=shape).round(1), dtype=torch.float32), target


def _check_tversky(
    answer: Answer, logits: torch.Tensor, target: torch.Tensor, alpha: float, beta: float, hint: str
) -> None:
    exact = logits.double().requires_grad_()
    losses: list[torch.Tensor] = []
    for z, t in zip(exact, target, strict=True):
        kept = t != 255
        by_class = F.tversky_loss(
            z[None, :, kept], t[None, kept], alpha=alpha, beta=beta, activation="softmax", reduction="none"
        )
        losses += by_class[0][t[kept].unique()]
    loss = torch.stack(losses).mean() if losses else 0 * exact.sum()
    (slope,) = torch.autograd.grad(loss, exact)
    answer.returns(loss, logits, target, alpha, beta, rtol=1e-4, atol=1e-6, hint=hint)
    answer.has_gradient(slope, logits, target, alpha, beta, rtol=1e-3, atol=1e-6, hint=hint)


@task("segmentation_mend_gradient")
def mend_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """Probabilities, image by image: `mask_loss(logits, target)`, (N, H, W) -> (), in PyTorch."""
    hint = tr("The mean over the images of the soft Dice loss, with probabilities in the place of decisions.")
    for shape in ((1, 1, 2), (2, 1, 3), (6, 10, 12)):
        z = torch.tensor(draw.normal(scale=2, size=shape).round(1), dtype=torch.float32)
        t = torch.tensor(draw.uniform(size=shape) < draw.uniform(0.1, 0.6, size=(shape[0], 1, 1))).float()
        t[:, 0, 0] = 1
        _check_mask_loss(answer, z, t, hint)


@task("segmentation_mend_empty")
def mend_empty(answer: Answer, draw: np.random.Generator) -> None:
    """Images without an object: `mask_loss(logits, target)`, (N, H, W) -> (), in PyTorch."""
    hint = tr("An empty mask has no overlap; with smooth it still has a gradient.")
    for shape in ((1, 1, 2), (3, 5, 5)):
        z = torch.tensor(draw.normal(size=shape).round(1), dtype=torch.float32)
        _check_mask_loss(answer, z, torch.zeros(shape), hint)
    quiet = torch.full((2, 4, 4), -20.0)
    match = tr("Two empty masks match: the loss is 0.")
    answer.returns(0.0, quiet, torch.zeros(2, 4, 4), atol=1e-5, hint=match)


@task("segmentation_mend_half")
def mend_half(answer: Answer, draw: np.random.Generator) -> None:
    """Large images in float16: `mask_loss(logits, target)`, (N, H, W) -> (), in PyTorch."""
    hint = tr("The largest number in float16 is 65 504; large sums need float32.")
    for side in (40, 280):
        z = torch.tensor(draw.uniform(1, 3, size=(1, 300, 300))).half()
        t = torch.zeros_like(z)
        t[:, :side, :side] = 1
        _check_mask_loss(answer, z, t, hint, rtol=2e-3)


def _check_mask_loss(answer: Answer, z: torch.Tensor, t: torch.Tensor, hint: str, rtol: float = 1e-4) -> None:
    exact = z.double().requires_grad_()
    loss = F.dice_loss(exact[:, None], t.double()[:, None], activation="sigmoid", smooth=1.0)
    (slope,) = torch.autograd.grad(loss, exact)
    answer.has_gradient(slope, z, t, rtol=10 * rtol, atol=2e-7, hint=hint)
    answer.returns(loss, z, t, rtol=rtol, atol=1e-6, hint=hint)


@task("segmentation_lovasz_slopes")
def lovasz_slopes(answer: Answer, draw: np.random.Generator) -> None:
    """The slope of the Lovász extension at each pixel: `lovasz_slopes(errors, mask)`, (n,), in NumPy."""
    order = tr("The slopes stand in the order of the pixels, not of the sorted errors.")
    cases = [(np.array([0.1, 0.7, 0.4]), np.array([1, 0, 1]), order)]
    for n in (5, 60):
        cases.append((draw.permutation(n) / n, draw.integers(2, size=n), order))
        cases.append((3 * draw.uniform(size=n), draw.integers(2, size=n), tr("An error may exceed 1.")))
    cases.append((np.array([0.2, 0.9, 0.5]), np.zeros(3, dtype=int),
                  tr("With an empty mask the first wrong pixel costs all, further ones nothing.")))  # fmt: skip
    for errors, mask, hint in cases:
        slopes = [_jaccard_cost(errors >= e, mask) - _jaccard_cost(errors > e, mask) for e in errors]
        answer.returns(slopes, errors, mask, hint=hint)


def _jaccard_cost(wrong: np.ndarray, mask: np.ndarray) -> float:
    return wrong.sum() / np.logical_or(wrong, mask).sum() if wrong.any() else 0.0


@task("segmentation_screening_measured")
def screening_measured(answer: Answer, draw: np.random.Generator) -> None:
    """Recall and precision (4, 2) on the lesions, trained with BCE, weighted BCE, Dice and Tversky."""
    rows = answer.array(len(screening()), 2)
    for (name, expected), got in zip(screening().items(), rows, strict=True):
        require(np.allclose(got, expected, atol=0.03),
                tr("{name}: recall and precision are not {got}. Each row is for one loss, recall first.",
                   name=name, got=got.round(3).tolist()))  # fmt: skip


@task("segmentation_screening_choice")
def screening_choice(answer: Answer, draw: np.random.Generator) -> None:
    """The loss with the best precision among those with a recall of at least 0.8."""
    enough = {name: precision for name, (recall, precision) in screening().items() if recall >= 0.8}
    require(answer.word(*screening()) == max(enough, key=lambda name: enough[name]),
            tr("Of the losses with a recall of at least {recall}, the one with the highest precision is another.",
               recall=0.8))  # fmt: skip
