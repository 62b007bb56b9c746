"""The losses in NumPy, written to be read: each body is the formula of its chapter.

Arguments are arrays or (nested) lists of numbers. Shapes must match exactly. float16 is computed in
float32 and returned as float16; the other floating-point types stay what they are.
"""

from losslib.reference.boxes import (
    box_iou_loss,
    ciou_loss,
    diou_loss,
    giou_loss,
)
from losslib.reference.classification import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    nll_loss,
    sigmoid_focal_loss,
    softmax_focal_loss,
)
from losslib.reference.divergence import (
    distillation_loss,
    gaussian_kl_loss,
    js_div_loss,
    kl_div_loss,
)
from losslib.reference.embedding import (
    contrastive_loss,
    info_nce_loss,
    n_pairs_loss,
    nt_xent_loss,
    quadruplet_loss,
    triplet_hard_loss,
    triplet_margin_loss,
    triplet_semihard_loss,
)
from losslib.reference.margin import (
    hinge_embedding_loss,
    hinge_loss,
    margin_ranking_loss,
    multiclass_hinge_loss,
    squared_hinge_loss,
)
from losslib.reference.perceptual import (
    gram_matrix,
    perceptual_loss,
    style_loss,
)
from losslib.reference.regression import (
    huber_loss,
    log_cosh_loss,
    mae_loss,
    mse_loss,
    quantile_loss,
    rmse_loss,
)
from losslib.reference.segmentation import (
    combo_loss,
    dice_loss,
    generalized_dice_loss,
    jaccard_loss,
    lovasz_hinge_loss,
    lovasz_softmax_loss,
    tversky_loss,
)
from losslib.reference.transport import (
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
