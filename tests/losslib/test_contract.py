"""The conventions of the interface that every function keeps, whatever its family, in both packages."""

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import get_type_hints

import nbformat
import pytest

import losslib
from losslib import functional as F
from losslib import reference as R
from tests.losslib.examples import (
    EXAMPLES,
    FAMILIES,
    FUNCTIONAL_ONLY,
    arrays,
    functional,
    is_real,
    name_of,
    reference,
    tensors,
)

ROOT = Path(__file__).parents[2]
# Arguments that come last, can be left out, and are data nevertheless.
OPTIONAL_DATA = {"gaussian_kl_loss": ["mu2", "logvar2"], "wasserstein_1d": ["u_weights", "v_weights"]}
SHARED_SECTIONS = ("Shapes", "Source", "PyTorch")
SECTIONS = ("Shapes", "Args", "Raises", "Source", "PyTorch")

IMPLEMENTATIONS = {
    f"{package.__name__.removeprefix('losslib.')}.{name}": getattr(package, name)
    for package in (R, F)
    for name in package.__all__
}
each_implementation = pytest.mark.parametrize("function", IMPLEMENTATIONS.values(), ids=IMPLEMENTATIONS)
each_name = pytest.mark.parametrize("name", F.__all__)
each_shared_name = pytest.mark.parametrize("name", R.__all__)
# Every example in both packages: the function, and the positional arguments that suit it.
CALLS = {f"functional.{key}": (key, functional, tensors) for key in EXAMPLES}
CALLS |= {f"reference.{key}": (key, reference, arrays) for key in EXAMPLES if name_of(key) in R.__all__}
each_call = pytest.mark.parametrize(("key", "package", "make"), CALLS.values(), ids=CALLS)
REDUCED = {
    name: call
    for name, call in CALLS.items()
    if "reduction" in inspect.signature(call[1](call[0])).parameters
}


def section(docstring, heading):
    """The text of one docstring section: from `heading:` to the next section or the examples."""
    found = re.search(rf"^{heading}:(.*?)(?=^\w+:|^>>>|\Z)", docstring, re.MULTILINE | re.DOTALL)
    return found and " ".join(found[1].split())


def parameters(key):
    """The names of the positional arguments of an example."""
    return list(inspect.signature(getattr(F, name_of(key))).parameters)[: len(EXAMPLES[key].draws)]


# Both packages


def test_both_packages_hold_the_same_functions_and_each_has_an_example():
    assert F.__all__ == sorted({name_of(key) for key in EXAMPLES})
    assert R.__all__ == [name for name in F.__all__ if name not in FUNCTIONAL_ONLY]


@pytest.mark.parametrize(("family", "keys"), FAMILIES.items(), ids=FAMILIES)
def test_a_family_is_a_module_of_one_name_in_both(family, keys):
    names = {name_of(key) for key in keys}
    assert {getattr(F, name).__module__ for name in names} == {f"losslib.functional.{family}"}
    shared = names - FUNCTIONAL_ONLY.keys()
    assert {getattr(R, name).__module__ for name in shared} == {f"losslib.reference.{family}"}


@each_shared_name
def test_both_signatures_are_equal(name):
    one, other = (inspect.signature(getattr(package, name)).parameters.values() for package in (R, F))
    assert [(p.name, p.kind, p.default) for p in one] == [(p.name, p.kind, p.default) for p in other]


@each_implementation
def test_every_parameter_and_the_result_have_a_type(function):
    assert get_type_hints(function).keys() == {*inspect.signature(function).parameters, "return"}


@each_shared_name
def test_what_is_no_array_has_one_type_in_both(name):
    one, other = (get_type_hints(getattr(package, name)) for package in (R, F))
    arrays = {parameter for parameter, hint in other.items() if "Tensor" in str(hint)}
    assert arrays >= {"return"}
    assert all(one[parameter] == hint for parameter, hint in other.items() if parameter not in arrays)


@each_implementation
def test_tuning_parameters_are_keyword_only(function):
    positional = [
        p for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    optional = [p.name for p in positional if p.default is not p.empty]
    assert optional == OPTIONAL_DATA.get(function.__name__, [])


@each_implementation
def test_docstring_has_every_section_and_names_every_parameter(function):
    docstring = inspect.getdoc(function)
    assert docstring.partition("\n")[0].endswith(".")
    for heading in SECTIONS:
        assert section(docstring, heading), f"{heading} is missing"
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"\b{parameter}\b.*?: ", section(docstring, "Args")), (
            f"{parameter} is not described"
        )
    assert re.search(r"doi:10\.|arXiv:\d|\(1[78]\d\d\)", section(docstring, "Source"))
    assert ">>> " in docstring


