"""The tasks on losses of masks: right answers of any make pass, wrong ones learn what is wrong."""

import numpy as np
import pytest
import torch
from scipy.special import expit
from torch.nn import functional as nnf

from losslib.checks import NotPassed, check


def soft_label_dice(p, t):
    total = np.abs(p).sum() + np.abs(t).sum()
    return np.abs(p - t).sum() / total if total else 0.0


def mean_iou(prediction, target, classes):
    table = np.bincount(classes * target.ravel() + prediction.ravel(), minlength=classes**2)
    table = table.reshape(classes, classes)
    union = table.sum(0) + table.sum(1) - np.diag(table)
    return np.mean(np.diag(table)[union > 0] / union[union > 0])


def pull_ratios(z, t, by_logit=True):
    p = expit(z)
    shared, S = (p * t).sum(), (p + t).sum()
    bce = np.where(t == 1, 1 - p, p) / t.size
    dice = np.where(t == 1, 2 * (S - shared), 2 * shared) / S**2 * (p * (1 - p) if by_logit else 1)
    return tuple(pull[t == 1].sum() / pull[t != 1].sum() for pull in (bce, dice))


def soft_dice(z, t, smooth):
    losses = []
    for p, mask in zip(expit(z), t, strict=True):
        sizes = p.sum() + mask.sum() + smooth
        losses.append((sizes - 2 * (p * mask).sum() - smooth) / sizes if sizes else 0)
    return losses


def dice_of(sigmoid=expit, above=1.0, below=1.0, axes=(1, 2)):
    def loss(z, t, smooth):
        p = sigmoid(z)
        return 1 - (2 * (p * t).sum(axes) + above * smooth) / ((p + t).sum(axes) + below * smooth)

    return loss


def dice_gradient(z, t, smooth, by_logit=True, mean=False):
    slopes = []
    for p, mask in zip(expit(z), t, strict=True):
        sizes = p.sum() + mask.sum() + smooth
        slope = (2 * (p * mask).sum() + smooth - 2 * mask * sizes) / sizes**2 if sizes else 0 * p
        slopes.append(slope * p * (1 - p) if by_logit else slope)
    return np.array(slopes) / (len(z) if mean else 1)


def one_dice(p, t, empty=1.0):
    return 2 * (p & t).sum() / (p.sum() + t.sum()) if p.any() or t.any() else empty


def dice_averages(prediction, target, empty=1.0):
    each = [one_dice(p, t, empty) for p, t in zip(prediction, target, strict=True)]
    return np.mean(each), one_dice(prediction, target, empty)


def tversky_of(every=False, by_image=False, late=False, counted="both"):
    """Over the pixels that count, image by image; the options make mistakes."""

    def loss(logits, target, alpha, beta):
        losses = [[]]
        for z, t in zip(logits, target, strict=True):
            kept = t != 255 if counted == "both" else t >= 0
            p, t = z[:, kept].softmax(0), t[kept] * (t[kept] != 255 if counted == "background" else 1)
            masks = torch.stack([t == c for c in range(len(z))]).float()
            present = torch.ones(len(z), dtype=bool) if every else masks.any(1)
            hits, size, claimed = (p * masks).sum(1), masks.sum(1), p.sum(1)
            below = hits + alpha * (claimed - hits) + beta * (size - hits)
            chosen = (hits / below)[present] if late else hits[present] / below[present]
            losses.append(1 - chosen)
        if by_image:
            return torch.stack([part.mean() for part in losses[1:]]).mean()
        found = torch.cat(losses[1:])
        return found.mean() if len(found) else 0 * logits.sum()

    return loss


def swapped(logits, target, alpha, beta):
    return tversky_of()(logits, target, beta, alpha)


def nothing_left(logits, target, alpha, beta):
    return tversky_of()(logits, target, alpha, beta) / (target != 255).any()


def mask_loss(z, t):
    z, t = z.to(torch.float64), t.to(torch.float64)
    both = torch.einsum("nhw,nhw->n", z.sigmoid(), t)
    return (1 - (2 * both + 1) / (z.sigmoid().sum((1, 2)) + t.sum((1, 2)) + 1)).sum() / len(z)


def mask_loss_of(activate=torch.sigmoid, above=1.0, dims=(1, 2)):
    def loss(z, t):
        p = activate(z)
        return (1 - (2 * (p * t).sum(dims) + above) / (p.sum(dims) + t.sum(dims) + 1)).mean()

    return loss


def hard(z):
    return (z > 0).to(z.dtype)


