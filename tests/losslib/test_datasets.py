"""The real data: shapes, units, and that nothing is fetched."""

import socket

import numpy as np
import pytest
from skimage.measure import label
from skimage.morphology import dilation, disk

from losslib import datasets


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def refuse(*_):
        raise OSError("offline")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_diabetes_is_in_raw_units():
    data = datasets.diabetes()
    assert data.features.shape == (442, 10)
    assert data.target.shape == (442,)
    assert data.features.dtype == data.target.dtype == np.float64
    assert (data.target.min(), data.target.max()) == (25, 346)
    ranges = {"age": (19, 79), "sex": (1, 2), "bmi": (18, 42.2), "bp": (62, 133)}
    for name, (low, high) in ranges.items():
        assert (data.column(name).min(), data.column(name).max()) == (low, high)


def test_column_is_the_feature_of_that_name():
    data = datasets.diabetes()
    for i, name in enumerate(data.names):
        np.testing.assert_array_equal(data.column(name), data.features[:, i])


def test_unknown_column_lists_the_names():
    with pytest.raises(ValueError, match=r"^column: expected one of age, sex, bmi, .*, s6, got 'height'$"):
        datasets.diabetes().column("height")


def test_motorcycle_is_a_stereo_pair_whose_right_picture_is_the_left_one_shifted_by_the_disparity():
    left, right, disparity = datasets.motorcycle()
    assert left.shape == right.shape == (500, 741, 3)
    assert left.min() >= 0
    assert left.max() <= 1
    assert disparity.shape == (500, 741)
    known = np.isfinite(disparity)
    assert 0.9 < known.mean() < 1
    assert np.isnan(disparity[~known]).all()
    rows, columns = np.nonzero(known & (np.arange(741) >= np.nan_to_num(disparity)))
    shifted = right[rows, np.round(columns - disparity[rows, columns]).astype(int)]
    matched, unmatched = np.abs(left[rows, columns] - shifted), np.abs(left - right)[rows, columns]
    assert np.median(matched) < np.median(unmatched) / 3


@pytest.mark.parametrize(
    ("picture", "shape", "objects", "share"),
    [
        ("microaneurysms", (102, 102), 2, 0.005),
        ("coins", (303, 384), 24, 0.33),
        ("cell", (660, 550), 1, 0.032),
    ],
)
def test_masks_hold_the_objects_one_sees_in_the_picture(picture, shape, objects, share):
    image, mask = getattr(datasets, picture)()
    assert image.shape == mask.shape == shape
    assert image.dtype == np.float64
    assert mask.dtype == bool
    assert 0 <= image.min() < image.max() <= 1
    assert label(mask).max() == objects
    assert mask.mean() == pytest.approx(share, rel=0.05)
    around = dilation(mask, disk(6)) & ~dilation(mask, disk(1))
    darker = image[mask].mean() < image[around].mean()
    assert darker == (picture == "microaneurysms")


def test_split_keeps_rows_with_their_targets_and_loses_none():
    features, target = np.arange(20).reshape(10, 2), np.arange(0, 20, 2)
    X_train, X_val, y_train, y_val = datasets.split(features, target, fraction=0.7)
    assert (len(X_train), len(X_val), len(y_train), len(y_val)) == (7, 3, 7, 3)
    np.testing.assert_array_equal(X_train[:, 0], y_train)
    np.testing.assert_array_equal(X_val[:, 0], y_val)
    assert sorted([*y_train, *y_val]) == target.tolist()


def test_split_depends_on_its_seed_alone():
    features, target = np.arange(20).reshape(10, 2), np.arange(10)
    np.random.seed(1)
    first = datasets.split(features, target, seed=3)
    np.random.seed(2)
    again, other = datasets.split(features, target, seed=3), datasets.split(features, target, seed=4)
    np.testing.assert_array_equal(first[2], again[2])
    assert first[2].tolist() != other[2].tolist()


@pytest.mark.parametrize("fraction", [0, 1, 1.5, -0.2, 0.01])
def test_split_refuses_an_empty_part(fraction):
    with pytest.raises(ValueError, match=f"^split: expected 0 < fraction < 1 .*, got {fraction}$"):
        datasets.split(np.zeros((10, 2)), np.zeros(10), fraction=fraction)


def test_split_refuses_unequal_lengths():
    with pytest.raises(
        ValueError, match=r"^split: expected as many targets as rows, got 10 rows and 9 targets$"
    ):
        datasets.split(np.zeros((10, 2)), np.zeros(9))
