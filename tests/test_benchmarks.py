"""The benchmark of the losses: its statistics, its check of the peers, its bytes, its table. No time is judged."""

import copy
import json
import re
from pathlib import Path

import pytest
import torch

from benchmarks import losses, report, timing
from benchmarks.cases import FAMILIES, NOT_MEASURED
from benchmarks.inputs import SIZES
from benchmarks.memory import peak_bytes, saved_bytes
from benchmarks.peers import LIBRARIES
from benchmarks.timing import ratio, spread
from losslib import functional, plots

ROOT = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")
CASES = [case for cases in FAMILIES.values() for case in cases]
N = 1 << 12


@pytest.fixture
def pair():
    return torch.randn(N, requires_grad=True), torch.randn(N)


def test_spread_is_median_and_quartiles():
    assert spread([5, 1, 4, 2, 3]) == {"median": 3, "low": 2, "high": 4}
    assert spread([7]) == {"median": 7, "low": 7, "high": 7}


def test_ratio_is_taken_within_each_round():
    assert ratio([1, 20, 3], [2, 40, 3])["median"] == 0.5  # of the medians it would be 1


def test_calls_take_turns(monkeypatch):
    monkeypatch.setattr(timing, "SAMPLE", 0)
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "ab"}
    found = timing.time_in_rounds(calls, rounds=4, seconds=60, device=CPU)
    assert [len(values) for values in found.values()] == [4, 4]
    assert "".join(order) == "aabb" + "ab" + "ba" + "ab" + "ba"  # each warms up, and is tried once


def test_other_formula_is_told_by_its_value_or_its_gradient(pair):
    mse = torch.nn.functional.mse_loss
    functions = {
        "losslib": mse,
        "torch": lambda x, y: (x - y).square().mean(),
        "kornia": lambda x, y: 1.001 * mse(x, y),
        "monai": lambda x, y: mse(x, y) + (x - x.detach()).sum(),
        "pot": lambda x, y: mse(x, y, reduction="none"),
        "sklearn": lambda x, y: mse(x, y).item(),
        "smp": lambda x, y: 1 / 0,
    }
    inputs = [losses.as_double(tensor) for tensor in pair]
    found = losses.disagreements(functions, inputs)
    assert sorted(found) == ["kornia", "monai", "pot", "smp"]
    assert found["kornia"] == "value off by 1.0e-03, gradients by 1.0e-03"
    assert found["monai"].startswith("value off by 0.0e+00, gradients by")
    assert found["smp"] == "raises ZeroDivisionError: division by zero"


def test_saved_bytes_count_each_storage_once_and_no_input(pair):
    one = 4 * N
    assert saved_bytes(lambda x, y: (x * y).sum(), pair) == 0  # x and y are there anyway
    assert saved_bytes(lambda x, y: (x - y).square().sum(), pair) == one
    assert saved_bytes(lambda x, y: x.exp()[: N // 2].square().sum(), pair) == one  # a part keeps the whole
    assert saved_bytes(lambda x, y: ((x - y).exp() * (x - y).exp()).sum(), pair) == 2 * one


def test_peak_bytes_are_all_that_lives_at_once(pair):
    x, y = (tensor.detach() for tensor in pair)
    one = 4 * N
    assert peak_bytes(lambda: x - y, CPU) == one
    assert peak_bytes(lambda: ((x - y).exp(), None)[1], CPU) == 2 * one


def test_every_function_is_measured_or_it_is_said_why_not():
    assert {case.loss for case in CASES} | set(NOT_MEASURED) == set(functional.__all__)


def test_every_peer_is_a_library_that_is_pinned():
    named = {key for case in CASES for key in {*case.peers, *case.omitted, *case.most}}
    assert named <= set(LIBRARIES)
    pins = re.findall(r"^([\w-]+)==", (ROOT / "benchmarks/requirements.txt").read_text("utf-8"), re.MULTILINE)
    pins += re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert {LIBRARIES[key].package for key in named} <= set(pins)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_inputs_hold_as_many_predictions_as_asked(case):
    predictions = [tensor for tensor in case.inputs(SIZES["small"]) if tensor.requires_grad]
    assert predictions
    assert case.function(functional)(*case.inputs(SIZES["small"])).shape == ()


@pytest.fixture(scope="module")
def data():
    """What a run gives, but for its numbers: two losses, two libraries, one of them missing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(losses.peers, "load", lambda: ({"torch": torch.nn.functional}, {"pot": "no module"}))
        data = losses.run(losses.parse(["--quick", "--rounds", "1", "--only", "mse_loss", "wasserstein_1d"]))
    mse = data["results"][0]
    for each, median in zip(mse["timings"], (3.0, 2.0, 1.2, 1.01), strict=True):
        each["ratios"] = [
            {
                "ours": "losslib",
                "theirs": "torch",
                "median": median,
                "low": median - 0.1,
                "high": median + 0.1,
            }
        ]
    return data


def test_data_can_be_written_and_read(data, tmp_path):
    report.write(data, tmp_path)
    assert json.loads((tmp_path / "losses.json").read_text("utf-8")) == data
    assert {"date", "device", "versions", "sizes", "threads", "results"} <= set(data)


def test_table_shows_ratios_by_pass_and_size_with_memory(data):
    lines = [line.split() for line in report.table(data).splitlines()]
    row = next(line for line in lines if line[:1] == ["mse_loss"])
    assert row[1:10] == ["PyTorch", "3.00", "±0.10", "1.20", "±0.10", "2.00", "±0.10", "1.01", "±0.10"]
    assert row[10:12] == ["0.00", "0.00"]
    assert next(line for line in lines if line[:1] == ["wasserstein_1d"])[1:6] == ["-"] * 5
    assert ["POT", "cannot", "be", "imported", "here:", "no", "module"] in lines


def test_verdict_names_what_is_slower_or_keeps_more_than_it_may(data):
    assert report.verdicts(data) == ["mse_loss: 1.20 ±0.10 beside PyTorch (cached, forward)"]
    data = copy.deepcopy(data)
    data["results"][0]["saved"] = {"losslib": 1.0, "torch": 0.0}
    assert "mse_loss: saves 1.00, PyTorch 0.00" in report.verdicts(data)


def test_figure_has_a_row_for_each_comparison_and_follows_the_page(data):
    svg = plots.to_svg(report.figure(data))
    assert "mse_loss · PyTorch" in svg
    assert "currentColor" in svg
    assert "var(--loss-0" in svg
