"""Losses of log-odds z with their gradients in closed form, which take fewer passes over the data and keep less of it.

p = sigmoid(z), q = 1 - p, t is the target. Infinite logits count as large finite ones, for 0 times infinity is NaN.
"""

import torch
from torch import Tensor


def finite(tensor: Tensor) -> Tensor:
    """±inf as large finite numbers of which two can still be subtracted."""
    largest = torch.finfo(tensor.dtype).max / 2
    return torch.nn.functional.hardtanh(tensor, -largest, largest)  # clamp has the slower gradient


def softplus(z: Tensor) -> Tensor:
    """log(1 + exp(z)) = -log q."""
    return torch.nn.functional.softplus(z, threshold=40)  # above 20 float64 still sees more than z


class CrossEntropy(torch.autograd.Function):
    """-t log p - (1 - t) log q = log(1 + exp(z)) - t z."""

    generate_vmap_rule = True

    @staticmethod
    def forward(logits, target):
        z = finite(logits)
        return torch.addcmul(softplus(z), target, z, value=-1)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, gradient):
        logits, target = ctx.saved_tensors
        of_target = -logits * gradient if ctx.needs_input_grad[1] else None
        return (logits.sigmoid() - target) * gradient, of_target

    @staticmethod
    def jvp(ctx, logits_tangent, target_tangent):
        logits, target = ctx.saved_tensors
        return (logits.sigmoid() - target) * logits_tangent - logits * target_tangent


class Focal(torch.autograd.Function):
    """-a t q^γ log p - b (1 - t) p^γ log q, whose gradient is finite for any γ. `surprise` is -log q."""

    generate_vmap_rule = True

    @staticmethod
    def forward(logits, target, surprise, a, b, gamma):
        p = logits.sigmoid()
        q = 1 - p
        positive = q.pow_(gamma).mul_(_other(surprise, logits)).mul_(a)
        negative = p.pow_(gamma).mul_(surprise).mul_(b)
        return torch.lerp(negative, positive, target)

    @staticmethod
    def setup_context(ctx, inputs, output):
        logits, target, surprise, *ctx.options = inputs
        ctx.save_for_backward(logits, target, surprise)

    @staticmethod
    def backward(ctx, gradient):
        logits, target, surprise = ctx.saved_tensors
        a, b, gamma = ctx.options
        if torch.is_grad_enabled():  # to be differentiated again: what was kept is a constant
            surprise = softplus(finite(logits))
        p = logits.sigmoid()
        q = 1 - p
        other = _other(surprise, logits)
        fading = p**gamma, q**gamma
        of_target = None
        if ctx.needs_input_grad[1]:
            of_target = (a * fading[1] * other - b * fading[0] * surprise) * gradient
        positive = fading[1].mul_((p * other).mul_(gamma).add_(q)).mul_(-a)
        negative = fading[0].mul_((q * surprise).mul_(gamma).add_(p)).mul_(b)
        return torch.lerp(negative, positive, target) * gradient, of_target, None, None, None, None


def _other(surprise, logits):
    """-log p from -log q; exactly, it is never negative."""
    return torch.nn.functional.hardtanh(surprise - logits, 0, torch.finfo(logits.dtype).max / 2)
