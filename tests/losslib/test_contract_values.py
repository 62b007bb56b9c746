"""What every function returns, whatever its family: the same in both packages, in the input's dtype."""

import inspect
import re

import numpy as np
import pytest
import torch

from losslib import reference as R
from tests.losslib.examples import (
    EXAMPLES,
    arrays,
    functional,
    gradients,
    is_real,
    name_of,
    reference,
    tensors,
    value_and_gradients,
)

SHARED = [key for key in EXAMPLES if name_of(key) in R.__all__]
REDUCED = [key for key in SHARED if "reduction" in inspect.signature(reference(key)).parameters]
BATCHED = [key for key in SHARED if not EXAMPLES[key].no_batch]
WHOLE = [  # losses whose target may hold whole numbers, of an integer dtype too
    key
    for key in SHARED
    if "target" in inspect.signature(reference(key)).parameters
    and is_real(arrays(key)[-1])
    and (arrays(key)[-1] == arrays(key)[-1].round()).all()
]
each_example = pytest.mark.parametrize("key", EXAMPLES)
each_shared = pytest.mark.parametrize("key", SHARED)


def real_parameters(key):
    """The names of the floating-point arguments of an example."""
    parameters = inspect.signature(functional(key)).parameters
    return [name for name, value in zip(parameters, arrays(key), strict=False) if is_real(value)]


def torch_views(arguments):
    """Tensors with the memory and strides of the arrays."""
    return [torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arguments]


@each_shared
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_both_agree_and_return_the_dtype_of_the_arguments(key, dtype):
    arguments, tolerance = arrays(key, dtype), {"float16": 1e-3, "float32": 1e-5, "float64": 1e-9}[dtype]
    # The arguments are rounded first: what rounding them changes is not the functions' doing.
    expected = reference(key)(*[a.astype(np.float64) if is_real(a) else a for a in arguments])
    one = reference(key, dtype)(*arguments)
    other = functional(key, getattr(torch, dtype))(*torch_views(arguments)).numpy()
    for value in (one, other):
        assert value.dtype == dtype
        np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance)


@each_example
def test_bfloat16_returns_bfloat16_with_bfloat16_gradients(key):
    arguments = tensors(key, torch.bfloat16)
    value, slopes = value_and_gradients(functional(key, torch.bfloat16), *arguments)
    assert {value.dtype, *(gradient.dtype for gradient in slopes)} == {torch.bfloat16}
    expected = functional(key)(*[a.double() if is_real(a) else a for a in arguments])
    torch.testing.assert_close(value.double(), expected, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("key", [key for key in EXAMPLES if len(real_parameters(key)) > 1])
def test_the_widest_argument_decides_the_dtype(key):
    """A model under autocast predicts in bfloat16, and its targets are float32."""
    arguments, wide = tensors(key, torch.bfloat16), functional(key, torch.float32)
    mixed = [a.float() if is_real(a) else a for a in arguments]
    first = next(place for place, a in enumerate(arguments) if is_real(a))
    mixed[first] = arguments[first]
    value, slopes = value_and_gradients(wide, *mixed)
    assert value.dtype == torch.float32
    assert slopes[0].dtype == torch.bfloat16
    if not any(map(callable, arguments)):  # a network computes in the dtype that it is given
        torch.testing.assert_close(value, wide(*[a.float() if is_real(a) else a for a in arguments]))


@pytest.mark.parametrize("key", WHOLE)
def test_integer_targets_do_not_change_the_dtype(key):
    *rest, target = arrays(key, np.float32)
    expected = reference(key)(*rest, target)
    for value in (
        reference(key)(*rest, target.astype(int)),
        functional(key)(*torch_views([*rest, target.astype(int)])).numpy(),
    ):
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, expected, rtol=1e-5)


@pytest.mark.parametrize("key", REDUCED)
def test_sum_is_the_sum_of_none(key):
    for package, make in ((reference, arrays), (functional, tensors)):
        each = package(key)(*make(key), reduction="none")
        assert each.ndim > 0
        np.testing.assert_allclose(package(key)(*make(key), reduction="sum"), each.sum(), rtol=1e-9)


@each_shared
def test_strides_do_not_matter_and_inputs_stay_as_they_are(key):
    expected = reference(key)(*arrays(key))
    negative = lambda a: a[::-1].copy()[::-1]  # noqa: E731
    every_other = lambda a: np.repeat(a, 2, axis=-1)[..., ::2]  # noqa: E731
    for layout in (negative, every_other, np.asfortranarray):
        arguments = [layout(a) if isinstance(a, np.ndarray) else a for a in arrays(key)]
        np.testing.assert_allclose(reference(key)(*arguments), expected, rtol=1e-9)
        if layout is not negative:  # PyTorch has no negative strides
            np.testing.assert_allclose(functional(key)(*torch_views(arguments)), expected, rtol=1e-9)
        for argument, as_it_was in zip(arguments, arrays(key), strict=True):
            np.testing.assert_array_equal(argument, as_it_was)


@pytest.mark.parametrize("key", BATCHED)
def test_an_empty_batch_gives_zero_with_zero_gradient(key):
    nothing = [a if callable(a) else a[:0] for a in arrays(key)]
    value, slopes = value_and_gradients(functional(key), *torch_views(nothing))
    np.testing.assert_array_equal(reference(key)(*nothing), np.zeros(value.shape))
    np.testing.assert_array_equal(value, np.zeros(value.shape))
    assert all(
        gradient.shape == a.shape for gradient, a in zip(slopes, filter(is_real, nothing), strict=True)
    )
    for reduction in ("sum", "none") if key in REDUCED else ():
        one, other = (
            reference(key)(*nothing, reduction=reduction),
            functional(key)(*torch_views(nothing), reduction=reduction),
        )
        assert one.shape == other.shape
        assert one.sum() == other.sum() == 0


@each_example
def test_gradient_flows_to_every_argument_that_should_have_one_and_to_no_other(key):
    arguments = [a.requires_grad_() if is_real(a) else a for a in tensors(key)]
    found = dict(zip(real_parameters(key), gradients(functional(key)(*arguments), arguments), strict=True))
    assert [name for name, gradient in found.items() if gradient is None] == list(EXAMPLES[key].constant)
    for gradient in filter(is_real, found.values()):
        assert gradient.isfinite().all()
        assert gradient.any()


@each_shared
def test_predictions_of_zero_have_a_finite_value_and_gradient(key):
    """Where roots, logarithms and quotients break."""

    def at_zero(arguments):
        named = zip(inspect.signature(functional(key)).parameters, arguments, strict=False)
        return [a * 0 if is_real(a) and not re.fullmatch("target|._weights", n) else a for n, a in named]

    value, slopes = value_and_gradients(functional(key), *at_zero(tensors(key)))
    assert value.isfinite().all()
    assert all(gradient.isfinite().all() for gradient in slopes)
    np.testing.assert_allclose(value, reference(key)(*at_zero(arrays(key))), rtol=1e-9, atol=1e-12)
