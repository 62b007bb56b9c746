"""The conventions that every loss keeps, whatever its family, in both packages."""

import doctest
import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

import losslib
from losslib import functional as F
from losslib import reference as R

PACKAGES = (R, F)
CHAPTERS = Path(__file__).parents[2] / "book" / "en"
GENERATOR = np.random.default_rng(0)
PREDICTIONS, TARGETS = GENERATOR.normal(size=(2, 6, 3))

# A valid call of every loss: its positional arguments, the prediction first.
EXAMPLES = {
    "mse_loss": (PREDICTIONS, TARGETS),
    "rmse_loss": (PREDICTIONS, TARGETS),
    "mae_loss": (PREDICTIONS, TARGETS),
    "huber_loss": (PREDICTIONS, TARGETS),
    "log_cosh_loss": (PREDICTIONS, TARGETS),
    "quantile_loss": (PREDICTIONS, TARGETS),
}
SHARED_SECTIONS = ("Shapes", "Source", "PyTorch")
SECTIONS = ("Shapes", "Args", "Raises", "Source", "PyTorch")

each_loss = pytest.mark.parametrize("name", EXAMPLES)
IMPLEMENTATIONS = {
    f"{package.__name__}.{name}": getattr(package, name) for package in PACKAGES for name in package.__all__
}
REDUCED = {n: f for n, f in IMPLEMENTATIONS.items() if "reduction" in inspect.signature(f).parameters}
each_implementation = pytest.mark.parametrize("loss", IMPLEMENTATIONS.values(), ids=IMPLEMENTATIONS)


def tensors(name, dtype=torch.float64):
    return [torch.tensor(argument, dtype=dtype) for argument in EXAMPLES[name]]


def section(docstring, heading):
    """The text of one docstring section: from `heading:` to the next section or the examples."""
    found = re.search(rf"^{heading}:(.*?)(?=^\w+:|^>>>|\Z)", docstring, re.MULTILINE | re.DOTALL)
    return found and " ".join(found[1].split())


# Both packages


def test_both_packages_hold_the_same_losses_and_each_has_an_example():
    assert R.__all__ == F.__all__ == sorted(EXAMPLES)


@each_loss
def test_both_signatures_are_equal(name):
    assert inspect.signature(getattr(R, name)) == inspect.signature(getattr(F, name))


@each_implementation
def test_tuning_parameters_are_keyword_only_and_have_defaults(loss):
    parameters = inspect.signature(loss).parameters.values()
    tuning = [p for p in parameters if p.default is not p.empty]
    assert all(p.kind is p.KEYWORD_ONLY for p in tuning)
    assert all(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters if p not in tuning)


@each_implementation
def test_docstring_has_every_section_and_names_every_parameter(loss):
    docstring = inspect.getdoc(loss)
    assert docstring.partition("\n")[0].endswith(".")
    for heading in SECTIONS:
        assert section(docstring, heading), f"{heading} is missing"
    for parameter in inspect.signature(loss).parameters:
        assert f"{parameter}: " in section(docstring, "Args"), f"{parameter} is not described"
    assert re.search(r"doi:10\.|arXiv:\d|\(1[78]\d\d\)", section(docstring, "Source"))
    assert ">>> " in docstring


@each_loss
def test_both_docstrings_say_the_same(name):
    one, other = (inspect.getdoc(getattr(package, name)) for package in PACKAGES)
    assert one.partition("Args:")[0] == other.partition("Args:")[0]
    for heading in SHARED_SECTIONS:
        assert section(one, heading) == section(other, heading)


@pytest.mark.parametrize("module", [m.name for m in pkgutil.walk_packages(losslib.__path__, "losslib.")])
def test_examples_of_the_docstrings_run(module):
    failed, _ = doctest.testmod(importlib.import_module(module))
    assert failed == 0


@each_loss
def test_a_chapter_uses_the_loss(name):
    notebooks = [nbformat.read(path, as_version=4) for path in CHAPTERS.rglob("*.ipynb")]
    code = [cell.source for book in notebooks for cell in book.cells if cell.cell_type == "code"]
    assert any(re.search(rf"\b{name}\b", source) for source in code), f"no notebook of book/en uses {name}"


@pytest.mark.parametrize(("module", "works"), [("losslib.reference", True), ("losslib.functional", False)])
def test_only_the_reference_imports_without_torch(module, works):
    code = f"import sys; sys.modules['torch'] = None; import {module}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=CHAPTERS.parents[1]
    )
    assert (done.returncode == 0) is works, done.stderr
    assert works or "import of torch halted" in done.stderr


# Arguments


@each_implementation
def test_shapes_are_never_broadcast(loss):
    name, make = loss.__name__, torch.ones
    for expected, got in (((2, 4), (2,)), ((3,), (3, 1)), ((3, 1), (3,)), ((2,), ())):
        message = f"{name}: expected target {expected}, got {got}"
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            loss(make(expected), make(got))


@each_implementation
@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
def test_predictions_must_be_floating_point(loss, dtype):
    message = rf"^{loss.__name__}: expected input of a floating-point dtype, got (torch\.)?{str(dtype)[6:]}$"
    with pytest.raises(TypeError, match=message):
        loss(torch.ones(3, dtype=dtype), torch.ones(3))


@each_implementation
def test_complex_targets_are_refused(loss):
    with pytest.raises(
        TypeError, match=f"^{loss.__name__}: expected target of a real dtype, got .*complex64$"
    ):
        loss(torch.ones(3), torch.ones(3, dtype=torch.complex64))


