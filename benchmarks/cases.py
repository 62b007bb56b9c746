"""What is measured: for each loss its inputs, its options, and how others compute the same number.

A peer is named by its key in `benchmarks.peers.LIBRARIES`: as a name in that library's module, or as a function from
it to what is called with the inputs. It must return losslib's value and gradients, or it is not timed. "plain" is
the loss as one writes it by hand. `omitted` says why a library that has a loss of that name is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial

import torch

from benchmarks.inputs import (
    SIZES,
    Inputs,
    binary,
    binary_probs,
    boxes,
    classes,
    distances,
    features,
    gaussians,
    images,
    labelled,
    log_probs,
    margins,
    masks,
    pairs,
    plans,
    rankings,
    samples,
    similar,
    soft_classes,
    soft_log_probs,
    teacher,
    two_distributions,
    two_views,
    vectors,
)


@dataclass(frozen=True)
class Case:
    loss: str
    inputs: Callable[[int], Inputs]
    peers: dict[str, str | Callable]
    options: dict = field(default_factory=dict)
    variant: str = ""  # what sets it apart from the loss's other cases
    omitted: dict[str, str] = field(default_factory=dict)
    most: dict[str, str] = field(default_factory=dict)  # peer -> the largest size it is measured at
    pointwise: bool = False
    wrapped: Callable | None = None  # from the loss to what is called, where the inputs are not its arguments

    @property
    def name(self) -> str:
        return f"{self.loss}, {self.variant}" if self.variant else self.loss

    def function(self, package) -> Callable:
        """Our loss from the package that holds it."""
        loss = partial(getattr(package, self.loss), **self.options)
        return self.wrapped(loss) if self.wrapped else loss

    def peer(self, key: str, module) -> Callable:
        found = self.peers[key]
        return getattr(module, found) if isinstance(found, str) else found(module)

    def reaches(self, peer: str, size: str) -> bool:
        return list(SIZES).index(size) <= list(SIZES).index(self.most.get(peer, size))


KEYWORDS = [each.name for each in fields(Case)]


def case(loss: str, inputs: Callable, **given) -> Case:
    """What is no field of a case is a peer."""
    peers = {key: value for key, value in given.items() if key not in KEYWORDS}
    return Case(loss, inputs, peers, **{key: value for key, value in given.items() if key in KEYWORDS})


# What some peers are called with


def with_channel(loss):
    """For libraries that want indices as (N, 1, *)."""
    return lambda logits, target: loss(logits, target.unsqueeze(1))


def without_channel(loss):
    """For libraries that want a mask as (N, *)."""
    return lambda logits, target: loss(logits, target.squeeze(1))


def per_sample(loss):
    """For libraries whose mean is also over the classes."""
    return lambda logits, target: loss(logits, target).sum() / target.numel()


def mined(losses):
    """The hardest triplets of a batch, by plain distance."""
    from pytorch_metric_learning import distances, miners, reducers

    distance = distances.LpDistance(normalize_embeddings=False)
    miner = miners.BatchHardMiner(distance=distance)
    loss = losses.TripletMarginLoss(margin=1.0, distance=distance, reducer=reducers.MeanReducer())
    return lambda embeddings, labels: loss(embeddings, labels, miner(embeddings, labels))


def views(loss):
    """For libraries that want two views as one batch with labels."""

    def call(z1, z2):
        labels = torch.arange(len(z1), device=z1.device)
        return loss(torch.cat([z1, z2]), torch.cat([labels, labels]))

    return call


def pot_sinkhorn(ot, reg):
    """Its fastest method, until rounding is all that is left to gain."""

    def loss(a, b, cost):
        error = 1e-7 if cost.dtype == torch.float32 else 1e-9
        return ot.sinkhorn2(a, b, cost, reg, method="sinkhorn", stopThr=error, numItermax=10000)

    return loss


# At 512 samples one fills 4 GB with pairs of pairs, the other compares components for half a minute.
CUBIC = {"pml": "cached", "monai": "cached"}
SMP_LOVASZ = "its slopes are differences of sums in float32, a fifth off at four million pixels"
REGIONS = {"activation": "softmax"}
SMOOTH = {"smooth_nr": 0.0, "smooth_dr": 0.0}
MONAI_SOFTMAX = {"softmax": True, "to_onehot_y": True, **SMOOTH}

FAMILIES: dict[str, list[Case]] = {
    "regression": [
        case("mse_loss", pairs, torch="mse_loss", pointwise=True),
        case("rmse_loss", pairs, plain="rmse_loss"),
        case("mae_loss", pairs, torch="l1_loss", pointwise=True),
        case("huber_loss", pairs, torch="huber_loss", pointwise=True),
        case("log_cosh_loss", pairs, plain="log_cosh_loss", pointwise=True),
        case(
            "quantile_loss",
            pairs,
            options={"q": 0.9},
            plain="quantile_loss",
            sklearn=lambda m: lambda x, y: m.mean_pinball_loss(y, x.detach(), alpha=0.9),
            pointwise=True,
        ),
    ],
    "classification": [
        case("nll_loss", log_probs, torch="nll_loss"),
        case("binary_cross_entropy", binary_probs, torch="binary_cross_entropy", pointwise=True),
        case(
            "binary_cross_entropy_with_logits",
            binary,
            torch="binary_cross_entropy_with_logits",
            pointwise=True,
        ),
        case("cross_entropy", classes, torch="cross_entropy"),
        case(
            "cross_entropy",
            classes,
            variant="smoothed",
            options={"label_smoothing": 0.1},
            torch=lambda F: partial(F.cross_entropy, label_smoothing=0.1),
        ),
        case("cross_entropy", soft_classes, variant="probabilities", torch="cross_entropy"),
        case(
            "sigmoid_focal_loss",
            binary,
            options={"alpha": 0.25},
            torchvision=lambda o: partial(o.sigmoid_focal_loss, reduction="mean"),
            kornia=lambda k: partial(k.binary_focal_loss_with_logits, reduction="mean"),
            monai=lambda m: m.FocalLoss(gamma=2.0, alpha=0.25),
            smp=lambda s: s.FocalLoss("binary", alpha=0.25),
            pointwise=True,
        ),
        case(
            "softmax_focal_loss",
            classes,
            kornia=lambda k: per_sample(partial(k.focal_loss, alpha=None, reduction="none")),
            monai=lambda m: per_sample(
                with_channel(m.FocalLoss(use_softmax=True, to_onehot_y=True, reduction="none"))
            ),
            omitted={"smp": "its multiclass focal loss is one sigmoid for each class"},
        ),
    ],
    "margin": [
        case(
            "hinge_loss",
            margins,
            plain="hinge_loss",
            sklearn=lambda m: lambda x, y: m.hinge_loss(y, x.detach()),
            pointwise=True,
        ),
        case("squared_hinge_loss", margins, plain="squared_hinge_loss", pointwise=True),
        case(
            "multiclass_hinge_loss",
            classes,
            plain="multiclass_hinge_loss",
            sklearn=lambda m: lambda x, y: m.hinge_loss(y, x.detach(), labels=range(64)),
            omitted={"torch": "multi_margin_loss adds up all classes that are too close, not the closest"},
        ),
        case("hinge_embedding_loss", distances, torch="hinge_embedding_loss", pointwise=True),
        case("margin_ranking_loss", rankings, torch="margin_ranking_loss", pointwise=True),
    ],
    "embedding": [
        case("contrastive_loss", similar, plain="contrastive_loss", pointwise=True),
        case("triplet_margin_loss", vectors(3), torch=lambda F: partial(F.triplet_margin_loss, eps=0)),
        case(
            "triplet_semihard_loss",
            labelled,
            omitted={"pml": "its miner takes all semi-hard triplets, not one for each pair"},
        ),
        case("triplet_hard_loss", labelled, pml=mined),
        case("quadruplet_loss", vectors(4), plain="quadruplet_loss"),
        case("n_pairs_loss", two_views, plain="n_pairs_loss"),
        case("info_nce_loss", two_views, plain="info_nce_loss"),
        case(
            "nt_xent_loss",
            two_views,
            plain="nt_xent_loss",
            monai=lambda m: m.ContrastiveLoss(temperature=0.5),
            pml=lambda p: views(p.NTXentLoss(temperature=0.5)),
            most=CUBIC,
        ),
    ],
    "segmentation": [
        case(
            "dice_loss",
            images,
            options=REGIONS,
            kornia=lambda k: partial(k.dice_loss, average="macro"),
            monai=lambda m: with_channel(m.DiceLoss(**MONAI_SOFTMAX)),
            smp=lambda s: s.DiceLoss("multiclass"),
        ),
        case(
            "dice_loss",
            masks,
            variant="sigmoid",
            options={"activation": "sigmoid", "smooth": 1.0},
            monai=lambda m: m.DiceLoss(sigmoid=True, smooth_nr=1.0, smooth_dr=1.0),
        ),
        case(
            "generalized_dice_loss",
            images,
            options=REGIONS,
            monai=lambda m: with_channel(m.GeneralizedDiceLoss(**MONAI_SOFTMAX)),
        ),
        case(
            "jaccard_loss",
            images,
            options=REGIONS,
            monai=lambda m: with_channel(m.DiceLoss(jaccard=True, **MONAI_SOFTMAX)),
            smp=lambda s: s.JaccardLoss("multiclass"),
        ),
        case(
            "tversky_loss",
            images,
            options={"alpha": 0.3, "beta": 0.7, **REGIONS},
            kornia=lambda k: partial(k.tversky_loss, alpha=0.3, beta=0.7),
            monai=lambda m: with_channel(m.TverskyLoss(alpha=0.3, beta=0.7, **MONAI_SOFTMAX)),
            smp=lambda s: s.TverskyLoss("multiclass", alpha=0.3, beta=0.7),
        ),
        case(
            "combo_loss",
            masks,
            monai=lambda m: m.DiceCELoss(sigmoid=True, smooth_nr=1.0, smooth_dr=1.0),
        ),
        case(
            "lovasz_hinge_loss",
            masks,
            kornia=lambda k: without_channel(k.lovasz_hinge_loss),
            omitted={"smp": SMP_LOVASZ},
        ),
        case(
            "lovasz_softmax_loss",
            images,
            wrapped=lambda loss: lambda logits, target: loss(logits.softmax(1), target),
            kornia="lovasz_softmax_loss",
            omitted={"smp": SMP_LOVASZ},
        ),
    ],
    "boxes": [
        case("box_iou_loss", boxes, plain="box_iou_loss"),
        case(
            "giou_loss",
            boxes,
            torchvision=lambda o: partial(o.generalized_box_iou_loss, reduction="mean"),
            monai=lambda m: m.BoxGIoULoss(),
        ),
        case("diou_loss", boxes, torchvision=lambda o: partial(o.distance_box_iou_loss, reduction="mean")),
        case("ciou_loss", boxes, torchvision=lambda o: partial(o.complete_box_iou_loss, reduction="mean")),
    ],
    "divergence": [
        case(
            "kl_div_loss",
            soft_log_probs,
            torch=lambda F: partial(F.kl_div, reduction="batchmean"),
            pointwise=True,
        ),
        case(
            "js_div_loss",
            two_distributions,
            kornia=lambda k: lambda p, q: k.js_div_loss_2d(p[:, None, None], q[:, None, None]),
        ),
        case("gaussian_kl_loss", gaussians, plain="gaussian_kl_loss"),
        case("distillation_loss", teacher, options={"temperature": 2.0}, plain="distillation_loss"),
    ],
    "transport": [
        case("wasserstein_1d", samples, pot=lambda o: partial(o.wasserstein_1d, p=1)),
        case(
            "sinkhorn_cost",
            plans,
            variant="reg 0.1",
            options={"reg": 0.1},
            pot=lambda o: pot_sinkhorn(o, 0.1),
        ),
        case(
            "sinkhorn_cost",
            plans,
            variant="reg 0.01",
            options={"reg": 0.01},
            pot=lambda o: pot_sinkhorn(o, 0.01),
        ),
    ],
    "perceptual": [
        case("style_loss", features, plain="style_loss"),
    ],
}

# Functions without a time of their own.
NOT_MEASURED = {
    "gradient_penalty": "its time is the critic's",
    "gram_matrix": "style_loss takes two",
    "perceptual_loss": "its time is the network's",
    "sinkhorn_plan": "sinkhorn_cost takes the same steps",
    "wgan_critic_loss": "two means",
    "wgan_generator_loss": "a mean",
}
