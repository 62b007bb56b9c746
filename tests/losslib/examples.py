"""A valid call of every function of the library, for the tests that hold all of them to the same conventions.

`EXAMPLES["cross_entropy, weighted"]` calls `cross_entropy`; what follows the comma says what is special about the
call. `arguments(seed)` draws the positional arguments anew for each seed. In an example floating-point arrays play
the part of anything real, so tests may change their dtype; integers are class indices or labels and stay integers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

from losslib import functional as F
from losslib import reference as R

Draw = Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class Example:
    """How to call a function, and which conventions its definition rules out, each with the reason."""

    draws: tuple[Draw, ...]
    options: dict[str, Any] = field(default_factory=dict)
    constant: tuple[str, ...] = ()  # floating-point arguments that no gradient flows to
    free: tuple[str, ...] = ()  # arguments whose shape nothing else has to match
    no_batch: str = ""  # why no argument has a first axis of samples that could be empty

    def arguments(self, seed: int = 0) -> list:
        generator = np.random.default_rng(seed)
        return [draw(generator) for draw in self.draws]


def example(*draws: Draw, **more) -> Example:
    return Example(draws, **more)


def normal(*shape: int) -> Draw:
    return lambda g: g.normal(size=shape)


def distances(*shape: int) -> Draw:
    return lambda g: g.uniform(0.1, 2, size=shape)


def probabilities(*shape: int) -> Draw:
    return lambda g: g.uniform(0.05, 0.95, size=shape)


def distribution(*shape: int, axis: int = -1) -> Draw:
    def draw(g):
        positive = g.uniform(0.1, 1, size=shape)
        return positive / positive.sum(axis, keepdims=True)

    return draw


def log_distribution(*shape: int, axis: int = -1) -> Draw:
    return lambda g: np.log(distribution(*shape, axis=axis)(g))


def zeros_and_ones(*shape: int) -> Draw:
    return lambda g: g.integers(2, size=shape).astype(float)


def signs(*shape: int) -> Draw:
    return lambda g: g.choice([-1.0, 1.0], size=shape)


def classes(*shape: int, below: int) -> Draw:
    return lambda g: g.integers(below, size=shape)


def labels(samples: int, below: int) -> Draw:
    """Every label equally often, so that every sample has others like it."""
    return lambda g: g.permutation(np.arange(samples) % below)


def corners(samples: int) -> Draw:
    def draw(g):
        low = g.uniform(0, 1, size=(samples, 2))
        return np.concatenate([low, low + g.uniform(0.5, 1, size=(samples, 2))], axis=1)

    return draw


def fixed(value: Any) -> Draw:
    return lambda g: value


RESIDUALS = normal(6, 3), normal(6, 3)
CLASS_SCORES = normal(6, 4), classes(6, below=4)
VECTORS = normal(6, 3)
MASKS = probabilities(2, 3, 4, 4), zeros_and_ones(2, 3, 4, 4)
BOXES = corners(6), corners(6)
TRANSPORT_PROBLEM = distribution(5), distribution(4), distances(5, 4)
NOT_SAMPLES = "its axes are places, and no distribution is over none"

REGRESSION = {
    "mse_loss": example(*RESIDUALS),
    "mse_loss, weighted": example(
        *RESIDUALS,
        options={"weight": np.linspace(0, 1, 18).reshape(6, 3)},
        no_batch="the weights are not empty",
    ),
    "rmse_loss": example(*RESIDUALS),
    "mae_loss": example(*RESIDUALS),
    "huber_loss": example(*RESIDUALS),
    "log_cosh_loss": example(*RESIDUALS),
    "quantile_loss": example(*RESIDUALS),
}
CLASSIFICATION = {
    "nll_loss": example(log_distribution(6, 4), classes(6, below=4)),
    "nll_loss, pixels": example(log_distribution(2, 4, 3, axis=1), classes(2, 3, below=4)),
    "binary_cross_entropy": example(probabilities(6, 3), zeros_and_ones(6, 3)),
    "binary_cross_entropy_with_logits": example(normal(6, 3), zeros_and_ones(6, 3)),
    "binary_cross_entropy_with_logits, weighted": example(
        normal(6, 3),
        zeros_and_ones(6, 3),
        options={"weight": np.linspace(0, 1, 18).reshape(6, 3), "pos_weight": np.array([1.0, 2.0, 3.0])},
        no_batch="the weights are not empty",
    ),
    "cross_entropy": example(*CLASS_SCORES),
    "cross_entropy, probabilities": example(normal(6, 4), distribution(6, 4)),
    "cross_entropy, weighted": example(
        *CLASS_SCORES, options={"weight": np.array([1.0, 2.0, 0.5, 1.0]), "label_smoothing": 0.1}
    ),
    "sigmoid_focal_loss": example(normal(6, 3), zeros_and_ones(6, 3), options={"alpha": 0.25}),
    "softmax_focal_loss": example(*CLASS_SCORES),
    "softmax_focal_loss, weighted": example(*CLASS_SCORES, options={"alpha": np.array([1.0, 2.0, 0.5, 1.0])}),
}
MARGIN = {
    "hinge_loss": example(normal(6, 3), signs(6, 3)),
    "squared_hinge_loss": example(normal(6, 3), signs(6, 3)),
    "multiclass_hinge_loss": example(*CLASS_SCORES),
    "hinge_embedding_loss": example(distances(6, 3), signs(6, 3), constant=("target",)),
    "margin_ranking_loss": example(normal(6), normal(6), signs(6)),
}
EMBEDDING = {
    "contrastive_loss": example(distances(6), zeros_and_ones(6)),
    "triplet_margin_loss": example(VECTORS, VECTORS, VECTORS),
    "triplet_margin_loss, swapped": example(VECTORS, VECTORS, VECTORS, options={"swap": True}),
    "triplet_semihard_loss": example(normal(9, 3), labels(9, below=3)),
    "triplet_hard_loss": example(normal(9, 3), labels(9, below=3)),
    "triplet_hard_loss, soft": example(normal(9, 3), labels(9, below=3), options={"soft": True}),
    "quadruplet_loss": example(VECTORS, VECTORS, VECTORS, VECTORS),
    "n_pairs_loss": example(VECTORS, VECTORS),
    "info_nce_loss": example(VECTORS, VECTORS),
    "nt_xent_loss": example(VECTORS, VECTORS),
}
SEGMENTATION = {
    "dice_loss": example(*MASKS),
    "dice_loss, classes": example(
        normal(2, 3, 4, 4), classes(2, 4, 4, below=3), options={"activation": "softmax", "smooth": 1.0}
    ),
    "generalized_dice_loss": example(*MASKS),
    "jaccard_loss": example(*MASKS),
    "tversky_loss": example(*MASKS, options={"alpha": 0.3, "beta": 0.7}),
    "combo_loss": example(normal(2, 3, 4, 4), zeros_and_ones(2, 3, 4, 4)),
    "combo_loss, weighted": example(
        normal(2, 3, 4, 4), zeros_and_ones(2, 3, 4, 4), options={"pos_weight": np.array([1.0, 2.0, 3.0])}
    ),
    "lovasz_hinge_loss": example(normal(2, 3, 4, 4), zeros_and_ones(2, 3, 4, 4), constant=("target",)),
    "lovasz_softmax_loss": example(distribution(2, 3, 4, 4, axis=1), classes(2, 4, 4, below=3)),
}
BOX_LOSSES = {
    "box_iou_loss": example(*BOXES),
    "giou_loss": example(*BOXES),
    "diou_loss": example(*BOXES),
    "ciou_loss": example(*BOXES),
}
DIVERGENCE = {
    "kl_div_loss": example(log_distribution(6, 4), distribution(6, 4)),
    "kl_div_loss, logs": example(
        log_distribution(6, 4), log_distribution(6, 4), options={"log_target": True}
    ),
    "js_div_loss": example(distribution(6, 4), distribution(6, 4)),
    "gaussian_kl_loss": example(normal(6, 3), normal(6, 3)),
    "gaussian_kl_loss, of two": example(normal(6, 3), normal(6, 3), normal(6, 3), normal(6, 3)),
    "distillation_loss": example(
        normal(6, 4), normal(6, 4), options={"temperature": 2.0}, constant=("teacher_logits",)
    ),
}
TRANSPORT = {
    "wasserstein_1d": example(normal(6), normal(6), free=("u_values", "v_values")),
    "wasserstein_1d, weighted": example(
        normal(6), normal(4), distribution(6), distribution(4), options={"p": 2}
    ),
    "sinkhorn_plan": example(*TRANSPORT_PROBLEM, options={"reg": 0.1}, no_batch=NOT_SAMPLES),
    "sinkhorn_cost": example(*TRANSPORT_PROBLEM, options={"reg": 0.1}, no_batch=NOT_SAMPLES),
    "wgan_critic_loss": example(normal(6), normal(6), free=("real", "fake")),
    "wgan_generator_loss": example(normal(6), free=("fake",)),
    # A linear critic: its slope is the same wherever between the samples it is looked at.
    "gradient_penalty": example(
        fixed(lambda x: 2 * x.sum(1)), normal(6, 3), normal(6, 3), constant=("real", "generated")
    ),
}
PERCEPTUAL = {
    "gram_matrix": example(normal(2, 3, 4, 4), free=("features",)),
    "style_loss": example(normal(2, 3, 4, 4), normal(2, 3, 4, 4)),
    "perceptual_loss": example(
        normal(2, 3, 4, 4),
        normal(2, 3, 4, 4),
        fixed(lambda image: [image, image[:, :, ::2, ::2] ** 2]),
        constant=("target",),
    ),
}
FAMILIES = {
    "regression": REGRESSION,
    "classification": CLASSIFICATION,
    "margin": MARGIN,
    "embedding": EMBEDDING,
    "segmentation": SEGMENTATION,
    "boxes": BOX_LOSSES,
    "divergence": DIVERGENCE,
    "transport": TRANSPORT,
    "perceptual": PERCEPTUAL,
}
EXAMPLES = {key: call for family in FAMILIES.values() for key, call in family.items()}
FUNCTIONAL_ONLY = {"gradient_penalty": "it differentiates a network, which NumPy cannot"}


def name_of(key: str) -> str:
    return key.partition(",")[0]


def is_real(argument) -> bool:
    """Whether a floating-point array or tensor, that is neither indices nor a callable."""
    if isinstance(argument, torch.Tensor):
        return argument.is_floating_point()
    return isinstance(argument, np.ndarray) and argument.dtype.kind == "f"


def arrays(key: str, dtype=np.float64, seed: int = 0) -> list:
    """The positional arguments of an example for `losslib.reference`."""
    return [_array(argument, dtype) for argument in EXAMPLES[key].arguments(seed)]


def tensors(key: str, dtype=torch.float64, device="cpu", seed: int = 0) -> list:
    """The positional arguments of an example for `losslib.functional`."""
    return [_tensor(argument, dtype, device) for argument in EXAMPLES[key].arguments(seed)]


def reference(key: str, dtype=np.float64) -> Callable:
    """The NumPy function of an example with its options filled in: a call gives the positional arguments."""
    options = {name: _array(value, dtype) for name, value in EXAMPLES[key].options.items()}
    return partial(getattr(R, name_of(key)), **options)


def functional(key: str, dtype=torch.float64, device="cpu") -> Callable:
    """The PyTorch function of an example with its options filled in: a call gives the positional arguments."""
    options = {name: _tensor(value, dtype, device) for name, value in EXAMPLES[key].options.items()}
    return partial(getattr(F, name_of(key)), **options)


def _array(value, dtype):
    return value.astype(dtype) if is_real(value) else value


def _tensor(value, dtype, device):
    if not isinstance(value, np.ndarray):
        return value
    return torch.tensor(value, dtype=dtype if is_real(value) else None, device=device)


def gradients(value: torch.Tensor, arguments: list) -> list:
    """The gradient of the value's sum in every floating-point argument: None where none flows."""
    leaves = [a for a in arguments if is_real(a)]
    if not value.requires_grad:
        return [None] * len(leaves)
    return list(torch.autograd.grad(value.sum(), leaves, allow_unused=True))


def value_and_gradients(function: Callable, *arguments) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The value, and the gradients of its sum: zeros where none flows."""
    arguments = [a.detach().clone().requires_grad_() if is_real(a) else a for a in arguments]
    value = function(*arguments)
    found = zip(gradients(value, arguments), filter(is_real, arguments), strict=True)
    return value.detach(), [torch.zeros_like(leaf) if g is None else g for g, leaf in found]
