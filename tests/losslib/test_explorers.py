"""Explorers: what their tables hold equals losslib, their fits are exact, their errors clear, their ids stable."""

import gzip
import json
import re
import subprocess
import sys
from collections import Counter
from functools import partial

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from traitlets import TraitError

from losslib import functional as F
from losslib.explorers import (
    Axis,
    Curve,
    Explorer,
    Handle,
    Panel,
    Points,
    Readout,
    Rects,
    Segments,
    Slider,
    Table,
    Text,
    descent,
    fits,
    loss_curves,
    outlier_fit,
    tabulate,
)
from losslib.explorers.encoding import STEPS, coordinates, format_number, ticks
from losslib.locales import use_language

VIEW = "application/vnd.jupyter.widget-view+json"
GRID = np.linspace(-4, 4, 41)
POINTS_X = np.linspace(0, 10, 15)
POINTS_Y = 1 + 0.8 * POINTS_X + np.random.default_rng(1).normal(0, 0.7, 15)


def huber_curves(**options):
    def per_element(loss):
        return lambda x, delta: loss(x, torch.zeros_like(x), delta=delta, reduction="none")

    functions = {"Huber": per_element(F.huber_loss), "MSE": lambda x, delta: x**2}
    delta = Slider("δ", np.arange(0.2, 3.01, 0.2), 1.0)
    return loss_curves(functions, **({"x": GRID, "x_label": "r", "parameter": delta, "probe": 2.0} | options))


def robust_fits(**options):
    losses = {"MSE": "mse_loss", "MAE": "mae_loss", "Huber": "huber_loss", "RMSE": "rmse_loss"}
    grids = {"outlier_x": np.arange(0, 11), "outlier_y": np.arange(-8, 21, 4), "outlier": (9, -8)}
    labels = {"x_label": "x", "y_label": "y", "delta": Slider("δ", [0.25, 1, 4], 1)}
    return outlier_fit(POINTS_X, POINTS_Y, losses, **(grids | labels | options))


def line_descent(**options):
    arguments = {"rates": [0.01, 0.1, 0.5, 1.2], "rate": 0.1, "start": (-2.0, 0.0), "steps": 30}
    labels = {"x_label": "x", "y_label": "y"}
    return descent(POINTS_X / 10, POINTS_Y, F.mse_loss, **(arguments | labels | options))


BUILDERS = [huber_curves, robust_fits, line_descent]


# --- what is shown is what losslib computes ---------------------------------------------------------------------


@pytest.mark.parametrize("state", [[0, 0], [4, 30], [14, 40]])
def test_curves_hold_the_loss_and_its_gradient(state):
    explorer = huber_curves()
    explorer.state = state
    delta, x = explorer.values
    r = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    loss = F.huber_loss(r, torch.zeros_like(r), delta=delta)
    loss.backward()
    assert explorer.readings["Huber.value"] == pytest.approx(loss.item(), rel=1e-12)
    assert explorer.readings["Huber.gradient"] == pytest.approx(r.grad.item(), rel=1e-12, abs=1e-15)


def test_jump_of_a_gradient_is_drawn_upright():
    explorer = loss_curves({"MAE": lambda x: x.abs()}, x=GRID, x_label="r", probe=0.0)
    curve = next(e for e in explorer.panels[1].elements if isinstance(e, Curve))
    (x,), (y,) = (np.atleast_2d(table.values) for table in (curve.x, curve.y))
    jump = np.flatnonzero(np.abs(np.diff(y)) == 1)
    assert len(jump) == 2
    assert x[jump + 1] - x[jump] == pytest.approx(0, abs=1e-6)
    assert explorer.readings == {"MAE.value": 0.0, "MAE.gradient": 0.0}


def test_gradient_of_a_piecewise_constant_loss_is_zero():
    step = loss_curves({"0-1": lambda x: (x < 0).double()}, x=GRID, x_label="margin", probe=-1.0)
    assert step.readings == {"0-1.value": 1.0, "0-1.gradient": 0.0}


@pytest.mark.parametrize("state", [[9, 0, 1], [0, 7, 0], [5, 3, 2]])
def test_fit_readouts_are_the_losses_of_the_lines_shown(state):
    explorer = robust_fits()
    explorer.state = state
    x, y, delta = explorer.values
    x, y = torch.tensor([*POINTS_X, x]), torch.tensor([*POINTS_Y, y])
    functions = {"MSE": F.mse_loss, "MAE": F.mae_loss, "RMSE": F.rmse_loss}
    functions["Huber"] = partial(F.huber_loss, delta=delta)
    for name, loss in functions.items():
        shown = explorer.readings
        prediction = shown[f"{name}.intercept"] + shown[f"{name}.slope"] * x
        assert shown[f"{name}.loss"] == pytest.approx(loss(prediction, y).item(), rel=1e-12)


