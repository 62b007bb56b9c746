"""Interactive explorers: Python tabulates from losslib, the page looks up and draws.

Some are ready, functions such as `loss_curves` or `descent`. Others are composed from the same parts:

    delta = Slider("δ", [0.5, 1.0, 2.0], 1.0)
    r = np.linspace(-3, 3, 61)
    losses = tabulate(lambda d: reference.huber_loss(r, 0 * r, delta=d, reduction="none"), delta)
    curve = Curve(r, losses, name="Huber", color=0)
    Explorer([Panel(Axis((-3, 3), tr("residual")), Axis((0, 4), tr("loss")), [curve])], [delta])
"""

from losslib.explorers.bernoulli_likelihood import bernoulli_likelihood
from losslib.explorers.binary_losses import binary_losses
from losslib.explorers.curves import loss_curves
from losslib.explorers.descent import descent
from losslib.explorers.elements import (
    Axis,
    Curve,
    Handle,
    Panel,
    Points,
    Readout,
    Rects,
    Segments,
    Slider,
    Table,
    Text,
    tabulate,
)
from losslib.explorers.focal_probability import focal_probability
from losslib.explorers.focal_shares import focal_shares
from losslib.explorers.margin_boundary import margin_boundary
from losslib.explorers.outlier_fit import outlier_fit
from losslib.explorers.scene import Explorer
from losslib.explorers.softmax_bars import softmax_bars
from losslib.explorers.weight_landscape import weight_landscape

__all__ = [
    "Axis",
    "Curve",
    "Explorer",
    "Handle",
    "Panel",
    "Points",
    "Readout",
    "Rects",
    "Segments",
    "Slider",
    "Table",
    "Text",
    "bernoulli_likelihood",
    "binary_losses",
    "descent",
    "focal_probability",
    "focal_shares",
    "loss_curves",
    "margin_boundary",
    "outlier_fit",
    "softmax_bars",
    "tabulate",
    "weight_landscape",
]
