"""The libraries that losslib is measured beside, each where it can be imported."""

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from importlib.metadata import version
from types import ModuleType


@dataclass(frozen=True)
class Library:
    name: str
    package: str  # what pip calls it
    module: str
    is_numpy: bool = False  # without gradients, and on the CPU alone


LIBRARIES = {
    "plain": Library("by hand", "torch", "benchmarks.plain"),
    "torch": Library("PyTorch", "torch", "torch.nn.functional"),
    "kornia": Library("kornia", "kornia", "kornia.losses"),
    "monai": Library("MONAI", "monai", "monai.losses"),
    "pml": Library("metric-learning", "pytorch-metric-learning", "pytorch_metric_learning.losses"),
    "pot": Library("POT", "POT", "ot"),
    "smp": Library("seg-models", "segmentation_models_pytorch", "segmentation_models_pytorch.losses"),
    "torchvision": Library("torchvision", "torchvision", "torchvision.ops"),
    "sklearn": Library("scikit-learn", "scikit-learn", "sklearn.metrics", is_numpy=True),
}
# Their losses are plain Python, but their own __init__ wants operators built for one build of PyTorch.
WITHOUT_INIT = {"torchvision", "segmentation_models_pytorch"}


def load() -> tuple[dict[str, ModuleType], dict[str, str]]:
    """The libraries that are here, and for the others why they are not."""
    here, missing = {}, {}
    for key, library in LIBRARIES.items():
        try:
            here[key] = _import(library.module)
        except Exception as error:  # a broken installation raises anything
            missing[key] = f"{type(error).__name__}: {error}".splitlines()[0]
    return here, missing


def versions(here) -> dict[str, str]:
    return {LIBRARIES[key].package: version(LIBRARIES[key].package) for key in here}


def _import(module: str) -> ModuleType:
    package = module.partition(".")[0]
    if package not in WITHOUT_INIT:
        return importlib.import_module(module)
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r}")
    sys.modules[package] = empty = ModuleType(package)
    empty.__path__ = list(spec.submodule_search_locations)
    try:
        return importlib.import_module(module)
    finally:  # whoever imports the package later is not to find it half loaded
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]
