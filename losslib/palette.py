"""Which of the six colours, each with its own dash, stands for what: one loss looks alike in the whole book.

Losses that stand in one figure differ. Apart from that the colours return, family by family, and a loss under another
name keeps its colour: RankNet and InfoNCE are cross-entropies, margin ranking is a hinge. The numbers are places in
`plots.COLORS` and `plots.DASHES`; the two palest, 4 and 5, go to what is drawn least.
"""

from collections.abc import Iterable

from losslib.locales import phrase, tr

INK = None  # the text's own in explorers, grey in figures: the 0-1 loss, which nothing is trained with

# What stands beside losses. Data and levels to compare with have no colour.
TRUTH = 5
PREDICTION = 3
GRADIENT = 0
POSITIVE = 0
NEGATIVE = 4

LOSSES = {
    # regression
    "MSE": 0,
    "squared error": 0,
    "MAE": 1,
    "Huber": 2,
    "RMSE": 3,
    "log-cosh": 4,
    "pseudo-Huber": 3,
    "quantile": 2,
    # classification
    "0-1": INK,
    "0-1 loss": INK,
    "hinge": 3,
    phrase("focal"): 2,
    "BCE": 1,
    "log loss": 1,
    "logistic": 1,
    "cross-entropy": 1,
    "BCE, w": 3,
    "squared hinge": 4,
    "exponential": 5,
    # ranking
    "triplet": 0,
    "margin ranking": 3,
    "contrastive": 2,
    "RankNet": 1,
    "InfoNCE": 1,
    # segmentation and boxes
    "Dice": 0,
    "IoU": 2,
    "Jaccard": 2,
    "BCE + Dice": 4,
    "Lovász": 5,
    "GIoU": 3,
    "DIoU": 1,
    "CIoU": 0,
    # distributions and pictures
    "KL": 0,
    "KL(q": 1,
    "W₁": 2,
    "Wasserstein": 2,
    "WGAN": 2,
    "JS": 1,
    "GAN": 1,
    "WGAN-GP": 0,
    "perceptual": 4,
    "content loss": 0,
    "style loss": 1,
}


def color(label: str) -> int | None:
    """The colour of the loss that a label names, in English or in the reader's language.

    The longest name counts: "average of batch RMSE" is RMSE, not MSE.

    >>> color("focal, γ = 2")
    2
    """
    if not names_a_loss(label):
        raise ValueError(f"palette.color: expected a label with one of {', '.join(LOSSES)}, got {label!r}")
    return LOSSES[_names(label)[0]]


def colors(labels: Iterable[str]) -> dict[str, int | None]:
    """The colours of several labels; those that name no loss get what is free, in their order."""
    labels = list(labels)
    known = {label: color(label) for label in labels if names_a_loss(label)}
    free = (i for i in range(6) if i not in known.values())
    return {label: known[label] if label in known else next(free, 0) for label in labels}


def names_a_loss(label: str) -> bool:
    """Whether a label names a loss of the palette."""
    return bool(_names(label))


def _names(label: str) -> list[str]:
    """The losses whose name, in English or translated, is part of the label; the longest one first."""
    words = {word: name for name in LOSSES for word in (name, tr(name)) if word in label}
    return [words[word] for word in sorted(words, key=len, reverse=True)]
