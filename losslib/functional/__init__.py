"""The losses in PyTorch, written to train with: stable, differentiable, on any device.

Shapes must match exactly. float16 and bfloat16 are computed in float32 and returned in their own type;
the others stay what they are. No function waits for the device, so what would need a look at the values
(a negative weight, say) is checked in `losslib.reference` only.
"""

from losslib.functional.regression import (
    huber_loss,
    log_cosh_loss,
    mae_loss,
    mse_loss,
    quantile_loss,
    rmse_loss,
)

__all__ = ["huber_loss", "log_cosh_loss", "mae_loss", "mse_loss", "quantile_loss", "rmse_loss"]
