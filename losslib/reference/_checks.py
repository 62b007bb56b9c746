"""What every reference loss asks of its arrays."""

import numpy as np

from losslib._arguments import check_classes, check_not_negative, check_shape


def check_floats(name, **arguments):
    """Return arrays of any shapes, computed with in float32 or wider, and the dtype to return the loss in.

    That dtype is the widest of theirs. A call names the arguments as their function does:
    `input, dtype = check_floats("hinge_loss", input=input)`.
    """
    arrays = {argument: np.asarray(value) for argument, value in arguments.items()}
    for argument, array in arrays.items():
        if array.dtype.kind != "f":
            raise TypeError(f"{name}: expected {argument} of a floating-point dtype, got {array.dtype}")
    dtype = np.result_type(*arrays.values())
    wide = np.result_type(dtype, np.float32)
    return *(array.astype(wide) for array in arrays.values()), dtype


def check_alike(name, **arguments):
    """`check_floats` for arrays that must all have the first one's shape."""
    *arrays, dtype = check_floats(name, **arguments)
    for argument, array in zip(arguments, arrays, strict=True):
        check_shape(name, argument, arrays[0].shape, array.shape)
    return *arrays, dtype


def check_pair(name, input, target, argument="input"):
    """Return prediction and target of one shape, and the dtype to return the loss in.

    That dtype is the prediction's; a target of a wider floating-point type widens it. `argument` is what
    the function calls its prediction.
    """
    input, dtype = check_floats(name, **{argument: input})
    target, dtype = _target(name, target, dtype)
    check_shape(name, "target", input.shape, target.shape)
    return input.astype(target.dtype), target, dtype


def check_class_pair(name, input, target, argument="input", ignore_index=None):
    """Return a prediction (N, C, *), its target, and the dtype to return the loss in.

    A target (N, *) of integers holds class indices in 0, ..., C - 1, or `ignore_index`; one of the prediction's
    shape holds a number for each class, and is returned in a floating-point dtype.
    """
    input, dtype = check_floats(name, **{argument: input})
    target = np.asarray(target)
    if not check_classes(name, argument, input.shape, target.shape):
        target, dtype = _target(name, target, dtype)
        return input.astype(target.dtype), target, dtype
    if target.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected class indices of an integer dtype, got {target.dtype}")
    classes = input.shape[1]
    wrong = target[((target < 0) | (target >= classes)) & (target != ignore_index)]
    if wrong.size:
        raise ValueError(f"{name}: expected class indices from 0 to {classes - 1}, got {wrong.flat[0]}")
    return input, target, dtype


def check_weight(name, weight, input, argument="weight"):
    """Return the weights as an array like `input`, or None where none were given."""
    if weight is None:
        return None
    weight = np.asarray(weight)
    if weight.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected {argument} of a real dtype, got {weight.dtype}")
    check_shape(name, argument, input.shape, weight.shape)
    weight = weight.astype(input.dtype)
    if (weight < 0).any():
        raise ValueError(f"{name}: expected {argument} >= 0, got {weight.min()}")
    return weight


def check_class_weight(name, weight, input, argument="weight"):
    """A weight for each class, to multiply (N, C, *) with; ones where none were given."""
    ones = np.ones(input.shape[1], input.dtype)
    weight = ones if weight is None else check_weight(name, weight, ones, argument)
    return weight.reshape(-1, *[1] * (input.ndim - 2))


def check_pos_weight(name, pos_weight, logits):
    """A number, or a weight for each class or element, to multiply the target with."""
    shape = np.shape(pos_weight)
    if pos_weight is None:
        return 1
    if shape == ():
        check_not_negative(name, "pos_weight", pos_weight)
        return logits.dtype.type(pos_weight)
    if logits.ndim > 1 and shape == logits.shape[1:2]:
        return check_class_weight(name, pos_weight, logits, "pos_weight")
    return check_weight(name, pos_weight, logits, "pos_weight")


def _target(name, target, dtype):
    target = np.asarray(target)
    if target.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected target of a real dtype, got {target.dtype}")
    if target.dtype.kind == "f":
        dtype = np.result_type(dtype, target)
    return target.astype(np.result_type(dtype, np.float32)), dtype