def lovasz_slopes(errors, mask):
    slopes, inside, union = np.zeros(len(errors)), mask.sum(), mask.sum()
    for i in np.argsort(errors)[::-1]:  # 1 - inside / union, the mask's pixels that are right over the union
        before = 1 - inside / union if union else 0
        inside, union = inside - mask[i], union + (1 - mask[i])
        slopes[i] = 1 - inside / union - before
    return slopes


def first_term_alone(errors, mask):
    worse = [(errors > e, errors >= e) for e in errors]
    return [w.sum() / max((w | (mask == 1)).sum(), 1) for _, w in worse]


COURSE = "segmentation_"
RIGHT = [
    ("soft_label_dice", soft_label_dice),
    ("mean_iou", mean_iou),
    ("pull_ratios", pull_ratios),
    (f"{COURSE}dice_value", soft_dice),
    (f"{COURSE}dice_gradient", dice_gradient),
    (f"{COURSE}averages_value", dice_averages),
    (f"{COURSE}averages_bounds", lambda m: np.array([1 / (2 / m - 1) if m else 0, m])),
    *((f"{COURSE}tversky_{part}", tversky_of()) for part in ("value", "ignored")),
    *((f"{COURSE}mend_{part}", mask_loss) for part in ("gradient", "empty", "half")),
    (f"{COURSE}lovasz_slopes", lovasz_slopes),
]


@pytest.mark.parametrize("salt", ["", "another"])
@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_written_in_another_way_passes(name, answer, salt):
    check(name, answer, salt=salt)


def masks(first, second, size=(18, 1)):
    """Truth and two predictions (2, 20), each given by how many pixels of the objects it finds."""
    return [[[1] * n + [0] * (20 - n) for n in found] for found in (size, first, second)]


MEASURED = [[0.115, 1], [0.962, 0.071], [0.75, 0.848], [0.846, 0.6875]]


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("averages_example", masks((9, 1), (18, 0))),
        ("averages_example", torch.tensor(masks((7, 1), (20, 0), size=(20, 1)), dtype=torch.bool)),
        ("screening_measured", [MEASURED]),
        ("screening_measured", [torch.tensor(MEASURED)]),
        ("screening_choice", ["tversky"]),
    ],
)
def test_right_numbers_and_words_pass(name, answers):
    check(COURSE + name, *answers)


def clipped(p, t):
    return 1 - 2 * np.minimum(p, t).sum() / (p + t).sum().clip(1e-300) if t.any() else 1.0


def over_all_classes(prediction, target, classes):
    pairs = [(prediction == c, target == c) for c in range(classes)]
    return np.mean([(a & b).sum() / max((a | b).sum(), 1) for a, b in pairs])


def over_target_classes(prediction, target, classes):
    pairs = [(prediction == c, target == c) for c in np.unique(target)]
    return np.mean([(a & b).sum() / (a | b).sum() for a, b in pairs])


