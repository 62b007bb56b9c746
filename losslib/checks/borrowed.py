"""Notice when an answer calls a loss that a library has, which the task asks to write."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import torch.nn.functional

import losslib

_LOSSLIB = Path(losslib.__file__).parent
_OWN = tuple(str(_LOSSLIB / part) for part in ("functional", "reference", "nn.py"))
_TORCH = torch.nn.functional.__file__
_LOSSES = {name for name in dir(torch.nn.functional) if name.endswith("_loss")} | {
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "cross_entropy_loss",
    "kl_div",
}
_DISTANCES = {"jensenshannon", "kl_divergence", "wasserstein_distance", "wasserstein_distance_nd"}


class Watch:
    """While it is entered, notes the first loss of PyTorch, scikit-learn, SciPy or losslib that is called, in `found`.

    It looks at the code that runs, so it does not matter under which name, or through which class, it was called.
    """

    def __init__(self) -> None:
        self.found = ""

    def __enter__(self) -> Watch:
        self._before = sys.getprofile()
        sys.setprofile(self._event)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._before)

    def _event(self, frame: FrameType, event: str, argument: object) -> None:
        if self.found:
            return
        if event == "call":
            file, name = frame.f_code.co_filename, frame.f_code.co_name
            if file.startswith(_OWN):
                self.found = f"losslib.{Path(file).relative_to(_LOSSLIB).parts[0].removesuffix('.py')}.{name}"
            elif file == _TORCH and name in _LOSSES:
                self.found = f"torch.nn.functional.{name}"
            elif "sklearn" in file and "metrics" in file and name.endswith(("_error", "_loss", "_score")):
                self.found = f"sklearn.metrics.{name}"
            elif name in _DISTANCES and ("scipy" in file or "torch" in file):
                self.found = f"{'scipy' if 'scipy' in file else 'torch.distributions'}.{name}"
        elif event == "c_call" and getattr(argument, "__name__", "") in _LOSSES:
            self.found = f"torch.{argument.__name__}"  # type: ignore[attr-defined]
