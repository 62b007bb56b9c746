"""Measure the losses beside PyTorch's own and other libraries': time, memory, share of the memory's bandwidth.

    make bench
    make bench options="--only segmentation huber_loss --size cached large"

All runs in one process and takes turns round by round. Before a library is timed it must return the value and the
gradients of losslib. A ratio is losslib's time by the other's: below 1, losslib is the faster. Medians and quartiles
are printed and written, with a figure, to `_build/bench`; `--save` keeps them in `benchmarks/results`.
"""

import argparse
import os
import platform
import shutil
import sys
import time
import warnings
from datetime import date
from pathlib import Path

os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # PyTorch's profiler would print a line for each use

import torch

from benchmarks import peers, report
from benchmarks.cases import FAMILIES, Case
from benchmarks.inputs import SIZES
from benchmarks.memory import keep_freed_memory, peak_bytes, saved_bytes
from benchmarks.timing import ratio, short, spread, time_in_rounds
from losslib import functional

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build" / "bench"
RESULTS = ROOT / "benchmarks" / "results"
TOLERANCE = 1e-5  # of the largest entry: some libraries compute in float32 whatever they are given
PASSES = {"forward": False, "forward and backward": True}
COPIED = 2**27  # bytes that a copy reads and writes, to know the memory's speed
OURS, COMPILED = "losslib", " compiled"


def measure(family: str, case: Case, libraries, options) -> dict:
    """All that is known about a case: memory at its largest size, times and ratios at each."""
    found = {
        "family": family,
        "loss": case.loss,
        "name": case.name,
        "options": case.options,
        "pointwise": case.pointwise,
        "omitted": dict(case.omitted),
        "disagree": {},
        "saved": {},
        "peak": {},
        "timings": [],
    }
    functions = {OURS: case.function(functional)}
    functions |= {key: case.peer(key, libraries[key]) for key in case.peers if key in libraries}
    for size in options.size:
        torch.manual_seed(0)
        inputs = tuple(to_device(tensor, options.device) for tensor in case.inputs(SIZES[size]))
        reaching = {key: f for key, f in functions.items() if case.reaches(key, size)}
        found["disagree"] |= disagreements(reaching, [as_double(tensor) for tensor in inputs])
        agreed = {key: f for key, f in reaching.items() if key not in found["disagree"]}
        is_largest = size == options.size[-1]
        if is_largest:
            found |= memory(agreed, inputs, options.device)
        for name, backward in PASSES.items():
            timed = {key: f for key, f in agreed.items() if not backward or has_gradients(key)}
            if options.compile and size == "large" and case.pointwise:
                both = compiled(timed)
                if backward:
                    found["disagree"] |= disagreements({OURS: functions[OURS]} | both, inputs)
                timed |= {key: f for key, f in both.items() if key not in found["disagree"]}
            found["timings"].append(
                {"size": size, "pass": name, "shapes": [list(tensor.shape) for tensor in inputs]}
                | timings(timed, inputs, backward, is_largest, options)
            )
            torch.compiler.reset()
    return found


def compiled(functions) -> dict:
    """Ours and PyTorch's own, for these inputs alone."""
    return {
        key + COMPILED: torch.compile(functions[key], dynamic=False, fullgraph=True)
        for key in (OURS, "torch")
        if key in functions
    }


def to_device(tensor: torch.Tensor, device) -> torch.Tensor:
    return tensor.detach().to(device).requires_grad_(tensor.requires_grad)


def as_double(tensor: torch.Tensor) -> torch.Tensor:
    """Definitions are compared where rounding does not blur them; MPS has no float64."""
    tensor = tensor.cpu() if tensor.device.type == "mps" else tensor
    if not tensor.is_floating_point():
        return tensor
    return tensor.detach().double().requires_grad_(tensor.requires_grad)


def has_gradients(key: str) -> bool:
    return key.removesuffix(COMPILED) == OURS or not peers.LIBRARIES[key.removesuffix(COMPILED)].is_numpy


def gradients(function, inputs):
    return torch.autograd.grad(function(*inputs), [tensor for tensor in inputs if tensor.requires_grad])


def disagreements(functions, inputs) -> dict[str, str]:
    """The functions whose value or gradients are not ours, and by how much."""
    expected = _value_and_gradients(OURS, functions[OURS], inputs)
    found = {}
    for key, function in functions.items():
        try:
            results = _value_and_gradients(key, function, inputs)
        except Exception as error:  # whatever a library raises, the others go on
            found[key] = f"raises {type(error).__name__}: {error}".splitlines()[0]
            continue
        off = [_difference(theirs, ours) for theirs, ours in zip(results, expected, strict=False)]
        if not max(off) <= TOLERANCE:
            found[key] = f"value off by {off[0]:.1e}, gradients by {max(off[1:], default=0):.1e}"
    return found


def _value_and_gradients(key, function, inputs) -> list[torch.Tensor]:
    value = torch.as_tensor(function(*inputs)).detach()
    return [value, *gradients(function, inputs)] if has_gradients(key) else [value]


def _difference(theirs: torch.Tensor, ours: torch.Tensor) -> float:
    """The largest difference, relative to the largest entry; infinite where the shapes differ."""
    if theirs.shape != ours.shape:
        return float("inf")
    return float((theirs - ours).abs().max() / ours.abs().max().clamp(min=torch.finfo(ours.dtype).tiny))


