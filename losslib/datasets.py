"""Real data that ships inside installed packages: nothing is downloaded."""

from typing import NamedTuple

import numpy as np


class Table(NamedTuple):
    """Features (N, D) in raw units, a target (N,), and the names of the D columns."""

    features: np.ndarray
    target: np.ndarray
    names: tuple[str, ...]

    def column(self, name: str) -> np.ndarray:
        """One feature by name, (N,)."""
        if name not in self.names:
            raise ValueError(f"column: expected one of {', '.join(self.names)}, got {name!r}")
        return self.features[:, self.names.index(name)]


class Stereo(NamedTuple):
    """Left and right picture (H, W, 3) in 0..1, and the true disparity (H, W) in pixels, NaN where it is unknown."""

    left: np.ndarray
    right: np.ndarray
    disparity: np.ndarray


class Segmentation(NamedTuple):
    """A grey picture (H, W) in 0..1, and the mask (H, W), bool, of what is to be found in it."""

    image: np.ndarray
    mask: np.ndarray


def diabetes() -> Table:
    """442 patients: ten measurements in their own units, and the progression of diabetes one year later (25 to 346).

    `age` in years, `sex` (1 or 2), `bmi` in kg/m², `bp` mean blood pressure in mmHg, `s1`..`s6` blood serum.
    Source: Efron, Hastie, Johnstone & Tibshirani (2004), doi:10.1214/009053604000000067, from scikit-learn.
    """
    from sklearn.datasets import load_diabetes

    raw = load_diabetes(scaled=False)
    return Table(raw.data.astype(np.float64), raw.target.astype(np.float64), tuple(raw.feature_names))


def motorcycle() -> Stereo:
    """A stereo pair, 500 x 741 pixels, with the disparity measured by structured light.

    Source: Scharstein et al. (2014), doi:10.1007/978-3-319-11752-2_3, from scikit-image.
    """
    from skimage.data import stereo_motorcycle

    left, right, disparity = stereo_motorcycle()
    disparity = np.where(np.isfinite(disparity), disparity, np.nan).astype(np.float64)
    return Stereo(left / 255.0, right / 255.0, disparity)


def microaneurysms() -> Segmentation:
    """Two microaneurysms, 36 and 16 of 102 x 102 pixels, in a picture of the retina; the vessels are as dark as they.

    The mask is made here: near the two lesions, what is darker than its surroundings by 0.06.
    Source of the picture: Budai et al. (2013), doi:10.1155/2013/154860, green channel, from scikit-image.
    """
    from skimage.data import microaneurysms as picture
    from skimage.draw import disk
    from skimage.morphology import black_tophat
    from skimage.morphology import disk as surroundings

    image = picture() / 255.0
    near = np.zeros(image.shape, dtype=bool)
    for centre in ((22, 16), (70, 48)):
        near[disk(centre, 6)] = True
    return Segmentation(image, near & (black_tophat(image, surroundings(6)) > 0.06))


def coins() -> Segmentation:
    """24 Greek coins from Pompeii, a third of 303 x 384 pixels.

    The mask is made here: a watershed of the edges, from what is surely bright and surely dark.
    Source of the picture: Brooklyn Museum, from scikit-image.
    """
    from scipy.ndimage import binary_fill_holes
    from skimage.data import coins as picture
    from skimage.filters import sobel
    from skimage.morphology import remove_small_objects
    from skimage.segmentation import watershed

    image = picture()
    markers = np.where(image > 150, 2, np.where(image < 30, 1, 0))
    mask = binary_fill_holes(watershed(sobel(image), markers) == 2)
    return Segmentation(image / 255.0, remove_small_objects(mask, max_size=100))


def cell() -> Segmentation:
    """One cell, 3 % of 660 x 550 pixels, by quantitative phase microscopy.

    The mask is made here: Otsu's threshold of the smoothed picture.
    Source of the picture: Müller et al. (2018), doi:10.1364/OE.26.010729, from scikit-image.
    """
    from skimage.data import cell as picture
    from skimage.filters import gaussian, threshold_otsu

    image = picture() / 255.0
    smooth = gaussian(image, 2)
    return Segmentation(image, smooth > threshold_otsu(smooth))


def split(features, target, *, fraction: float = 0.75, seed: int = 0):
    """Shuffle and split into training and validation parts: X_train, X_val, y_train, y_val.

    Raises ValueError when the lengths differ or `fraction` leaves one part empty.
    """
    features, target = np.asarray(features), np.asarray(target)
    if len(features) != len(target):
        raise ValueError(
            f"split: expected as many targets as rows, got {len(features)} rows and {len(target)} targets"
        )
    count = round(fraction * len(target))
    if not 0 < count < len(target):
        raise ValueError(f"split: expected 0 < fraction < 1 with both parts non-empty, got {fraction}")
    order = np.random.default_rng(seed).permutation(len(target))
    train, validation = order[:count], order[count:]
    return features[train], features[validation], target[train], target[validation]