def test_descent_takes_the_steps_of_torch_sgd():
    explorer = line_descent()
    explorer.state = [30, 2]
    x, y = torch.tensor(POINTS_X / 10), torch.tensor(POINTS_Y)
    line = torch.tensor([-2.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([line], lr=0.5)
    for _ in range(30):
        optimizer.zero_grad()
        F.mse_loss(line[0] + line[1] * x, y).backward()
        optimizer.step()
    shown = explorer.readings
    assert [shown["intercept.value"], shown["slope.value"]] == pytest.approx(line.tolist(), rel=1e-10)
    assert shown["loss.value"] == pytest.approx(F.mse_loss(line[0] + line[1] * x, y).item(), rel=1e-10)


def test_divergent_descent_stays_readable_and_drawable():
    explorer = line_descent()
    explorer.state = [30, 3]
    assert explorer.readings["loss.value"] > 1e6
    border = explorer.panels[1].elements[-1]
    assert border.hollow
    assert not np.isnan(border.x.at(explorer.indices)).any()
    assert all(abs(limit) < 100 for limit in explorer.panels[1].x.limits)
    assert "<svg" in explorer._repr_mimebundle_()[0]["text/html"]


# --- fits are exact ---------------------------------------------------------------------------------------------


@pytest.fixture
def data_sets():
    generator = np.random.default_rng(3)
    return torch.tensor(generator.uniform(-3, 3, (6, 12))), torch.tensor(generator.standard_t(2, (6, 12)))


def test_least_absolute_deviations_reach_the_optimum_of_the_linear_program(data_sets):
    x, y = data_sets
    lines = fits.through_two_points(partial(F.mae_loss, reduction="none"), x, y)
    reached = (fits.predict(lines, x) - y).abs().sum(dim=-1)
    for xs, ys, value in zip(x.numpy(), y.numpy(), reached, strict=True):
        n = len(xs)
        design = np.column_stack([np.ones(n), xs])
        # |r| = min t with -t <= design @ line - y <= t
        a = np.block([[design, -np.eye(n)], [-design, -np.eye(n)]])
        bounds = [(None, None)] * 2 + [(0, None)] * n
        optimum = linprog(np.r_[0, 0, np.ones(n)], A_ub=a, b_ub=np.r_[ys, -ys], bounds=bounds)
        assert value.item() == pytest.approx(optimum.fun, rel=1e-9)


@pytest.mark.parametrize("delta", [0.02, 0.5, 1.345, 100.0])
def test_gradient_at_the_huber_fit_is_zero(data_sets, delta):
    x, y = data_sets
    lines = fits.newton(partial(F.huber_loss, delta=delta, reduction="none"), x, y).requires_grad_()
    F.huber_loss(fits.predict(lines, x), y, delta=delta, reduction="sum").backward()
    assert lines.grad.abs().max() < 1e-10


def test_huber_fit_with_a_large_delta_is_least_squares(data_sets):
    x, y = data_sets
    huber = fits.newton(partial(F.huber_loss, delta=1e3, reduction="none"), x, y)
    torch.testing.assert_close(huber, fits.least_squares(F.mse_loss, x, y), rtol=1e-9, atol=1e-9)


def test_two_points_above_each_other_break_no_fit():
    explorer = robust_fits(outlier_x=[0.0, float(POINTS_X[3])], outlier=(0.0, -8))
    explorer.state = [1, 0, 1]
    assert np.isfinite(list(explorer.readings.values())).all()


# --- errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Slider("δ", [0.5, 1.0], 0.7), r"Slider 'δ': expected one of \[0.5, 1.0\], got 0.7"),
        (lambda: Slider("δ", [1.0], 1.0), "expected at least two values, got 1"),
        (lambda: Slider("δ", [1.0, 0.5], 1.0), "expected increasing values"),
        (lambda: Slider("k", ["mean", "sum"], "none"), "expected one of"),
        (lambda: Handle(1.0, 2.0), "expected x, y or both to be sliders with numbers"),
        (lambda: Axis((2, 1), "x"), r"expected finite limits, low < high, got \(2.0, 1.0\)"),
        (lambda: Points([1, 2], [1, 2, 3]), "expected coordinates of one length, got {'x': 2, 'y': 3}"),
        (
            lambda: Table(np.zeros((3, 4)), [Slider("a", [0, 1], 0)]),
            r"expected shape \(2,\) or \(2, 'n'\), got \(3, 4\)",
        ),
        (lambda: huber_curves(probe=0.123), "Slider 'r': expected one of"),
        (lambda: huber_curves(parameter=None), "missing 1 required positional argument"),
        (lambda: robust_fits(outlier=(0.5, -8)), "Slider 'outlier, x': expected one of"),
        (lambda: line_descent(rate=0.3), "Slider 'learning rate': expected one of"),
    ],
)
def test_wrong_input_is_told(build, message):
    with pytest.raises((ValueError, TypeError), match=message):
        build()