@each_loss
def test_functional_takes_tensors_only(name):
    with pytest.raises(TypeError, match=f"^{name}: expected input to be a torch.Tensor, got list$"):
        getattr(F, name)([1.0], torch.ones(1))
    with pytest.raises(TypeError, match=f"^{name}: expected target to be a torch.Tensor, got ndarray$"):
        getattr(F, name)(torch.ones(1), np.ones(1))


@pytest.mark.parametrize("loss", REDUCED.values(), ids=REDUCED)
def test_unknown_reduction_lists_the_three(loss):
    arguments = [torch.from_numpy(argument) for argument in EXAMPLES[loss.__name__]]
    message = f"{loss.__name__}: expected reduction 'mean', 'sum' or 'none', got 'average'"
    with pytest.raises(ValueError, match=f"^{message}$"):
        loss(*arguments, reduction="average")


# Values


@each_loss
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_both_return_the_dtype_of_the_prediction(name, dtype):
    arguments = [argument.astype(dtype) for argument in EXAMPLES[name]]
    expected = getattr(R, name)(*EXAMPLES[name])
    for loss in (getattr(R, name)(*arguments), getattr(F, name)(*map(torch.from_numpy, arguments)).numpy()):
        assert loss.dtype == dtype
        np.testing.assert_allclose(loss, expected, rtol=4 * np.finfo(dtype).eps)


@each_loss
def test_bfloat16_returns_bfloat16_with_a_bfloat16_gradient(name):
    input, *rest = tensors(name, torch.bfloat16)
    loss = getattr(F, name)(input.requires_grad_(), *rest)
    loss.backward()
    assert loss.dtype == input.grad.dtype == torch.bfloat16
    torch.testing.assert_close(loss.double(), getattr(F, name)(*tensors(name)), rtol=2e-2, atol=0)


@each_loss
def test_integer_targets_do_not_change_the_dtype(name):
    input, target = np.float32([0.5, 2.0]), np.array([1, 0])
    for loss in (getattr(R, name)(input, target), getattr(F, name)(*map(torch.from_numpy, (input, target)))):
        assert str(loss.dtype).endswith("float32")
        np.testing.assert_allclose(loss, getattr(R, name)(input, target.astype(np.float32)), rtol=1e-6)


@each_loss
def test_strides_do_not_matter_and_inputs_stay_as_they_are(name):
    expected = getattr(R, name)(*EXAMPLES[name])
    reversed_views = [argument[::-1].copy()[::-1] for argument in EXAMPLES[name]]
    every_other = [np.repeat(argument, 2, axis=1)[:, ::2] for argument in EXAMPLES[name]]
    column_major = [np.asfortranarray(argument) for argument in EXAMPLES[name]]
    for arguments in (reversed_views, every_other, column_major):
        before = [argument.copy() for argument in arguments]
        np.testing.assert_allclose(getattr(R, name)(*arguments), expected)
        if arguments is not reversed_views:  # PyTorch has no negative strides
            np.testing.assert_allclose(getattr(F, name)(*map(torch.from_numpy, arguments)), expected)
        for argument, copy in zip(arguments, before, strict=True):
            np.testing.assert_array_equal(argument, copy)


# PyTorch's transforms


def value_and_gradient(loss, input, *rest):
    input = input.clone().requires_grad_()
    value = loss(input, *rest)
    return value.detach(), torch.autograd.grad(value, input)[0]


@each_loss
def test_compiles_as_one_graph(name):
    torch._dynamo.reset()
    compiled = torch.compile(getattr(F, name), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(
        value_and_gradient(compiled, *tensors(name)), value_and_gradient(getattr(F, name), *tensors(name))
    )


@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++", "cl"))), reason="needs a C++ compiler")
def test_all_losses_compile_to_machine_code():
    def total(input, target):
        return sum(getattr(F, name)(input, target) for name in EXAMPLES)

    torch._dynamo.reset()
    arguments = tensors("mse_loss")
    torch.testing.assert_close(
        value_and_gradient(torch.compile(total, fullgraph=True), *arguments),
        value_and_gradient(total, *arguments),
    )


@each_loss
def test_vmap_and_functional_grad_agree_with_a_loop(name):
    loss, arguments = getattr(F, name), tensors(name)
    each = [value_and_gradient(loss, *sample) for sample in zip(*arguments, strict=True)]
    torch.testing.assert_close(torch.func.vmap(loss)(*arguments), torch.stack([value for value, _ in each]))
    per_sample = torch.func.vmap(torch.func.grad(loss))(*arguments)
    torch.testing.assert_close(per_sample, torch.stack([gradient for _, gradient in each]))


@each_loss
def test_runs_on_meta_so_it_neither_waits_for_the_device_nor_leaves_it(name):
    value, gradient = value_and_gradient(getattr(F, name), *[t.to("meta") for t in tensors(name)])
    assert value.is_meta
    assert gradient.shape == EXAMPLES[name][0].shape


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@each_loss
def test_gpu_gives_the_same_and_is_never_waited_for(name):
    on_gpu = [argument.cuda() for argument in tensors(name)]
    torch.cuda.set_sync_debug_mode("error")
    try:
        value, gradient = value_and_gradient(getattr(F, name), *on_gpu)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.testing.assert_close(
        (value.cpu(), gradient.cpu()), value_and_gradient(getattr(F, name), *tensors(name))
    )


@each_loss
def test_autocast_gives_a_float32_loss_for_float32_targets(name):
    _, target = tensors(name, torch.float32)
    model = torch.nn.Linear(3, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        prediction = model(target)
        loss = getattr(F, name)(prediction, target)
    loss.backward()
    assert (prediction.dtype, loss.dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close(loss, getattr(F, name)(prediction.float(), target))
    assert model.weight.grad.isfinite().all()
