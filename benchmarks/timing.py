"""Time by rounds: whatever is compared takes turns within each round, so that a busy machine is busy for all."""

import gc
import time
from collections.abc import Callable, Hashable
from statistics import median, quantiles

import torch

SAMPLE = 2e-3  # seconds that one measurement should take at least; short calls are repeated within it
FEWEST = 3  # rounds, however slow a call is

Seconds = dict[Hashable, list[float]]  # what was timed -> its time in each round


def time_in_rounds(calls: dict[Hashable, Callable], rounds: int, seconds: float, device) -> Seconds:
    """Time every call once a round, in an order that turns; at most `rounds`, and about `seconds` in all."""
    repeats = {}
    for key, call in calls.items():
        call()
        repeats[key] = max(1, round(SAMPLE / _time(call, 1, device)))
    found = {key: [] for key in calls}
    order = list(calls)
    start = time.perf_counter()
    gc.collect()
    gc.disable()
    try:
        for count in range(rounds):
            if count >= FEWEST and time.perf_counter() - start > seconds:
                break
            for key in order:
                found[key].append(_time(calls[key], repeats[key], device) / repeats[key])
            order.append(order.pop(0))
    finally:
        gc.enable()
    return found


def _time(call: Callable, repeats: int, device) -> float:
    """Seconds on the clock; on one thread those that the process got, of which other programs take none."""
    clock = time.process_time if device.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter
    wait(device)
    start = clock()
    for _ in range(repeats):
        call()
    wait(device)
    return clock() - start


def wait(device) -> None:
    """Until the device has done what it was asked to; a CPU has by then."""
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()


def spread(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, _, high = quantiles(values, method="inclusive") if len(values) > 1 else values * 3
    return {"median": short(median(values)), "low": short(low), "high": short(high)}


def short(value: float) -> float:
    """Four digits, which is more than a time is good for."""
    return float(f"{value:.4g}")


def ratio(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Of the times within each round: below 1 where ours is the faster."""
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])
