"""What a notebook's setup cell promises, timing, and tables."""

import os
import random

import matplotlib
import numpy as np
import pytest
import torch

from losslib import notebook, plots
from losslib.locales import language


@pytest.fixture
def threads(monkeypatch):
    """What set_num_threads was called with, without calling it."""
    calls = []
    monkeypatch.setattr(torch, "set_num_threads", calls.append)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return calls


def draws():
    return random.random(), np.random.rand(), torch.rand(1).item()


# setup and seed


@pytest.mark.usefixtures("threads")
def test_setup_sets_language_seeds_and_style():
    notebook.setup("ru")
    first = draws()
    assert language() == "ru"
    assert matplotlib.rcParams["svg.fonttype"] == "none"
    assert matplotlib.rcParams["axes.prop_cycle"].by_key()["color"] == plots.COLORS
    assert draws() != first
    notebook.setup("ru")
    assert draws() == first


def test_setup_takes_four_threads_at_most(threads, monkeypatch):
    for cores, expected in ((16, 4), (2, 2), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        notebook.setup()
        assert threads.pop() == expected


def test_setup_leaves_the_threads_alone_where_the_environment_sets_them(threads, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook.setup()
    assert threads == []


@pytest.mark.usefixtures("threads")
def test_setup_refuses_an_unknown_language():
    with pytest.raises(ValueError, match=r"expected one of en, .*, got 'xx'"):
        notebook.setup("xx")


def test_seed_repeats_every_generator():
    notebook.seed(7)
    first = draws()
    notebook.seed(7)
    assert draws() == first
    notebook.seed(8)
    assert all(a != b for a, b in zip(draws(), first, strict=True))


# device and time


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_device_prefers_cuda_then_mps_then_the_cpu(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert notebook.device().type == expected


@pytest.mark.parametrize("kind", ["cuda", "mps", "cpu"])
def test_synchronize_waits_for_the_device_it_is_given(monkeypatch, kind):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda where: waited.append("cuda"))
    monkeypatch.setattr(torch.mps, "synchronize", lambda: waited.append("mps"))
    notebook.synchronize(torch.device(kind))
    assert waited == [kind] * (kind != "cpu")


def test_time_step_reads_the_clock_only_when_the_device_is_done(monkeypatch, capsys):
    events, clock = [], iter([0, 1, 10, 13, 20, 22])

    def now():
        events.append("clock")
        return next(clock)

    monkeypatch.setattr(notebook, "synchronize", lambda where: events.append("wait"))
    monkeypatch.setattr(notebook.time, "perf_counter", now)
    seconds = notebook.time_step(lambda: events.append("step"), torch.device("cpu"), repeats=3)
    assert seconds == 2  # the median of 1, 3 and 2
    assert events == ["step"] * 3 + ["wait"] + ["clock", "step", "wait", "clock"] * 3
    assert capsys.readouterr().out == f"{notebook.device_name(torch.device('cpu'))}: 2000.00 ms\n"


def test_device_name_is_never_empty(monkeypatch):
    assert notebook.device_name(torch.device("cpu")).startswith("CPU (")
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda where: "NVIDIA H200")
    assert notebook.device_name(torch.device("cuda")) == "NVIDIA H200"


# table


def test_table_shows_floats_with_the_digits_asked_for_and_the_rest_as_it_is():
    table = notebook.table({"n": [1, -20], "loss": [0.5, -1.23456], "name": ["MSE", "a-b"]}, digits=2)
    assert repr(table) == "n\tloss\tname\n1\t0.50\tMSE\n−20\t−1.23\ta-b"


def test_table_takes_arrays_and_tensors_and_writes_no_negative_zero():
    table = notebook.table({"a": np.array([1.0, -1e-9]), "b": torch.tensor([2, -3])}, digits=1)
    assert repr(table) == "a\tb\n1.0\t2\n0.0\t−3"


def test_table_has_real_minus_signs_in_its_words_too():
    table = notebook.table(
        {"y = -1": ["-2.677e+60", "1e-04", "log-cosh", "dim=-1", "-inf"], "x": [-np.inf] * 5}
    )
    assert repr(table).split("\n")[:3] == ["y = −1\tx", "−2.677×10⁶⁰\t−inf", "10⁻⁴\t−inf"]
    assert [row[0] for row in table.rows[2:]] == ["log-cosh", "dim=-1", "−inf"]


def test_table_is_accessible_html_and_escapes_its_text():
    html = notebook.table({"<δ>": ["a & b"]})._repr_html_()
    assert '<th scope="col">&lt;δ&gt;</th>' in html
    assert "<td>a &amp; b</td>" in html


def test_lines_of_a_table_break_neither_within_formulas_nor_before_units():
    html = notebook.table(
        {"recall at 1, %": ["Huber, δ = 0.5", "N(0, 1) noise", "a or b", "100 000", "x > 3 px"]}
    )._repr_html_()
    for whole in (
        "recall at 1,\xa0%<",
        ">Huber, δ\xa0=\xa00.5<",
        ">N(0,\xa01) noise<",
        ">a or b<",
        ">100\xa0000<",
        ">x\xa0&gt;\xa03\xa0px<",
    ):
        assert whole in html


@pytest.mark.usefixtures("threads")
def test_russian_table_has_decimal_commas():
    notebook.setup("ru")
    assert repr(notebook.table({"δ": [0.5]}, digits=2)) == "δ\n0,50"
    words = notebook.table({"ε = 0.1": ["-2.677e+60", "0.70 ± 0.06", "f(x=0.5)"]})
    assert repr(words) == "ε = 0,1\n−2,677×10⁶⁰\n0,70 ± 0,06\nf(x=0.5)"


def test_columns_of_a_table_are_equally_long():
    with pytest.raises(ValueError, match=r"^table: expected columns of one length, got \{'a': 1, 'b': 2\}$"):
        notebook.table({"a": [1], "b": [1, 2]})