def test_function_that_returns_another_shape_is_told():
    with pytest.raises(ValueError, match=r"expected 'mean' to return shape \(123,\), got \(\)"):
        loss_curves({"mean": lambda x: x.mean()}, x=GRID, x_label="r", probe=0.0)
    with pytest.raises(ValueError, match=r"expected one shape for every combination"):
        tabulate(lambda n: np.zeros(int(n)), Slider("n", [1, 2], 1))
    with pytest.raises(ValueError, match=r"expected a loss that returns a scalar, got shape \(15,\)"):
        descent(
            POINTS_X,
            POINTS_Y,
            partial(F.mse_loss, reduction="none"),
            rates=[0.1, 0.2],
            rate=0.1,
            start=(0, 0),
            x_label="x",
            y_label="y",
        )


def test_unknown_loss_and_too_many_points_are_told():
    with pytest.raises(ValueError, match="expected losses among mse_loss, rmse_loss, mae_loss, huber_loss"):
        outlier_fit(
            [0, 1],
            [0, 1],
            {"?": "dice_loss"},
            outlier_x=[0, 1],
            outlier_y=[0, 1],
            outlier=(0, 0),
            x_label="x",
            y_label="y",
        )
    with pytest.raises(ValueError, match=r"2 <= n <= 30, got \(31,\)"):
        outlier_fit(
            np.arange(31),
            np.arange(31),
            {},
            outlier_x=[0, 1],
            outlier_y=[0, 1],
            outlier=(0, 0),
            x_label="x",
            y_label="y",
        )


def test_table_over_a_slider_that_is_no_control_is_told():
    a, b = Slider("a", [0, 1], 0), Slider("b", [0, 1], 0)
    panel = Panel(Axis((0, 1)), Axis((0, 1)), [Points(0.5, b)])
    with pytest.raises(ValueError, match=r"expected tables over its controls \['a'\], got one over 'b'"):
        Explorer([panel], [a])
    with pytest.raises(ValueError, match=r"expected one of its controls \['a'\], got 'b'"):
        Explorer([], [a], play=b)


def test_state_outside_the_grid_is_refused():
    explorer = huber_curves()
    for state in ([0], [0, 41], [-1, 0]):
        with pytest.raises(TraitError, match=r"expected an index below each of \[15, 41\]"):
            explorer.state = state


# --- the way to the page ----------------------------------------------------------------------------------------


def decoded(table):
    steps = np.array([np.nan if d is None else d for d in table["deltas"]])
    values = np.full(steps.shape, np.nan)
    values[~np.isnan(steps)] = np.cumsum(steps[~np.isnan(steps)])
    return values / STEPS


def test_coordinates_come_back_to_a_tenth_of_a_pixel():
    slider = Slider("a", [0, 1, 2], 0)
    values = np.array([[1, 2, np.nan], [1e9, 3, 4], [0.123, 5, 6]])
    encoded = coordinates(Table(values, [slider]), Axis((0, 8)), [slider])
    assert encoded["over"] == [0]
    assert encoded["size"] == 3
    expected = np.minimum(values / 8, 40).ravel()
    np.testing.assert_allclose(decoded(encoded), expected, atol=0.5 / STEPS)


def test_coordinates_on_a_logarithmic_axis_are_even_in_the_exponent():
    encoded = coordinates(Table([1, 10, 100, 0]), Axis((1, 100), log=True), [])
    assert decoded(encoded).tolist() == [0, 0.5, 1, -40]


