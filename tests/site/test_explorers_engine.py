"""Explorers on a small page without a kernel, in a browser: what they show equals what losslib computed in Python."""

import html

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from book.site.ext.explorer_assets import with_states
from losslib import functional as F
from losslib.explorers import Slider, descent, loss_curves, outlier_fit
from losslib.explorers.encoding import format_number
from losslib.locales import use_language

X = np.linspace(0, 10, 12)
Y = 1 + 0.8 * X + np.random.default_rng(0).normal(0, 0.8, 12)
DARK = "html[data-theme=dark] { --pst-color-text-base: #ced6dd; --pst-color-background: #14181e }"
POLICY = "default-src 'self' file:; script-src 'self' file:; style-src 'self' 'unsafe-inline' file:"


def build_explorers():
    def huber(x, delta):
        return F.huber_loss(x, torch.zeros_like(x), delta=delta, reduction="none")

    delta = Slider("δ", np.arange(0.2, 3.01, 0.2), 1.0)
    functions = {"Huber": huber, "MSE": lambda x, delta: x**2}
    curves = loss_curves(functions, x=np.linspace(-4, 4, 41), x_label="residual", parameter=delta, probe=2.0)
    losses = {"MSE": "mse_loss", "MAE": "mae_loss", "Huber": "huber_loss"}
    grid = {"outlier_x": np.arange(11), "outlier_y": np.arange(-8, 21, 2), "outlier": (9, -8)}
    fit = outlier_fit(X, Y, losses, **grid, x_label="x", y_label="y", delta=Slider("δ", [0.5, 1, 2], 1))
    rates = {"rates": [0.01, 0.1, 0.5, 1.2], "rate": 0.1}
    steps = descent(X / 10, Y, F.mse_loss, **rates, steps=12, start=(-2, 0), x_label="x", y_label="y")
    return [curves, fit, steps]


def write_page(folder, explorers, language="en"):
    """The page as the site's build leaves it, with a widget of another kind between the explorers."""
    slider = {"_model_name": "IntSliderModel", "value": 3}
    models = {e.model_id: {"state": e.get_state()} for e in explorers} | {"other": {"state": slider}}
    figures = [e._repr_mimebundle_()[0]["text/html"] for e in explorers]
    named = [
        f.replace("<figure ", f'<figure role="img" aria-label="picture {i}" ', 1)
        for i, f in enumerate(figures)
    ]
    named.insert(
        1,
        '<p id="other">3</p><script type="application/vnd.jupyter.widget-view+json">{"model_id": "other"}</script>',
    )
    body, assets = with_states("".join(named), models, folder)
    styles = "".join(f'<link rel="stylesheet" href="{name}">' for name in assets if name.endswith("css"))
    scripts = "".join(f'<script async src="{name}"></script>' for name in assets if name.endswith("js"))
    page = folder / "index.html"
    page.write_text(
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>Explorers</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">'
        f"{styles}{scripts}<style>body {{ margin: 16px; font-size: 16px }} {DARK}</style><body>{body}",
        "utf-8",
    )
    return page.as_uri()


@pytest.fixture(scope="module")
def explorers():
    return build_explorers()


@pytest.fixture(scope="module")
def address(explorers, tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page"), explorers)


@pytest.fixture
def open_page(chromium, address):
    """Opens the page with the given context options; every error in the console fails the test."""
    contexts, errors = [], []

    def open_with(width=1000, url=address, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        return page

    yield open_with
    for context in contexts:
        context.close()
    assert not errors


def check_shown(page, explorers, i):
    """The readouts of explorer i are those that Python has at the same positions of the sliders."""
    root, explorer = page.locator(".explorer").nth(i), explorers[i]
    page.evaluate("() => new Promise(requestAnimationFrame)")
    explorer.state = [int(control.input_value()) for control in root.locator("input").all()]
    shown = {o.get_attribute("data-readout"): o.text_content() for o in root.locator("output").all()}
    assert shown == {key: format_number(value) for key, value in explorer.readings.items()}
    return explorer.values


def handle(page, i, panel=0):
    """Where the middle of the handle is in a panel of explorer i, scrolled into view."""
    ring = page.locator(".explorer").nth(i).locator(".explorer-panel").nth(panel).locator(".explorer-ring")
    ring.evaluate("ring => ring.scrollIntoView({block: 'center'})")
    box = ring.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_every_explorer_replaces_its_figure_and_takes_its_name(open_page, explorers):
    page = open_page()
    expect(page.locator(".explorer")).to_have_count(3)
    expect(page.locator(".explorer-fallback")).to_have_count(0)
    assert [e.get_attribute("aria-label") for e in page.locator(".explorer").all()] == [
        f"picture {i}" for i in range(3)
    ]
    expect(page.locator("#other")).to_have_text("3")
    for i, explorer in enumerate(explorers):
        initial = [slider.value for slider in explorer.controls]
        assert list(check_shown(page, explorers, i)) == initial


def test_mouse_drags_the_probe(open_page, explorers):
    page = open_page()
    x, y = handle(page, 0, panel=1)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 100, y - 30, steps=5)
    page.mouse.up()
    assert check_shown(page, explorers, 0)[1] < 1
    page.mouse.move(x + 100, y)
    assert check_shown(page, explorers, 0)[1] < 1


def test_mouse_drags_the_outlier_in_both_directions(open_page, explorers):
    page = open_page()
    x, y = handle(page, 1)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 300, y - 150, steps=7)
    page.mouse.move(-50, -500)
    assert check_shown(page, explorers, 1)[:2] == (0, 20)
    page.mouse.move(x - 200, y - 100)
    page.mouse.up()
    moved = check_shown(page, explorers, 1)
    assert 0 < moved[0] < 9
    assert -8 < moved[1] < 20


