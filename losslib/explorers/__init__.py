"""Interactive explorers: Python tabulates from losslib, the page looks up and draws.

Some are ready, functions such as `loss_curves` or `descent`. Others are composed from the same parts:

    delta = Slider("δ", [0.5, 1.0, 2.0], 1.0)
    r = np.linspace(-3, 3, 61)
    losses = tabulate(lambda d: reference.huber_loss(r, 0 * r, delta=d, reduction="none"), delta)
    curve = Curve(r, losses, name="Huber", color=palette.color("Huber"))
    Explorer([Panel(Axis((-3, 3), tr("residual")), Axis((0, 4), tr("loss")), [curve])], [delta])
"""

from losslib.explorers.bernoulli_likelihood import bernoulli_likelihood
from losslib.explorers.binary_losses import binary_losses
from losslib.explorers.box_gradients import box_gradients
from losslib.explorers.combo_gradients import combo_gradients
from losslib.explorers.curves import loss_curves
from losslib.explorers.descent import descent
from losslib.explorers.earth_mover import earth_mover
from losslib.explorers.elements import (
    Axis,
    Curve,
    Ellipses,
    Handle,
    Panel,
    Picture,
    Points,
    Readout,
    Rects,
    Segments,
    Text,
)
from losslib.explorers.focal_probability import focal_probability
from losslib.explorers.focal_shares import focal_shares
from losslib.explorers.gaussian_fit import gaussian_fit
from losslib.explorers.gradient_maps import gradient_maps
from losslib.explorers.margin_boundary import margin_boundary
from losslib.explorers.mask_overlap import mask_overlap
from losslib.explorers.outlier_fit import outlier_fit
from losslib.explorers.picture_changes import picture_changes
from losslib.explorers.quantities import Derived, Slider, Table, derive, tabulate
from losslib.explorers.scene import Explorer
from losslib.explorers.score_pair import score_pair
from losslib.explorers.softmax_bars import softmax_bars
from losslib.explorers.style_weights import style_weights
from losslib.explorers.triplets import triplet_circle, triplet_plane
from losslib.explorers.weight_landscape import weight_landscape

__all__ = [
    "Axis",
    "Curve",
    "Derived",
    "Ellipses",
    "Explorer",
    "Handle",
    "Panel",
    "Picture",
    "Points",
    "Readout",
    "Rects",
    "Segments",
    "Slider",
    "Table",
    "Text",
    "bernoulli_likelihood",
    "binary_losses",
    "box_gradients",
    "combo_gradients",
    "derive",
    "descent",
    "earth_mover",
    "focal_probability",
    "focal_shares",
    "gaussian_fit",
    "gradient_maps",
    "loss_curves",
    "margin_boundary",
    "mask_overlap",
    "outlier_fit",
    "picture_changes",
    "score_pair",
    "softmax_bars",
    "style_weights",
    "tabulate",
    "triplet_circle",
    "triplet_plane",
    "weight_landscape",
]
