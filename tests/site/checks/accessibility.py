"""What must hold in the browser for readers with keys, with screen readers, and with enlarged pages.

A check yields a sentence for each thing it finds wrong. The visit comes with all that folds out opened. The rules are
those of axe-core, all that it applies by default, its best practices among them.
"""

from collections.abc import Iterator
from functools import cache

from book.site.project import ROOT
from tests.site.browsing import DESKTOP, PHONE, Visit

# What 1280 pixels become when they are enlarged to 200 % and to 400 %.
ENLARGED = [{"width": 640, "height": 450}, {"width": 320, "height": 450}]
MOST_STOPS = 400

RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, html, any, all, none }) => {
      const [reason] = [...any, ...all, ...none];
      return `${id}: ${target.flat().join(" ")}: ${reason?.message ?? ""} ${html.slice(0, 120)}`;
    }));
}"""
# Half of a chapter's elements are the pieces of formulas. They are hidden from screen readers, which have the MathML
# beside them, and measure.js looks at their contrast; axe, which looks for them at every point of the page, need not.
WITHOUT_PIECES = ".katex-html { visibility: hidden !important }"
# Where the focus is: null when it has left the page.
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const name = element.tagName.toLowerCase() + (element.className ? `.${element.className}` : "");
  return {
    name: `<${name}> ${element.textContent.trim().slice(0, 30)}`,
    marked: outline || style.boxShadow !== "none",
    inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    size: box.width * box.height,
  };
}"""


@cache
def _axe() -> str:
    path = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        raise FileNotFoundError(f"expected axe-core in {path}, found nothing: run `make book`")
    return path.read_text("utf-8")


def violations(visit: Visit) -> list[str]:
    """What axe finds on the page as it is."""
    if not visit.tab.evaluate("Boolean(window.axe)"):
        visit.tab.evaluate(f"{_axe()}; 0")
    show_pieces = visit.restyle(WITHOUT_PIECES)
    found = visit.tab.evaluate(RUN)
    show_pieces()
    return found


def axe_finds_nothing_on_a_phone_in_the_light(visit: Visit) -> Iterator[str]:
    visit.look(PHONE)
    yield from violations(visit)


def axe_finds_nothing_on_a_desktop_in_the_dark(visit: Visit) -> Iterator[str]:
    visit.look(DESKTOP, "dark")
    yield from violations(visit)


def enlarged_page_is_read_without_scrolling_sideways(visit: Visit) -> Iterator[str]:
    for viewport in ENLARGED:
        visit.look(viewport)
        yield from visit.measure("overflowing")


def keys_lead_through_the_page_in_sight(visit: Visit) -> Iterator[str]:
    """Tab after Tab to the end of the page, whatever has the focus is marked and in the window."""
    visit.look(DESKTOP)
    visit.tab.emulate_media(reduced_motion="reduce")  # what slides into sight is there at once
    seen = 0
    for _ in range(MOST_STOPS):
        visit.tab.keyboard.press("Tab")
        focused = visit.tab.evaluate(FOCUSED)
        if focused is None:
            break
        seen += 1
        if not focused["marked"]:
            yield f"nothing marks the focus on {focused['name']}"
        if not focused["inView"] or not focused["size"]:
            yield f"the focus is out of sight, on {focused['name']}"
    if not seen:
        yield "Tab reaches nothing"


CHECKS = [
    axe_finds_nothing_on_a_phone_in_the_light,
    axe_finds_nothing_on_a_desktop_in_the_dark,
    enlarged_page_is_read_without_scrolling_sideways,
]
# for some pages: it takes a while
SOME = [keys_lead_through_the_page_in_sight]
