"""The losses in PyTorch, written to train with: stable, differentiable, on any device.

Shapes must match exactly. float16 and bfloat16 are computed in float32 and returned in their own type;
the others stay what they are. No function waits for the device, so what would need a look at the values
(a negative weight, say) is checked in `losslib.reference` only.
"""

from losslib.functional.boxes import (
    box_iou_loss,
    ciou_loss,
    diou_loss,
    giou_loss,
)
from losslib.functional.classification import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    nll_loss,
    sigmoid_focal_loss,
    softmax_focal_loss,
)
from losslib.functional.divergence import (
    distillation_loss,
    gaussian_kl_loss,
    js_div_loss,
    kl_div_loss,
)
from losslib.functional.embedding import (
    contrastive_loss,
    info_nce_loss,
    n_pairs_loss,
    nt_xent_loss,
    quadruplet_loss,
    triplet_hard_loss,
    triplet_margin_loss,
    triplet_semihard_loss,
)
from losslib.functional.margin import (
    hinge_embedding_loss,
    hinge_loss,
    margin_ranking_loss,
    multiclass_hinge_loss,
    squared_hinge_loss,
)
from losslib.functional.perceptual import (
    gram_matrix,
    perceptual_loss,
    style_loss,
)
from losslib.functional.regression import (
    huber_loss,
    log_cosh_loss,
    mae_loss,
    mse_loss,
    quantile_loss,
    rmse_loss,
)
from losslib.functional.segmentation import (
    combo_loss,
    dice_loss,
    generalized_dice_loss,
    jaccard_loss,
    lovasz_hinge_loss,
    lovasz_softmax_loss,
    tversky_loss,
)
from losslib.functional.transport import (
    gradient_penalty,
    sinkhorn_cost,
    sinkhorn_plan,
    wasserstein_1d,
    wgan_critic_loss,
    wgan_generator_loss,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "box_iou_loss",
    "ciou_loss",
    "combo_loss",
    "contrastive_loss",
    "cross_entropy",
    "dice_loss",
    "diou_loss",
    "distillation_loss",
    "gaussian_kl_loss",
    "generalized_dice_loss",
    "giou_loss",
    "gradient_penalty",
    "gram_matrix",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "info_nce_loss",
    "jaccard_loss",
    "js_div_loss",
    "kl_div_loss",
    "log_cosh_loss",
    "lovasz_hinge_loss",
    "lovasz_softmax_loss",
    "mae_loss",
    "margin_ranking_loss",
    "mse_loss",
    "multiclass_hinge_loss",
    "n_pairs_loss",
    "nll_loss",
    "nt_xent_loss",
    "perceptual_loss",
    "quadruplet_loss",
    "quantile_loss",
    "rmse_loss",
    "sigmoid_focal_loss",
    "sinkhorn_cost",
    "sinkhorn_plan",
    "softmax_focal_loss",
    "squared_hinge_loss",
    "style_loss",
    "triplet_hard_loss",
    "triplet_margin_loss",
    "triplet_semihard_loss",
    "tversky_loss",
    "wasserstein_1d",
    "wgan_critic_loss",
    "wgan_generator_loss",
]
