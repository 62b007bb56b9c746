"""The type of what the reference losses return.

The families keep their annotations as text, so that `help` shows ArrayLike and not the union it stands for.
"""

from typing import Any

import numpy as np

# A NumPy scalar where the loss is reduced: a union would have checkers ask which it is before every index.
Loss = np.ndarray | Any