def test_finger_drags_the_outlier(open_page, explorers):
    page = open_page(width=390, has_touch=True, is_mobile=True)
    x, y = handle(page, 1)
    device = page.context.new_cdp_session(page)
    for kind, dx, dy in (("Start", 0, 0), ("Move", -40, -40), ("Move", -120, -80), ("End", 0, 0)):
        points = [] if kind == "End" else [{"x": x + dx, "y": y + dy}]
        device.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    moved = check_shown(page, explorers, 1)
    assert moved[0] < 9
    assert moved[1] > -8


@pytest.mark.parametrize("i", range(3))
def test_keys_move_every_slider(open_page, explorers, i):
    page = open_page()
    for control in page.locator(".explorer").nth(i).locator("input").all():
        before = int(control.input_value())
        control.focus()
        page.keyboard.press("ArrowRight")
        assert int(control.input_value()) == before + 1
        check_shown(page, explorers, i)
        page.keyboard.press("Home")
        check_shown(page, explorers, i)
        label = page.locator(f"label[for='{control.get_attribute('id')}'] + .explorer-value").text_content()
        assert control.get_attribute("aria-valuetext") == label


def test_play_steps_to_the_end_and_reset_returns(open_page, explorers):
    page = open_page()
    root = page.locator(".explorer").nth(2)
    play, reset = root.get_by_role("button").all()
    play.click()
    expect(play).to_have_text("pause")
    expect(play).to_have_text("play", timeout=10_000)
    assert check_shown(page, explorers, 2)[0] == 12
    reset.click()
    assert check_shown(page, explorers, 2)[0] == 0


def test_reader_who_wants_less_motion_plays_step_by_step(open_page, explorers):
    page = open_page(reduced_motion="reduce")
    button = page.locator(".explorer").nth(2).get_by_role("button", name="next step")
    for step in (1, 2):
        button.click()
        page.wait_for_timeout(400)
        assert check_shown(page, explorers, 2)[0] == step


def test_screen_reader_hears_the_values_once_they_rest(open_page):
    page = open_page()
    root = page.locator(".explorer").first
    root.locator("input").last.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert root.locator(".explorer-spoken").text_content() == ""
    spoken = root.locator(".explorer-spoken")
    # Huber's gradient is 1 as before, and goes without saying
    expect(spoken).to_have_text("Huber, value: 0.5000; MSE, value: 1.000; MSE, gradient: 2.000")
    root.locator("input").first.focus()  # δ, which only Huber knows
    page.keyboard.press("ArrowLeft")
    expect(spoken).to_have_text("Huber, value: 0.4800; Huber, gradient: 0.8000")


def test_slider_with_the_focus_shows_what_it_moves(open_page):
    page = open_page()
    root = page.locator(".explorer").nth(1)
    held = root.locator(".explorer-handle.explorer-held")
    for slider, count in ((0, 1), (1, 1), (2, 0)):
        root.locator("input").nth(slider).focus()
        expect(held).to_have_count(count)


def test_fingers_find_targets_of_their_size(open_page):
    page = open_page(width=390, has_touch=True, is_mobile=True)
    for target in page.locator(".explorer :is(input, button, .explorer-reach)").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 44


def test_phone_shows_all_without_scrolling_sideways(open_page):
    page = open_page(width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = page.locator(".explorer svg text").evaluate_all(
        "all => all.map(t => parseFloat(getComputedStyle(t).fontSize))"
    )
    assert min(sizes) >= 11
    for target in page.locator(".explorer :is(input, button, .explorer-reach)").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 32
    panels = page.locator(".explorer").first.locator(".explorer-panel").all()
    assert panels[0].bounding_box()["x"] == panels[1].bounding_box()["x"]


def test_colours_follow_the_theme(open_page):
    page = open_page()
    ink = "getComputedStyle(document.querySelector('.explorer-ring')).stroke"
    line = "getComputedStyle(document.querySelector('.explorer-panel path[style*=\"explorer-0\"]')).stroke"
    light = page.evaluate(f"[{ink}, {line}]")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    dark = page.evaluate(f"[{ink}, {line}]")
    assert dark[0] == "rgb(206, 214, 221)"
    assert all(a != b for a, b in zip(light, dark, strict=True))


def test_forced_colours_keep_lines_apart_by_their_dashes(open_page):
    page = open_page(forced_colors="active")
    dashes = page.locator(".explorer").nth(1).locator(".explorer-panel path[style*='stroke:var(--explorer']")
    assert len(set(dashes.evaluate_all("all => all.map(p => p.getAttribute('stroke-dasharray'))"))) == 3


def test_print_leaves_out_what_cannot_be_pressed(open_page):
    page = open_page()
    page.emulate_media(media="print")
    expect(page.locator(".explorer input").first).to_be_hidden()
    expect(page.locator(".explorer button").first).to_be_hidden()
    expect(page.locator(".explorer output").first).to_be_visible()


def test_without_scripts_the_figures_stay(open_page):
    page = open_page(java_script_enabled=False)
    expect(page.locator(".explorer-fallback > svg")).to_have_count(3)
    expect(page.get_by_role("img", name="picture 2")).to_be_visible()


def test_numbers_and_words_are_those_of_the_language_and_fit_a_phone(open_page, tmp_path):
    use_language("ru")
    try:
        url = write_page(tmp_path, build_explorers(), "ru")
    finally:
        use_language("en")
    page = open_page(width=360, url=url)
    expect(page.locator("output").first).to_have_text("1,500")
    expect(page.locator("button").first).to_have_text("сброс")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
