"""One loss has one colour, by whatever label and in whatever language a figure names it."""

import pytest

from losslib import palette, plots
from losslib.locales import languages, tr, use_language

# What stands together in a figure or an explorer of the book, and must be told apart there.
TOGETHER = [
    ("MSE", "MAE", "Huber", "RMSE"),
    ("MSE", "MAE", "quantile"),
    ("Huber", "log-cosh", "pseudo-Huber"),
    ("BCE", "focal loss", "hinge loss", "squared error", "0-1 loss"),
    ("BCE", "BCE, w = 50", "focal, γ = 2"),
    ("0-1", "hinge", "squared hinge", "logistic", "exponential"),
    ("0-1", "log loss", "focal, γ = 2", "hinge", "squared hinge"),
    ("margin ranking", "triplet", "contrastive", "InfoNCE"),
    ("margin ranking", "RankNet", "0-1"),
    ("BCE", "Dice", "IoU", "BCE + Dice", "Lovász"),
    ("BCE", "Dice", "IoU", "BCE + Dice", "GIoU"),
    ("IoU", "GIoU", "DIoU", "CIoU"),
    ("KL", "JS", "Wasserstein", "perceptual"),
    ("GAN", "WGAN", "WGAN-GP"),
    ("best by KL(p‖q)", "best by KL(q‖p)"),
]


@pytest.mark.parametrize("labels", TOGETHER, ids=" ".join)
def test_losses_of_one_figure_differ(labels):
    assert len({palette.color(label) for label in labels}) == len(labels)


@pytest.mark.parametrize("name", palette.LOSSES)
def test_translated_label_has_the_colour_of_the_english_one(name):
    for language in languages():
        use_language(language)
        assert palette.color(tr(name)) == palette.LOSSES[name]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("average of batch RMSE", "RMSE"),
        ("MSE / 2", "MSE"),
        ("δ · MAE", "MAE"),
        ("squared error, rate × 4", "MSE"),
        ("BCE + Dice", "BCE + Dice"),
        ("exact W₁", "Wasserstein"),
        ("Jaccard", "IoU"),
    ],
)
def test_longest_name_in_a_label_counts(label, name):
    assert palette.color(label) == palette.LOSSES[name]


def test_phrase_with_a_value_is_found_in_every_language():
    for language in languages():
        use_language(language)
        assert palette.color(tr("focal, γ = {gamma}", gamma=2)) == palette.LOSSES["focal"]


def test_own_labels_take_what_is_free():
    assert palette.colors(["mine", "MSE", "yours", "0-1"]) == {"mine": 1, "MSE": 0, "yours": 2, "0-1": None}


def test_label_without_a_loss_is_an_error():
    with pytest.raises(ValueError, match=r"palette.color: expected a label with one of MSE, .*, got 'mine'"):
        palette.color("mine")


def test_look_is_a_colour_with_its_own_dash():
    mae = plots.look("MAE")
    assert mae == plots.look(1)
    assert (mae["color"], mae["linestyle"]) == (plots.COLORS[1], plots.DASHES[1])
    assert plots.look("0-1")["color"] not in plots.COLORS
    places = {color for color in palette.LOSSES.values() if color is not None}
    assert places == set(range(len(plots.COLORS)))


def test_a_line_with_a_dash_lies_on_a_solid_one():
    _, ax = plots.figure()
    dashed, solid = (ax.plot([0, 1], [0, 1], **plots.look(name))[0] for name in ("DIoU", "CIoU"))
    assert (dashed.get_linestyle(), solid.get_linestyle()) == ("--", "-")
    assert dashed.get_zorder() > solid.get_zorder()
