"""The explorers of every chapter, moved by mouse, finger and keys: what they show is what losslib computes."""

import pytest

from book.site.languages import source_language
from book.site.project import SITE
from tests.site.browsing import DESKTOP, PHONE
from tests.site.built import pages
from tests.site.checks.explorers import shows_the_numbers_of_losslib
from tests.site.truth import explorers_of

PAGES = [page for page in pages() if page.is_chapter and page.article.select(".explorer-fallback")]
SOURCE_PAGES = [page for page in PAGES if page.language == source_language()]
on_every_page = pytest.mark.parametrize("page", PAGES, ids=str)


def check(visit, page) -> None:
    """Every explorer of the page shows the numbers that belong to its sliders."""
    made = explorers_of(page.name)
    shown = visit.tab.locator(".explorer").all()
    assert len(shown) == len(made)
    found = [line for pair in zip(shown, made, strict=True) for line in shows_the_numbers_of_losslib(*pair)]
    assert not found, "\n".join(found)


def places(visit) -> list[str]:
    """Where all sliders of the page stand."""
    return visit.tab.locator(".explorer input").evaluate_all("all => all.map(i => i.value)")


def grip(part) -> tuple[float, float]:
    """The middle of a handle, or of a slider's thumb, scrolled to the middle of the window."""
    part.evaluate("part => part.scrollIntoView({block: 'center'})")
    box = part.bounding_box()
    share = part.evaluate("p => p.max ? p.value / p.max : 0.5")
    room = 0 if share == 0.5 else 8  # half of the thumb
    return box["x"] + room + share * (box["width"] - 2 * room), box["y"] + box["height"] / 2


def grips(visit) -> list:
    """One thing to drag in each explorer: its handle, or its first slider."""
    all_of_them = [explorer.locator(".explorer-ring, input").all() for explorer in visit.tab.locator(".explorer").all()]
    return [parts[0] for parts in all_of_them]


@on_every_page
def test_keys_move_every_slider(visit, page):
    opened = visit(viewport=DESKTOP).open(page.path)
    check(opened, page)
    for slider in opened.tab.locator(".explorer input").all():
        slider.focus()
        for keys in (["End"], ["ArrowLeft", "ArrowLeft"], ["Home"], ["ArrowRight"]):
            before = places(opened)
            for key in keys:
                opened.tab.keyboard.press(key)
            assert places(opened) != before
            check(opened, page)
    assert opened.messages == []


@on_every_page
def test_mouse_drags(visit, page):
    opened = visit(viewport=DESKTOP).open(page.path)
    mouse = opened.tab.mouse
    for part in grips(opened):
        before = places(opened)
        x, y = grip(part)
        mouse.move(x, y)
        mouse.down()
        for dx, dy in ((30, 10), (70, 40), (-60, -30)):
            mouse.move(x + dx, y + dy, steps=3)
            check(opened, page)
        mouse.up()
        assert places(opened) != before


@on_every_page
def test_finger_drags(visit, page):
    opened = visit(viewport=PHONE, has_touch=True, is_mobile=True).open(page.path)
    device = opened.tab.context.new_cdp_session(opened.tab)
    for part in grips(opened):
        before = places(opened)
        x, y = grip(part)
        for kind, dx in (("Start", 0), ("Move", 12), ("Move", 50), ("End", 0)):
            points = [] if kind == "End" else [{"x": x + dx, "y": y}]
            device.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
        assert places(opened) != before
        check(opened, page)


@pytest.mark.parametrize("page", SOURCE_PAGES, ids=str)
def test_explorers_work_from_a_file(visit, page):
    opened = visit(SITE.as_uri() + "/", viewport=DESKTOP).open(page.path)
    check(opened, page)
    opened.tab.locator(".explorer input").first.press("End")
    check(opened, page)

    print(opened.messages)


@pytest.mark.parametrize("page", SOURCE_PAGES, ids=str)
def test_reader_who_wants_less_motion_plays_step_by_step(visit, page):
    opened = visit(reduced_motion="reduce").open(page.path)
    for play in opened.tab.locator(".explorer-play").all():
        play.click()
        opened.tab.wait_for_timeout(600)
        step = opened.tab.locator(".explorer", has=play).locator("input").first
        assert step.input_value() == "1"
        check(opened, page)
