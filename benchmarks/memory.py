"""Memory of a loss: what waits for the backward pass, and the most that is held at once."""

import ctypes
from collections.abc import Callable

import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.profiler import ProfilerActivity, profile


def keep_freed_memory() -> bool:
    """Let the process keep what it frees, where its allocator can.

    Else each large tensor is fresh pages from the kernel or not, as the calls before left it, and that takes longer
    than most losses.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc
        return False
    map_most, trim_threshold = -4, -1
    return bool(mallopt(map_most, 0) and mallopt(trim_threshold, 2**31 - 1))


def saved_bytes(function: Callable, inputs) -> int:
    """Bytes that autograd keeps for the backward pass beside the inputs: each storage once, and whole."""
    own = {tensor.untyped_storage().data_ptr() for tensor in inputs}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = (
                storage  # held until counted, so that its address is not given out again
            )
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = function(*inputs)
        del loss
    return sum(storage.nbytes() for storage in kept.values())


def peak_bytes(call: Callable, device) -> int | None:
    """The most bytes that a call holds at once beyond what was there before; None where that cannot be seen."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    if device.type != "cpu":
        return None
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak
