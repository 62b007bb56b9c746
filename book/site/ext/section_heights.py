"""How high a section will be, so that the scroll bar keeps still although sections are laid out as a reader comes near.

`site.css` lays a section out late; until then it is as high as the page says, for a wide window and for a narrow one.
"""

import json
import re
from math import ceil

from book.site.ext.explorer_assets import STATE_TYPE

COLUMNS = (90, 42)  # of a line of text in a wide window and in a narrow one, in halves of a Chinese character
# rem that each takes there, fitted to the sections of the book in all its languages
SIZES = {
    "line of text": (2.46, 1.80),
    "summary": (1.38, 2.07),
    "block of code": (3.17, 3.21),
    "line of code": (1.10, 1.07),
    "formula": (4.01, 4.54),
    "row of a formula": (1.97, 1.59),
    "table": (3.41, 3.98),
    "row": (1.32, 0.51),
    "text in a row": (0.023, 0.034),
    "drawing": (38.5, 25.5),  # as high as wide
    "explorer": (24.2, 0),  # its panels stand side by side,
    "panel": (0, 25.2),  # or one below the other
    "control": (5.99, 6.00),
}
MORE = 1.12  # what is too high leaves a gap for a moment; what is too low would lie on the section below

LEAF = re.compile(r"<section\b([^>]*>(?:(?!</?section\b).)*)(?=</section>)", re.DOTALL)
EXPLORER = re.compile(r'<figure class="explorer-fallback".*?</figure>', re.DOTALL)
STATE = re.compile(rf'<script type="{re.escape(STATE_TYPE)}">(.*?)</script>', re.DOTALL)
FORMULA = re.compile(r'<span class="katex-display">.*?</math>', re.DOTALL)
UNSEEN = re.compile(
    r'<math\b.*?</math>|<a class="headerlink".*?</a>|(?<=</summary>).*?(?=</details>)', re.DOTALL
)
DRAWING = re.compile(r'<svg fill="currentColor"[^>]*? viewBox="0 0 ([\d.]+) ([\d.]+)".*?</svg>', re.DOTALL)
CODE = re.compile(r"<pre>(.*?)</pre>", re.DOTALL)
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<t[hd]\b")
TEXT = re.compile(
    r"<(?:p|li|dt|dd|h[1-6]|summary|figcaption)\b[^>]*>"
    r"(.*?)(?=</?(?:p|[uo]l|li|d[tdl]|h[1-6]|summary|figcaption)\b)",
    re.DOTALL,
)
TAG = re.compile(r"<[^>]*>")
BROAD = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


def with_heights(page: str) -> str:
    """The page with the height of every section that has no sections itself."""

    def section(found: re.Match) -> str:
        wide, narrow = map(round, heights(found[1]))
        return f'<section style="--wide: {wide}rem; --narrow: {narrow}rem"{found[1]}'

    return LEAF.sub(section, page)


def heights(section: str) -> tuple[float, float]:
    """How high a section will be, in rem, in a wide window and in a narrow one."""
    found, texts = contents(section)

    def height(window: int) -> float:
        lines = sum(ceil(text / COLUMNS[window]) for text in texts)
        amounts = found | {"line of text": lines}
        return MORE * sum(SIZES[name][window] * amount for name, amount in amounts.items())

    return height(0), height(1)


def contents(section: str) -> tuple[dict[str, float], list[int]]:
    """How much of what `SIZES` names stands in a section, and how long its texts are."""
    found = dict.fromkeys(SIZES, 0.0)

    def explorer(figure: re.Match) -> str:
        state = STATE.search(figure[0])
        scene = json.loads(state[1])["scene"] if state else {}
        found["explorer"] += 1
        found["panel"] += len(scene.get("panels", ()))
        found["control"] += len(scene.get("controls", ()))
        return ""

    def formula(formula: re.Match) -> str:
        found["formula"] += 1
        found["row of a formula"] += max(formula[0].count("<mtr"), 1)
        return ""

    def drawing(drawing: re.Match) -> str:
        found["drawing"] += float(drawing[2]) / float(drawing[1])
        return ""

    def code(block: re.Match) -> str:
        found["block of code"] += 1
        found["line of code"] += block[1].count("\n")
        return ""

    def row(row: re.Match) -> str:
        cells = CELL.split(row[0])[1:]
        found["row"] += 1
        found["text in a row"] += len(cells) * max(map(length, cells), default=0)
        return ""

    for pattern, take in (
        (EXPLORER, explorer),
        (FORMULA, formula),
        (UNSEEN, ""),
        (DRAWING, drawing),
        (CODE, code),
        (ROW, row),
    ):
        section = pattern.sub(take, section)
    found["table"] += section.count("<table")
    found["summary"] += section.count("<summary")
    return found, [length(text) for text in TEXT.findall(section)]


def length(text: str) -> int:
    """How long a text is, in halves of a Chinese character."""
    text = TAG.sub("", text).strip()
    return len(text) + len(BROAD.findall(text))


def add_heights(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = with_heights(context["body"])


def setup(app):
    app.connect("html-page-context", add_heights, priority=950)  # when the explorers have their states
    return {"parallel_read_safe": True, "parallel_write_safe": True}