def memory(functions, inputs, device) -> dict[str, dict]:
    """Saved and peak bytes of forward and backward, as multiples of the predictions' bytes."""
    unit = sum(tensor.nbytes for tensor in inputs if tensor.requires_grad)
    found = {"saved": {}, "peak": {}}
    for key, function in functions.items():
        if not has_gradients(key):
            continue
        found["saved"][key] = short(saved_bytes(function, inputs) / unit)
        peak = peak_bytes(lambda function=function: gradients(function, inputs), device)
        found["peak"][key] = None if peak is None else short(peak / unit)
    return found


def timings(functions, inputs, backward: bool, with_copy: bool, options) -> dict:
    """Times and ratios; and how near the speed of copying reading all inputs and writing all gradients once comes."""
    calls = {key: _call(function, inputs, backward) for key, function in functions.items()}
    if with_copy:
        calls["copy"] = copying(options.device)
    with torch.set_grad_enabled(backward):
        seconds = time_in_rounds(calls, options.rounds, options.seconds, options.device)
    found = {
        "rounds": len(seconds[OURS]),
        "seconds": {key: spread(values) for key, values in seconds.items()},
        "ratios": [
            {"ours": ours, "theirs": theirs} | ratio(seconds[ours], seconds[theirs])
            for ours, theirs in compared(functions)
        ],
    }
    if with_copy:
        traffic = sum(tensor.nbytes * (2 if backward and tensor.requires_grad else 1) for tensor in inputs)
        speeds = [traffic / time for time in seconds[OURS]], [COPIED / time for time in seconds["copy"]]
        found["bandwidth"] = ratio(*speeds)
    return found


def copying(device):
    """A copy between two places that no cache holds."""
    source = torch.zeros(COPIED // 8, device=device)
    target = torch.zeros_like(source)
    return lambda: target.copy_(source)


def compared(keys) -> list[tuple[str, str]]:
    """Ours beside each library as it is; compiled beside PyTorch's as it is and compiled, or ours as it is."""
    found = [(OURS, key) for key in keys if key != OURS and not key.endswith(COMPILED)]
    ours = OURS + COMPILED
    if ours in keys:
        found += [(ours, key) for key in ("torch", "torch" + COMPILED) if key in keys] or [(ours, OURS)]
    return found


def _call(function, inputs, backward):
    if backward:
        return lambda: gradients(function, inputs)
    return lambda: function(*inputs)


def about(libraries, missing, options) -> dict:
    """Where and with what it was measured."""
    device = options.device
    seconds = time_in_rounds({"copy": copying(device)}, 15, 1, device)["copy"]
    return {
        "date": date.today().isoformat(),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else processor(),
        "kind": device.type,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": peers.versions(libraries),
        "missing": missing,
        "sizes": {size: SIZES[size] for size in options.size},
        "copy": short(COPIED / spread(seconds)["median"]),  # bytes a second
    }


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {platform.machine()}" if names else platform.processor() or platform.machine()


def parse(arguments=None):
    families = [*FAMILIES, *(case.loss for cases in FAMILIES.values() for case in cases)]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=families, metavar="NAME", help="families or losses")
    parser.add_argument("--size", nargs="+", choices=SIZES, default=[*SIZES])
    parser.add_argument("--device", type=torch.device, default="cpu", help="cpu (default), cuda or mps")
    parser.add_argument("--threads", type=int, default=1, help="on the CPU; 1 by default")
    parser.add_argument("--rounds", type=int, default=25, help="at most, for each measurement")
    parser.add_argument("--seconds", type=float, default=1.0, help="about as long for each measurement")
    parser.add_argument("--eager", dest="compile", action="store_false", help="leave torch.compile out")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, nothing large, nothing compiled")
    parser.add_argument("--save", action="store_true", help="keep the results in benchmarks/results")
    options = parser.parse_args(arguments)
    if options.save and (options.only or options.quick):
        parser.error("--save keeps whole runs, without --only or --quick")
    if options.quick:
        options.size, options.rounds, options.compile = ["small", "cached"], 7, False
    options.size = [size for size in SIZES if size in options.size]
    return options


def run(options) -> dict:
    """Measure what the options choose; tell the progress."""
    print("Loading the libraries ...", flush=True)
    libraries, missing = peers.load()
    if options.device.type != "cpu":
        libraries = {key: module for key, module in libraries.items() if not peers.LIBRARIES[key].is_numpy}
    chosen = [
        (family, case)
        for family, cases in FAMILIES.items()
        for case in cases
        if not options.only or {family, case.loss} & {*options.only}
    ]
    data = about(libraries, missing, options) | {"results": []}
    start = time.perf_counter()
    for count, (family, case) in enumerate(chosen, 1):
        result = measure(family, case, libraries, options)
        data["results"].append(result)
        elapsed = time.perf_counter() - start
        print(f"{elapsed:4.0f} s  {count:2} of {len(chosen)}  {report.summary(result)}", flush=True)
    return data


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    warnings.simplefilter("ignore")  # the libraries' own, about themselves
    data = run(options)
    print(report.table(data))
    print("\nMissed bounds:", *report.verdicts(data) or ["none"], sep="\n  ")
    report.write(data, BUILD)
    print(f"\nWritten to {BUILD.relative_to(ROOT)}: losses.json, losses.svg")
    if options.save:
        RESULTS.mkdir(exist_ok=True)
        shutil.copy(BUILD / "losses.json", RESULTS)
    if any(result["disagree"] for result in data["results"]):
        sys.exit("Some libraries do not return what losslib does; the notes above name them.")


if __name__ == "__main__":
    main()