def test_slider_that_changes_nothing_is_left_out():
    a, b = Slider("a", [0, 1, 2], 0), Slider("b", [0, 1], 0)
    table = tabulate(lambda a, b: [b, b + 1], a, b)
    assert table.values.shape == (3, 2, 2)
    assert table.squeezed().over == (b,)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5000"), (-2.0, "−2.000"), (0.0, "0.000"), (1e-17, "0.000"), (9.99996, "10.00"), (12345.0, "12345"),
        (0.00012344, "0.0001234"), (1.5e-7, "1.500×10⁻⁷"), (-123456789.0, "−1.235×10⁸"), (np.nan, "–"), (np.inf, "∞"),
    ],
)  # fmt: skip
def test_number_is_shown_with_four_significant_digits(value, text):
    assert format_number(value) == text


def test_numbers_follow_the_language():
    use_language("ru")
    assert format_number(-1.25, pad=False) == "−1,25"
    assert format_number(1.5e-7) == "1,500×10⁻⁷"
    assert format_number(1e6, pad=False) == "10⁶"
    assert [text for _, text in ticks(Axis((0, 1)))] == ["0,0", "0,2", "0,4", "0,6", "0,8", "1,0"]


def test_axis_of_words_shows_them():
    assert ticks(Axis((-0.5, 1.5), ticks={0: "cat", 1: "dog"})) == [(0, "cat"), (1, "dog")]
    assert [text for _, text in ticks(Axis((0.01, 10), log=True))] == ["0.01", "0.1", "1", "10"]


@pytest.mark.parametrize("build", BUILDERS)
def test_bundle_holds_the_view_and_a_figure_that_knows_its_id(build):
    explorer = build()
    data, _ = explorer._repr_mimebundle_()
    assert data[VIEW]["model_id"] == explorer.model_id
    html = data["text/html"]
    assert html.startswith('<figure class="explorer-fallback"><svg')
    assert json.loads(re.search(rf'<script type="{re.escape(VIEW)}">(.*?)</script>', html)[1]) == data[VIEW]
    assert data["text/plain"].startswith("<Explorer: ")
    assert "NaN" not in json.dumps(explorer.scene)


def test_figure_shows_the_values_of_sliders_and_readouts():
    html = huber_curves()._repr_mimebundle_()[0]["text/html"]
    assert "<p>δ = 1; r = 2</p>" in html
    assert '<th scope="row">Huber</th><td>1.500</td><td>1.000</td>' in html


def test_figure_in_chinese_has_the_marks_of_its_language():
    use_language("zh")
    assert "<p>δ = 1；r = 2</p>" in huber_curves()._repr_mimebundle_()[0]["text/html"]


def test_figure_of_what_plays_shows_it_played():
    assert "<p>step = 30; learning rate = 0.1</p>" in line_descent()._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize("build", BUILDERS)
def test_explorer_costs_little_to_load(build):
    assert len(gzip.compress(json.dumps(build().scene).encode())) < 25_000


def test_ids_are_the_same_in_every_process_and_differ_on_a_page(monkeypatch):
    code = (
        "from losslib.explorers import *; d = Slider('δ', [0.5, 1], 1)\n"
        "panel = Panel(Axis((0, 1)), Axis((0, 1)), [Points(d, 0.5)])\n"
        "for _ in range(2): e = Explorer([panel], [d]); ids += [e.model_id, e.layout.model_id]"
    )
    monkeypatch.setattr(Explorer, "_copies", Counter())
    here = {"ids": []}
    exec(code, here)
    command = [sys.executable, "-c", f"ids = []; {code}\nprint(*ids)"]
    there = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert here["ids"] == there
    assert len(set(there)) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", model_id) for model_id in there)


def test_kernel_follows_the_state():
    explorer = huber_curves()
    seen = []
    explorer.observe(lambda change: seen.append(explorer.values), "state")
    explorer.set_state({"state": [0, 40]})
    assert seen == [(0.2, 4.0)]
    explorer.state = [1, 0]
    assert explorer.readings["MSE.value"] == 16.0


def test_every_kind_of_element_has_a_figure():
    slider = Slider("t", [0.0, 0.5, 1.0], 0.5, "s")
    elements = [
        Segments(0, 0, slider, 1, arrow=True, color=1),
        Segments(0, 0, 1, slider),
        Rects(0.1, 0.1, slider, 0.4, color=2),
        Text(0.5, slider, "A", color=3),
        Curve([0, 1, 1], [0, 0, 1], fill=True, color=4, opacity=0.3),
        Handle(slider, 0.5, name="t"),
    ]
    readout = Readout(slider, "t", "value", "t")
    explorer = Explorer([Panel(Axis((0, 1), "x"), Axis((0, 1), "y"), elements)], [slider], [readout])
    html = explorer._repr_mimebundle_()[0]["text/html"]
    assert "t = 0.5 s" in html
    assert explorer.readings == {"t": 0.5}
