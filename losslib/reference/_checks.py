"""What every reference loss asks of its arrays."""

import numpy as np

from losslib._arguments import check_shape


def check_pair(name, input, target):
    """Return prediction and target, computed with in float32 or wider, and the dtype to return the loss in.

    That dtype is the prediction's; a target of a wider floating-point type widens it.
    """
    input, target = np.asarray(input), np.asarray(target)
    if input.dtype.kind != "f":
        raise TypeError(f"{name}: expected input of a floating-point dtype, got {input.dtype}")
    if target.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected target of a real dtype, got {target.dtype}")
    check_shape(name, "target", input.shape, target.shape)
    dtype = np.result_type(input, target) if target.dtype.kind == "f" else input.dtype
    wide = np.result_type(dtype, np.float32)
    return input.astype(wide), target.astype(wide), dtype


def check_weight(name, weight, input):
    """Return the weights as an array like `input`, or None where none were given."""
    if weight is None:
        return None
    weight = np.asarray(weight, dtype=input.dtype)
    check_shape(name, "weight", input.shape, weight.shape)
    if (weight < 0).any():
        raise ValueError(f"{name}: expected weight >= 0, got {weight.min()}")
    return weight