@each_shared_name
def test_both_docstrings_say_the_same(name):
    one, other = (inspect.getdoc(getattr(package, name)) for package in (R, F))
    assert one.partition("Args:")[0] == other.partition("Args:")[0]
    for heading in SHARED_SECTIONS:
        assert section(one, heading) == section(other, heading)


@pytest.mark.parametrize("module", [m.name for m in pkgutil.walk_packages(losslib.__path__, "losslib.")])
def test_examples_of_the_docstrings_run(module):
    failed, _ = doctest.testmod(importlib.import_module(module))
    assert failed == 0


@cache
def code_of_the_book():
    notebooks = [nbformat.read(path, as_version=4) for path in (ROOT / "book/en").rglob("*.ipynb")]
    return "\n".join(cell.source for book in notebooks for cell in book.cells if cell.cell_type == "code")


@each_name
def test_a_chapter_uses_the_function(name):
    assert re.search(rf"\b{name}\b", code_of_the_book()), f"no notebook of book/en uses {name}"


@pytest.mark.parametrize(("module", "works"), [("losslib.reference", True), ("losslib.functional", False)])
def test_only_the_reference_imports_without_torch(module, works):
    code = f"import sys; sys.modules['torch'] = None; import {module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode == 0) is works, done.stderr
    assert works or "import of torch halted" in done.stderr


# Arguments


@each_call
def test_shapes_are_never_broadcast(key, package, make):
    for position, name in enumerate(parameters(key)):
        right = make(key)[position]
        if callable(right) or name in EXAMPLES[key].free:
            continue
        for wrong in (right[..., None], right[None], right[:-1], right[:1]):
            arguments = make(key)
            arguments[position] = wrong
            with pytest.raises(ValueError, match=rf"^{name_of(key)}: expected ") as caught:
                package(key)(*arguments)
            named, got = re.fullmatch(r".*: expected (\w+) .*, got (\(.*?\))", str(caught.value)).groups()
            assert got == str(tuple(arguments[parameters(key).index(named)].shape))


@each_call
def test_real_arguments_must_be_floating_point(key, package, make):
    for position, parameter in enumerate(parameters(key)):
        arguments = make(key)
        if not is_real(arguments[position]) or re.fullmatch("target|._weights", parameter):
            continue
        arguments[position] = (arguments[position] > 0) * 1
        message = rf"^{name_of(key)}: expected {parameter} of a floating-point dtype, got (torch\.)?int64$"
        with pytest.raises(TypeError, match=message):
            package(key)(*arguments)


@each_call
def test_class_indices_must_be_integers(key, package, make):
    for position, parameter in enumerate(parameters(key)):
        arguments = make(key)
        if callable(arguments[position]) or is_real(arguments[position]):
            continue
        arguments[position] = arguments[position] * 1.0
        kind = "class indices" if parameter == "target" else parameter
        message = rf"^{name_of(key)}: expected {kind} of an integer dtype, got (torch\.)?float(32|64)$"
        with pytest.raises(TypeError, match=message):
            package(key)(*arguments)


@each_call
def test_complex_numbers_are_refused(key, package, make):
    for position, parameter in enumerate(parameters(key)):
        arguments = make(key)
        if callable(arguments[position]):
            continue
        arguments[position] = arguments[position] * 1j
        with pytest.raises(
            TypeError, match=rf"^{name_of(key)}: expected .*, got (torch\.)?complex"
        ) as caught:
            package(key)(*arguments)
        assert re.search(rf"\b{parameter}\b|class indices", str(caught.value))


@pytest.mark.parametrize("key", EXAMPLES)
def test_functional_takes_tensors_only(key):
    for position, parameter in enumerate(parameters(key)):
        for wrong, kind in ((arrays(key)[position], "ndarray"), ([1.0], "list")):
            arguments = tensors(key)
            if callable(arguments[position]):
                continue
            arguments[position] = wrong
            message = f"^{name_of(key)}: expected {parameter} to be a torch.Tensor, got {kind}$"
            with pytest.raises(TypeError, match=message):
                functional(key)(*arguments)


@pytest.mark.parametrize(("key", "package", "make"), REDUCED.values(), ids=REDUCED)
def test_unknown_reduction_lists_the_choices(key, package, make):
    default = inspect.signature(package(key)).parameters["reduction"].default
    choices = "'mean', 'sum' or 'none'" if default == "mean" else "'batchmean', 'mean', 'sum' or 'none'"
    message = f"^{name_of(key)}: expected reduction {choices}, got 'average'$"
    with pytest.raises(ValueError, match=message):
        package(key)(*make(key), reduction="average")
