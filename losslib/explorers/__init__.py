"""Interactive explorers: Python tabulates from losslib, the page looks up and draws.

Three are ready: `loss_curves`, `outlier_fit` and `descent`. Others are composed from the same parts:

    delta = Slider("δ", [0.5, 1.0, 2.0], 1.0)
    r = np.linspace(-3, 3, 61)
    losses = tabulate(lambda d: reference.huber_loss(r, 0 * r, delta=d, reduction="none"), delta)
    curve = Curve(r, losses, name="Huber", color=0)
    Explorer([Panel(Axis((-3, 3), tr("residual")), Axis((0, 4), tr("loss")), [curve])], [delta])
"""

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
from losslib.explorers.outlier_fit import outlier_fit
from losslib.explorers.scene import Explorer

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
    "descent",
    "loss_curves",
    "outlier_fit",
    "tabulate",
]
