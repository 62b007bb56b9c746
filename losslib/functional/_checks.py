"""What every PyTorch loss asks of its tensors: only what can be asked without waiting for the device."""

import torch

from losslib._arguments import check_shape


def check_tensor(name, argument, value):
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{name}: expected {argument} to be a torch.Tensor, got {type(value).__name__}")


def check_pair(name, input, target):
    """Return prediction and target, computed with in float32 or wider, and the dtype to return the loss in.

    That dtype is the prediction's; a target of a wider floating-point type widens it, so a float16
    prediction against a float32 target, which is what autocast produces, gives a float32 loss.
    """
    check_tensor(name, "input", input)
    check_tensor(name, "target", target)
    if not input.is_floating_point():
        raise TypeError(f"{name}: expected input of a floating-point dtype, got {input.dtype}")
    if target.is_complex():
        raise TypeError(f"{name}: expected target of a real dtype, got {target.dtype}")
    check_shape(name, "target", input.shape, target.shape)
    dtype = torch.promote_types(input.dtype, target.dtype)
    wide = torch.promote_types(dtype, torch.float32)
    return input.to(wide), target.to(wide), dtype


def check_weight(name, weight, input):
    """Return the weights as a tensor like `input`, or None where none were given."""
    if weight is None:
        return None
    check_tensor(name, "weight", weight)
    check_shape(name, "weight", input.shape, weight.shape)
    return weight.to(input.dtype)