CHAPTERS = [
    ("soft_label_dice", lambda p, t: 1 - 2 * (p * t).sum() / (p.sum() + t.sum()), "the smaller of p and t"),
    ("soft_label_dice", lambda p, t: 2 * np.minimum(p, t).sum() / (p.sum() + t.sum()), "the smaller of p and t"),
    ("soft_label_dice", lambda p, t: np.abs(p - t).sum() / (p.sum() + t.sum()), "Two empty masks match"),
    ("soft_label_dice", clipped, "Two empty masks match"),
    ("mean_iou", lambda p, t, n: (p == t).mean(), "one intersection and one union"),
    ("mean_iou", lambda p, t, n: (p == t).sum() / (2 * p.size - (p == t).sum()), "one intersection and one union"),
    ("mean_iou", over_all_classes, "neither the prediction nor the target has"),
    ("mean_iou", over_target_classes, "only the prediction has"),
    ("pull_ratios", lambda z, t: pull_ratios(z, t, by_logit=False), "with respect to the logits"),
    ("pull_ratios", lambda z, t: [1 / r for r in pull_ratios(z, t)], "expected"),
    ("pull_ratios", lambda z, t: [r * (t == 0).sum() / (t == 1).sum() for r in pull_ratios(z, t)], "expected"),
]  # fmt: skip
COURSEWORK = [
    ("dice_value", dice_of(axes=None), "returned the shape ()"),
    ("dice_value", dice_of(sigmoid=lambda z: z), "sums of its own"),
    ("dice_value", dice_of(above=0), "added above and below the line"),
    ("dice_value", dice_of(above=2), "added above and below the line"),
    ("dice_value", dice_of(), "0/0 is a loss of 0"),
    ("dice_value", dice_of(sigmoid=lambda z: np.exp(z) / (1 + np.exp(z))), "must not overflow"),
    ("dice_gradient", lambda z, t, s: dice_gradient(z, t, s, by_logit=False), "with respect to the logits"),
    ("dice_gradient", lambda z, t, s: dice_gradient(z, t, s, mean=True), "of the sum of the losses"),
    ("dice_gradient", lambda z, t, s: -dice_gradient(z, t, s), "expected"),
    ("dice_gradient", lambda z, t, s: dice_gradient(z, t, s) if s else np.nan * z, "expected"),
    ("averages_value", lambda p, t: dice_averages(p, t)[::-1], "First the mean"),
    ("averages_value", lambda p, t: dice_averages(p, t, empty=0.0), "Two empty masks match"),
    ("averages_value", lambda p, t: np.divide(dice_averages(p, t), 2 - np.array(dice_averages(p, t))), "expected"),
    ("averages_bounds", lambda m: [m / (2 - m), 1.0], "uneven scores raise"),
    ("averages_bounds", lambda m: [m, m / (2 - m)], "The first number is the least"),
    ("averages_bounds", lambda m: [m / 2, m], "expected"),
    ("tversky_value", swapped, "the price of false positives"),
    ("tversky_value", tversky_of(every=True), "a class that the image has"),
    ("tversky_value", tversky_of(by_image=True), "a class that the image has"),
    ("tversky_value", tversky_of(late=True), "divide only where it is present"),
    ("tversky_value", lambda z, t, a, b: tversky_of()(z.detach(), t, a, b), "No gradient flows"),
    ("tversky_ignored", tversky_of(counted="all"), "neither a hit, nor a false positive"),
    ("tversky_ignored", tversky_of(counted="background"), "neither a hit, nor a false positive"),
    ("tversky_ignored", nothing_left, "with nothing left the loss is 0"),
    ("tversky_ignored", lambda z, t, a, b: nnf.cross_entropy(z, t, ignore_index=255), "write it yourself"),
    ("mend_gradient", mask_loss_of(hard), "probabilities in the place of decisions"),
    ("mend_gradient", mask_loss_of(dims=(0, 1, 2)), "The mean over the images"),
    ("mend_gradient", mask_loss_of(lambda z: z), "probabilities in the place of decisions"),
    ("mend_empty", mask_loss_of(hard), "it still has a gradient"),
    ("mend_empty", mask_loss_of(above=0.0), "it still has a gradient"),
    ("mend_half", mask_loss_of(), "large sums need float32"),
    ("mend_half", lambda z, t: mask_loss_of()(z, t).float(), "large sums need float32"),
    ("lovasz_slopes", lambda e, t: np.sort(lovasz_slopes(e, t))[::-1], "in the order of the pixels"),
    ("lovasz_slopes", lambda e, t: e * lovasz_slopes(e, t), "expected"),
    ("lovasz_slopes", first_term_alone, "in the order of the pixels"),
    ("lovasz_slopes", lambda e, t: lovasz_slopes(e, t) * t.any(), "With an empty mask"),
    ("lovasz_slopes", lambda e, t: lovasz_slopes(e.clip(max=1), t), "An error may exceed 1."),
]  # fmt: skip
WRONG = CHAPTERS + [(COURSE + name, answer, message) for name, answer, message in COURSEWORK]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "answer", "message"), WRONG)
def test_a_wrong_answer_hears_what_is_wrong(name, answer, message):
    with pytest.raises(NotPassed) as refusal:
        check(name, answer)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        ("averages_example", masks((18, 0), (9, 1)), "first must lead by 0.2"),
        ("averages_example", masks((9, 1), (9, 0)), "second must lead by 0.2"),
        ("averages_example", masks((9, 1), (18, 0), size=(18, 0)), "Each of the two images"),
        ("averages_example", 2 * np.array(masks((9, 1), (18, 0))), "zeros and ones only"),
        ("averages_example", np.array(masks((9, 1), (18, 0)))[:, :, :10], "Expected the shape (2, 20)"),
        ("screening_measured", [np.array(MEASURED)[:, ::-1]], "bce: recall and precision are not"),
        ("screening_measured", [[*MEASURED[:3], [0.9, 0.5]]], "tversky: recall and precision are not"),
        ("screening_measured", [np.transpose(MEASURED)], "Expected the shape (4, 2)"),
        ("screening_choice", ["weighted"], "the one with the highest precision is another"),
        ("screening_choice", ["dice"], "the one with the highest precision is another"),
        ("screening_choice", ["Tversky"], "Expected one of 'bce'"),
    ],
)
def test_wrong_numbers_and_words_hear_what_is_wrong(name, answers, message):
    with pytest.raises(NotPassed) as refusal:
        check(COURSE + name, *answers)
    assert message in str(refusal.value)
