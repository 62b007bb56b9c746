"""The losses as modules: what their functions return, made once, moved, saved, compiled and exported with a model."""

import copy
import inspect
import pickle
import re

import pytest
import torch

from losslib import functional as F
from losslib import nn
from tests.losslib.examples import EXAMPLES, functional, name_of, tensors, value_and_gradients

FUNCTIONS_ONLY = {"gram_matrix", "sinkhorn_plan", "gradient_penalty"}
AS_IN_PYTORCH = {  # where PyTorch's name is not the function's
    "mae_loss": "L1Loss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "cross_entropy": "CrossEntropyLoss",
}
CLASSES = {
    value.function.__name__: value
    for value in vars(nn).values()
    if isinstance(value, type) and issubclass(value, nn.Loss) and value is not nn.Loss
}
each_example = pytest.mark.parametrize("key", [key for key in EXAMPLES if name_of(key) in CLASSES])
each_class = pytest.mark.parametrize("name", CLASSES)


class Features(torch.nn.Conv2d):
    """A network whose one layer a perceptual loss compares."""

    def forward(self, image):
        return [super().forward(image)]


def module_and_arguments(key):
    """The module of an example, and what it is called with."""
    cls, function = CLASSES[name_of(key)], functional(key)
    names = list(inspect.signature(function).parameters)
    arguments = dict(zip(names, tensors(key), strict=False))
    held = {name: arguments.pop(name) for name in names if name in cls.options and name in arguments}
    return cls(**function.keywords, **held), list(arguments.values())


