"""What every PyTorch loss asks of its tensors: only what can be asked without waiting for the device."""

from functools import reduce

import torch

from losslib._arguments import check_classes, check_not_negative, check_shape


def check_tensor(name, argument, value):
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{name}: expected {argument} to be a torch.Tensor, got {type(value).__name__}")


def check_floats(name, **arguments):
    """Return tensors of any shapes, computed with in float32 or wider, and the dtype to return the loss in.

    That dtype is the widest of theirs, so a float16 prediction beside a float32 one, which is what autocast
    produces, gives a float32 loss. A call names the arguments as their function does:
    `input, dtype = check_floats("hinge_loss", input=input)`.
    """
    for argument, value in arguments.items():
        check_tensor(name, argument, value)
        if not value.is_floating_point():
            raise TypeError(f"{name}: expected {argument} of a floating-point dtype, got {value.dtype}")
    dtype = reduce(torch.promote_types, (value.dtype for value in arguments.values()))
    wide = torch.promote_types(dtype, torch.float32)
    return *(_as(value, wide) for value in arguments.values()), dtype


def check_alike(name, **arguments):
    """`check_floats` for tensors that must all have the first one's shape."""
    *tensors, dtype = check_floats(name, **arguments)
    for argument, value in zip(arguments, tensors, strict=True):
        check_shape(name, argument, tensors[0].shape, value.shape)
    return *tensors, dtype


def check_pair(name, input, target, argument="input"):
    """Return prediction and target of one shape, and the dtype to return the loss in.

    That dtype is the prediction's; a target of a wider floating-point type widens it. `argument` is what
    the function calls its prediction.
    """
    input, dtype = check_floats(name, **{argument: input})
    target, dtype = _target(name, target, dtype)
    check_shape(name, "target", input.shape, target.shape)
    return _as(input, target.dtype), target, dtype


def check_class_pair(name, input, target, argument="input"):
    """Return a prediction (N, C, *), its target, and the dtype to return the loss in.

    A target (N, *) of integers holds class indices and is returned as int64; one of the prediction's shape
    holds a number for each class, and is returned in a floating-point dtype. Whether indices are in range
    would make a GPU wait; the reference checks it.
    """
    input, dtype = check_floats(name, **{argument: input})
    check_tensor(name, "target", target)
    if not check_classes(name, argument, input.shape, target.shape):
        target, dtype = _target(name, target, dtype)
        return _as(input, target.dtype), target, dtype
    if target.is_floating_point() or target.is_complex() or target.dtype == torch.bool:
        raise TypeError(f"{name}: expected class indices of an integer dtype, got {target.dtype}")
    return input, target.long(), dtype


def check_weight(name, weight, input, argument="weight"):
    """Return the weights as a tensor like `input`, or None where none were given."""
    if weight is None:
        return None
    check_tensor(name, argument, weight)
    if weight.is_complex():
        raise TypeError(f"{name}: expected {argument} of a real dtype, got {weight.dtype}")
    check_shape(name, argument, input.shape, weight.shape)
    return weight.to(input.dtype)


def check_class_weight(name, weight, logits, argument="weight"):
    """Return a weight for each class of (N, C, *) as a tensor like `logits`, or None where none were given."""
    if weight is None:
        return None
    check_tensor(name, argument, weight)
    check_shape(name, argument, logits.shape[1:2], weight.shape)
    return weight.to(logits.dtype)


def check_pos_weight(name, pos_weight, logits):
    """Return a weight for all, for each class or for each element, in a shape that broadcasts as is meant."""
    if pos_weight is None:
        return None
    if not isinstance(pos_weight, torch.Tensor):
        check_not_negative(name, "pos_weight", pos_weight)
        return logits.new_full((), pos_weight)
    if pos_weight.dim() == 0:
        return pos_weight.to(logits.dtype)
    if logits.dim() > 1 and pos_weight.shape == logits.shape[1:2]:
        return along_classes(pos_weight.to(logits.dtype), logits)
    return check_weight(name, pos_weight, logits, "pos_weight")


def along_classes(weight, like):
    """Weights (C,) in a shape that broadcasts along axis 1 of (N, C, *)."""
    return weight.reshape(-1, *[1] * (like.dim() - 2))


def _target(name, target, dtype):
    check_tensor(name, "target", target)
    if target.is_complex():
        raise TypeError(f"{name}: expected target of a real dtype, got {target.dtype}")
    if target.is_floating_point():
        dtype = torch.promote_types(dtype, target.dtype)
    return _as(target, torch.promote_types(dtype, torch.float32)), dtype


def _as(tensor, dtype):
    """Most often nothing is to be done, and a look at the dtype is cheaper than a call."""
    return tensor if tensor.dtype == dtype else tensor.to(dtype)
