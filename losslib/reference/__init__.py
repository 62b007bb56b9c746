"""The losses in NumPy, written to be read: each body is the formula of its chapter.

Arguments are arrays or (nested) lists of numbers. Shapes must match exactly. float16 is computed in
float32 and returned as float16; the other floating-point types stay what they are.
"""

from losslib.reference.regression import (
    huber_loss,
    log_cosh_loss,
    mae_loss,
    mse_loss,
    quantile_loss,
    rmse_loss,
)

__all__ = ["huber_loss", "log_cosh_loss", "mae_loss", "mse_loss", "quantile_loss", "rmse_loss"]
