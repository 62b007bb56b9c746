"""Inputs of the losses. Each maker takes how many numbers the predictions are to hold."""

from collections.abc import Callable
from math import isqrt

import torch

# Where the calls themselves cost most, within the caches, beyond them.
SIZES = {"small": 2**10, "cached": 2**18, "large": 2**22}

Inputs = tuple[torch.Tensor, ...]


def prediction(*shape: int) -> torch.Tensor:
    return torch.randn(shape).requires_grad_()


def leaf(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().requires_grad_()


def bits(*shape: int) -> torch.Tensor:
    return torch.randint(2, shape).float()


def signs(*shape: int) -> torch.Tensor:
    return 2 * bits(*shape) - 1


def indices(classes: int, *shape: int) -> torch.Tensor:
    """Class indices; every class has its share."""
    return (torch.randperm(torch.Size(shape).numel()) % classes).reshape(shape)


def pairs(n: int) -> Inputs:
    """Predictions, and targets that none of them equals: at a corner of a loss every slope between is right."""
    input, away = prediction(n), torch.randn(n)
    return input, input.detach() + away + away.sign() / 16


def binary(n: int) -> Inputs:
    return prediction(n // 16, 16), bits(n // 16, 16)


def binary_probs(n: int) -> Inputs:
    return leaf(torch.rand(n) * 0.98 + 0.01), bits(n)


def classes(n: int) -> Inputs:
    return prediction(n // 64, 64), indices(64, n // 64)


def log_probs(n: int) -> Inputs:
    logits, target = classes(n)
    return leaf(logits.log_softmax(1)), target


def soft_classes(n: int) -> Inputs:
    return prediction(n // 64, 64), torch.randn(n // 64, 64).softmax(1)


def soft_log_probs(n: int) -> Inputs:
    logits, target = soft_classes(n)
    return leaf(logits.log_softmax(1)), target


def two_distributions(n: int) -> Inputs:
    return tuple(leaf(torch.randn(n // 64, 64).softmax(1)) for _ in range(2))


def margins(n: int) -> Inputs:
    return prediction(n), signs(n)


def distances(n: int) -> Inputs:
    return leaf(torch.rand(n) * 2), signs(n)


def similar(n: int) -> Inputs:
    return leaf(torch.rand(n) * 2), bits(n)


def rankings(n: int) -> Inputs:
    return prediction(n), prediction(n), signs(n)


def vectors(count: int) -> Callable[[int], Inputs]:
    """So many embeddings of length 128 for each sample."""
    return lambda n: tuple(prediction(n // 128, 128) for _ in range(count))


def batch(n: int) -> int:
    """How many samples are compared each with each: 32, 128 or 512, so that their triplets grow as n does."""
    return 2 ** ((n.bit_length() + 4) // 3)


def two_views(n: int) -> Inputs:
    return prediction(batch(n), 128), prediction(batch(n), 128)


def labelled(n: int) -> Inputs:
    """Embeddings of length 1, each class four times."""
    rows = batch(n)
    return leaf(torch.nn.functional.normalize(torch.randn(rows, 128))), indices(rows // 4, rows)


def images(n: int) -> Inputs:
    """Scores of 16 classes for the pixels of one image, and their classes."""
    side = isqrt(n // 16)
    return prediction(1, 16, side, side), indices(16, 1, side, side)


def masks(n: int) -> Inputs:
    """Scores of one class for the pixels of one image, and its mask. No two errors are equal: sorting is unique."""
    shape = (1, 1, isqrt(n), isqrt(n))
    sizes = (torch.randperm(n) + 0.5).reshape(shape) * (4 / n)
    return leaf(sizes * signs(*shape)), bits(*shape)


def boxes(n: int) -> Inputs:
    def some():
        corner, size = torch.rand(n // 4, 2), torch.rand(n // 4, 2) + 0.1
        return torch.cat([corner, corner + size], 1)

    return leaf(some()), some()


def gaussians(n: int) -> Inputs:
    return prediction(n // 64, 64), prediction(n // 64, 64)


def teacher(n: int) -> Inputs:
    return prediction(n // 64, 64), torch.randn(n // 64, 64)


def samples(n: int) -> Inputs:
    """A quarter of the usual, as sorting takes its time."""
    return prediction(n // 4), torch.randn(n // 4)


def plans(n: int) -> Inputs:
    """Two histograms and the cost of moving from each bin to each."""
    rows = batch(n)
    x, y = torch.rand(rows, 2), torch.rand(rows, 2)
    cost = (x[:, None] - y).square().sum(-1)
    return torch.rand(rows).softmax(0), torch.rand(rows).softmax(0), leaf(cost)


def features(n: int) -> Inputs:
    side = isqrt(n // 64)
    return prediction(1, 64, side, side), torch.randn(1, 64, side, side)
