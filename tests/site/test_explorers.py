"""The explorers of every chapter, moved by mouse, finger and keys: what they show is what losslib computes."""

import pytest

from book.site.languages import source_language
from book.site.project import SITE
from tests.site.browsing import DESKTOP, PHONE, Visit
from tests.site.built import pages
from tests.site.checks.explorers import shows_the_numbers_of_losslib
from tests.site.truth import explorers_of

PAGES = [page for page in pages() if page.is_chapter and page.article.select(".explorer-fallback")]
SOURCE_PAGES = [page for page in PAGES if page.language == source_language()]
# Chromium takes each file for an origin of its own, so a page may not preload a font, and it says so.
PRELOADED = "assets/KaTeX_"


@pytest.fixture(scope="module")
def desktop(chromium):
    context = chromium.new_context(viewport=DESKTOP)
    yield context
    context.close()


@pytest.fixture(scope="module")
def opened(request, desktop, address):
    """The page of the parameter, and where each of its explorers is."""
    visit = Visit(desktop.new_page(), address).open(request.param.path)
    yield visit, explorers(visit, request.param)
    visit.tab.close()


def explorers(visit, page) -> list:
    """Each explorer on the page, with what it must show."""
    return list(zip(visit.tab.locator(".explorer").all(), explorers_of(page.name), strict=True))


def check(explorer, made) -> None:
    found = list(shows_the_numbers_of_losslib(explorer, made))
    assert not found, "\n".join(found)


def places(explorer) -> list[str]:
    return explorer.locator("input").evaluate_all("all => all.map(slider => slider.value)")


def grip(explorer) -> tuple[float, float]:
    """What there is to drag, its handle or the thumb of its first slider, scrolled to the middle of the window.

    Sections that come near are laid out, and move it; it stays there once they are.
    """
    part = explorer.locator(".explorer-ring, input").first
    part.evaluate(
        """async (part) => {
          const frame = () => new Promise(requestAnimationFrame);
          for (let top; top !== part.getBoundingClientRect().top; ) {
            part.scrollIntoView({ block: "center", behavior: "instant" });
            top = part.getBoundingClientRect().top;
            for (let i = 0; i < 3; i++) await frame();
          }
        }"""
    )
    share = part.evaluate("part => part.max ? part.value / part.max : 0.5")
    thumb = 8 if share != 0.5 else 0
    box = part.bounding_box()
    return box["x"] + thumb + share * (box["width"] - 2 * thumb), box["y"] + box["height"] / 2


@pytest.mark.parametrize("opened", PAGES, indirect=True, ids=str)
def test_keys_move_every_slider(opened):
    visit, shown = opened
    for explorer, made in shown:
        check(explorer, made)
        for slider, values in zip(explorer.locator("input").all(), made.sliders, strict=True):
            last = len(values) - 1
            slider.focus()
            for key, place in (("Home", 0), ("ArrowRight", 1), ("End", last), ("ArrowLeft", last - 1)):
                visit.tab.keyboard.press(key)
                assert int(slider.input_value()) == place
                check(explorer, made)
    assert visit.messages == []


@pytest.mark.parametrize("opened", PAGES, indirect=True, ids=str)
def test_mouse_drags(opened):
    visit, shown = opened
    mouse = visit.tab.mouse
    for explorer, made in shown:
        explorer.get_by_role("button").last.click()  # back to where it starts
        x, y = grip(explorer)
        before = places(explorer)
        mouse.move(x, y)
        mouse.down()
        reached = []
        for dx, dy in ((30, 10), (-60, -30), (60, 40)):
            mouse.move(x + dx, y + dy, steps=3)
            check(explorer, made)
            reached.append(places(explorer))
        mouse.up()
        assert any(place != before for place in reached)


@pytest.mark.parametrize("page", SOURCE_PAGES, ids=str)
def test_finger_drags(visit, page):
    phone = visit(viewport=PHONE, has_touch=True, is_mobile=True).open(page.path)
    device = phone.tab.context.new_cdp_session(phone.tab)
    for explorer, made in explorers(phone, page):
        x, y = grip(explorer)
        before = places(explorer)
        room = explorer.locator("input").first.evaluate("slider => slider.value === slider.max ? -1 : 1")
        for kind, dx, dy in (
            ("Start", 0, 0),
            ("Move", 15, 0),
            ("Move", 40, 20),
            ("Move", 60, 40),
            ("End", 0, 0),
        ):
            points = [] if kind == "End" else [{"x": x + room * dx, "y": y + dy}]
            device.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
        check(explorer, made)
        assert places(explorer) != before


@pytest.mark.parametrize("page", SOURCE_PAGES, ids=str)
def test_explorers_work_from_a_file(visit, page):
    file = visit(f"{SITE.as_uri()}/", viewport=DESKTOP).open(page.path)
    for explorer, made in explorers(file, page):
        explorer.locator("input").first.press("Home")
        check(explorer, made)
    assert [text for text in file.failures + file.messages if PRELOADED not in text] == []


@pytest.mark.parametrize("page", SOURCE_PAGES, ids=str)
def test_reader_who_wants_less_motion_plays_step_by_step(visit, page):
    still = visit(reduced_motion="reduce").open(page.path)
    for explorer, made in explorers(still, page):
        play = explorer.locator(".explorer-play")
        if play.count():
            before = places(explorer)
            play.click()
            still.tab.wait_for_timeout(600)
            moved = [int(now) - int(then) for then, now in zip(before, places(explorer), strict=True)]
            assert sorted(moved) == [0] * (len(moved) - 1) + [1]
            check(explorer, made)