def regression_model(loss):
    """A model that returns its loss, as a training step needs it."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.line, self.loss = torch.nn.Linear(3, 3), loss

        def forward(self, x, target):
            return self.loss(self.line(x), target)

    return Model()


# What there is


def test_every_function_that_returns_a_loss_has_a_module():
    assert CLASSES.keys() == set(F.__all__) - FUNCTIONS_ONLY


@each_class
def test_a_module_has_pytorchs_name_or_its_functions(name):
    cls = CLASSES[name]
    assert cls.__name__ == AS_IN_PYTORCH.get(name, cls.__name__)
    assert name in AS_IN_PYTORCH or cls.__name__.lower() == name.replace("_", "")
    assert name not in AS_IN_PYTORCH or hasattr(torch.nn, cls.__name__)


@each_class
def test_keyword_parameters_are_those_the_module_is_made_with(name):
    made_with = inspect.signature(CLASSES[name]).parameters.values()
    keywords = [
        p for p in inspect.signature(getattr(F, name)).parameters.values() if p.kind is p.KEYWORD_ONLY
    ]
    assert [p for p in made_with if p.name != "features"] == keywords
    assert ("features" in CLASSES[name].options) is (name == "perceptual_loss")


@each_class
def test_docstring_is_the_functions_without_its_examples(name):
    docstring = CLASSES[name].__doc__
    assert docstring.startswith(inspect.getdoc(getattr(F, name)).partition(">>>")[0])
    assert docstring.endswith(f"Function: losslib.functional.{name}")


# What it does


@each_example
def test_a_module_returns_what_its_function_does(key):
    module, arguments = module_and_arguments(key)
    expected = functional(key)(*tensors(key))
    torch.testing.assert_close(module(*arguments), expected)
    names = [name for name in inspect.signature(functional(key)).parameters if name not in module.options]
    torch.testing.assert_close(module(**dict(zip(names, arguments, strict=False))), expected)


@each_example
def test_a_module_can_be_copied_pickled_and_loaded(key):
    module, arguments = module_and_arguments(key)
    expected = module(*arguments)
    copies = [copy.deepcopy(module)]
    if name_of(key) != "perceptual_loss":  # its features are a lambda here, which no pickle holds
        copies.append(pickle.loads(pickle.dumps(module)))
    for other in copies:
        other.load_state_dict(module.state_dict())
        assert type(other) is type(module)
        assert repr(other) == repr(module)
        torch.testing.assert_close(other(*arguments), expected)


def test_class_weights_are_buffers_that_move_with_the_model():
    module = nn.CrossEntropyLoss(weight=torch.ones(4))
    assert list(module.state_dict()) == ["weight"]
    assert list(module.parameters()) == []
    assert module.double().weight.dtype == torch.float64
    assert module.to("meta").weight.is_meta


def test_a_perceptual_loss_holds_its_network():
    module = nn.PerceptualLoss(features=Features(3, 2, 1).requires_grad_(False))
    images = torch.rand(2, 1, 3, 4, 4)
    torch.testing.assert_close(module(*images), F.perceptual_loss(*images, module.features))
    assert list(module.state_dict()) == ["features.weight", "features.bias"]
    assert "(features): Features(3, 2" in repr(module)
    torch.testing.assert_close(pickle.loads(pickle.dumps(module))(*images), module(*images))


def test_a_module_shows_what_differs_from_the_defaults():
    assert repr(nn.SigmoidFocalLoss()) == "SigmoidFocalLoss()"
    assert (
        repr(nn.SigmoidFocalLoss(gamma=1.0, reduction="sum"))
        == "SigmoidFocalLoss(gamma=1.0, reduction='sum')"
    )
    assert repr(nn.CrossEntropyLoss(weight=torch.ones(2))) == "CrossEntropyLoss(weight=tensor([1., 1.]))"
    assert repr(regression_model(nn.HuberLoss(delta=2.0))).endswith("(loss): HuberLoss(delta=2.0)\n)")


def test_an_option_that_is_changed_later_counts():
    module = nn.HuberLoss()
    module.delta = 0.5
    x = torch.tensor([3.0])
    torch.testing.assert_close(module(x, 0 * x), F.huber_loss(x, 0 * x, delta=0.5))


def test_a_subclass_keeps_the_function():
    class Halved(nn.MSELoss):
        def forward(self, input, target):
            return super().forward(input, target) / 2

    assert Halved(reduction="sum")(torch.ones(2), torch.zeros(2)) == 1


# With a model


@pytest.mark.parametrize("key", ["huber_loss", "cross_entropy, weighted", "perceptual_loss"])
def test_a_module_compiles_as_one_graph(key):
    torch._dynamo.reset()
    module, arguments = module_and_arguments(key)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(
        value_and_gradients(compiled, *arguments), value_and_gradients(module, *arguments)
    )


def test_a_model_with_its_loss_exports():
    model, arguments = regression_model(nn.HuberLoss(delta=0.5)), (torch.rand(4, 3), torch.rand(4, 3))
    exported = torch.export.export(model, arguments)
    torch.testing.assert_close(exported.module()(*arguments), model(*arguments))


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_scripting_is_refused_for_the_reason_that_the_docstring_gives():
    with pytest.raises(torch.jit.frontend.NotSupportedError, match="keyword-only arguments with defaults"):
        torch.jit.script(F.mse_loss)
    assert "no keyword-only parameters with defaults" in " ".join(nn.__doc__.split())


# Wrong options


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("HuberLoss", {"delta": 0}, "huber_loss: expected delta > 0, got 0"),
        ("QuantileLoss", {"q": 90}, "quantile_loss: expected 0 < q < 1, got 90"),
        (
            "CrossEntropyLoss",
            {"label_smoothing": 2},
            "cross_entropy: expected 0 <= label_smoothing <= 1, got 2",
        ),
        ("SigmoidFocalLoss", {"alpha": 2}, "sigmoid_focal_loss: expected 0 <= alpha <= 1, got 2"),
        ("SoftmaxFocalLoss", {"gamma": -1}, "softmax_focal_loss: expected gamma >= 0, got -1"),
        ("TripletMarginLoss", {"p": 0.5}, "triplet_margin_loss: expected p >= 1, got 0.5"),
        ("InfoNCELoss", {"temperature": 0}, "info_nce_loss: expected temperature > 0, got 0"),
        ("DiceLoss", {"smooth": -1}, "dice_loss: expected smooth >= 0, got -1"),
        (
            "JaccardLoss",
            {"activation": "relu"},
            "jaccard_loss: expected activation None, 'sigmoid' or 'softmax', got 'relu'",
        ),
        ("SinkhornCost", {"reg": 0}, "sinkhorn_cost: expected reg > 0, got 0"),
        ("MSELoss", {"reduction": "avg"}, "mse_loss: expected reduction 'mean', 'sum' or 'none', got 'avg'"),
        (
            "KLDivLoss",
            {"reduction": "avg"},
            "kl_div_loss: expected reduction 'batchmean', 'mean', 'sum' or 'none', got 'avg'",
        ),
    ],
)
def test_wrong_options_are_refused_when_the_module_is_made(name, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        getattr(nn, name)(**options)


def test_options_of_a_wrong_type_are_refused_when_the_module_is_made():
    with pytest.raises(TypeError, match="'>' not supported between instances of 'str' and 'int'"):
        nn.HuberLoss(delta="1")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.HuberLoss(gama=2), "HuberLoss: got an unexpected keyword argument 'gama'"),
        (
            lambda: nn.PerceptualLoss(),
            "PerceptualLoss: missing a required (keyword-only )?argument: 'features'",
        ),
        (lambda: nn.HuberLoss(2.0), ".*positional argument.*"),
    ],
)
def test_unknown_missing_and_positional_options_are_refused(make, message):
    with pytest.raises(TypeError, match=f"^{message}$"):
        make()


def test_what_the_module_was_made_with_cannot_be_given_again():
    with pytest.raises(TypeError, match="multiple values for keyword argument 'delta'"):
        nn.HuberLoss()(torch.ones(2), torch.ones(2), delta=2.0)
