"""Every function under PyTorch's transforms and on its devices, whatever its family."""

import shutil
from functools import partial

import pytest
import torch

from tests.losslib.examples import EXAMPLES, functional, is_real, name_of, tensors, value_and_gradients

each_example = pytest.mark.parametrize("key", EXAMPLES)
# Each has an autograd.Function of its own, and PyTorch compiles none that defines a derivative in forward mode.
REVERSE_MODE_ALONE = {"log_cosh_loss", "sigmoid_focal_loss", "js_div_loss", "sinkhorn_plan", "sinkhorn_cost"}
ACCELERATORS = ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()


@each_example
def test_compiles_as_one_graph(key):
    torch._dynamo.reset()
    compiled = torch.compile(functional(key), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(
        value_and_gradients(compiled, *tensors(key)), value_and_gradients(functional(key), *tensors(key))
    )


@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++", "cl"))), reason="needs a C++ compiler")
def test_all_compile_to_machine_code():
    calls = [(functional(key), tensors(key)) for key in EXAMPLES if key == name_of(key)]

    def total(*arguments):
        value, start = 0, 0
        for function, drawn in calls:
            value = value + function(*arguments[start : start + len(drawn)]).sum()
            start += len(drawn)
        return value

    torch._dynamo.reset()
    # One graph, and scalar instructions: vector ones take the C++ compiler twice as long.
    compiled = torch.compile(total, fullgraph=True, options={"cpp.simdlen": 0})
    arguments = [argument for _, drawn in calls for argument in drawn]
    torch.testing.assert_close(
        value_and_gradients(compiled, *arguments), value_and_gradients(total, *arguments)
    )


@each_example
def test_vmap_and_functional_gradients_agree_with_a_loop(key):
    batches = [tensors(key, seed=seed) for seed in range(3)]
    in_dims = tuple(None if callable(a) else 0 for a in batches[0])
    real = tuple(position for position, a in enumerate(batches[0]) if is_real(a))
    stacked = [a[0] if callable(a[0]) else torch.stack(a) for a in zip(*batches, strict=True)]
    values, gradients = zip(*(value_and_gradients(functional(key), *batch) for batch in batches), strict=True)
    expected = [torch.stack(each) for each in zip(*gradients, strict=True)]

    def total(*arguments):
        return functional(key)(*arguments).sum()

    vmap = partial(torch.func.vmap, randomness="different")
    torch.testing.assert_close(vmap(functional(key), in_dims)(*stacked), torch.stack(values))
    for transform in (torch.func.grad, torch.func.jacrev):
        actual = vmap(transform(total, argnums=real), in_dims)(*stacked)
        torch.testing.assert_close(list(actual), expected)


@each_example
def test_forward_mode_agrees_with_gradients(key):
    arguments = tensors(key)
    real = [position for position, a in enumerate(arguments) if is_real(a)]
    generator = torch.Generator().manual_seed(1)
    tangents = [
        torch.randn(arguments[position].shape, dtype=torch.float64, generator=generator) for position in real
    ]
    _, gradients = value_and_gradients(functional(key), *arguments)

    def total(*values):
        given = dict(zip(real, values, strict=True))
        return functional(key)(*(given.get(position, a) for position, a in enumerate(arguments))).sum()

    given = tuple(arguments[position] for position in real)
    if name_of(key) in REVERSE_MODE_ALONE:
        with pytest.raises(RuntimeError, match="jvp"):
            torch.func.jvp(total, given, tuple(tangents))
        return
    _, slope = torch.func.jvp(total, given, tuple(tangents))
    expected = sum((g * t).sum() for g, t in zip(gradients, tangents, strict=True))
    torch.testing.assert_close(slope, expected)


@each_example
def test_runs_on_meta_so_it_neither_waits_for_the_device_nor_leaves_it(key):
    arguments = tensors(key, device="meta")
    value, gradients = value_and_gradients(functional(key, device="meta"), *arguments)
    assert value.is_meta
    assert value.shape == functional(key)(*tensors(key)).shape
    real = filter(is_real, arguments)
    assert all(g.is_meta and g.shape == a.shape for g, a in zip(gradients, real, strict=True))


@pytest.mark.parametrize("device", ACCELERATORS)
@each_example
def test_a_gpu_gives_the_same_and_is_never_waited_for(device, key):
    dtype = torch.float32 if device == "mps" else torch.float64  # MPS has no float64
    function, arguments = functional(key, dtype, device), tensors(key, dtype, device)
    if device == "cuda":
        torch.cuda.set_sync_debug_mode("error")
    try:
        actual = value_and_gradients(function, *arguments)
    finally:
        if device == "cuda":
            torch.cuda.set_sync_debug_mode("default")
    expected = value_and_gradients(functional(key, dtype), *tensors(key, dtype))
    torch.testing.assert_close(actual, expected, check_device=False)


@each_example
def test_autocast_changes_nothing(key):
    function, arguments = functional(key, torch.float32), tensors(key, torch.float32)

    def under_autocast(*arguments):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return function(*arguments)

    torch.testing.assert_close(
        value_and_gradients(under_autocast, *arguments), value_and_gradients(function, *arguments)
    )
