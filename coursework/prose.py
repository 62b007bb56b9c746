"""Students' Markdown, formulas, code and outputs as HTML in which nothing runs and nothing is fetched."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import bleach
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from book.site.ext.katex_build import KATEX, FormulaError, katex

LONGEST = 4_000  # characters of an output
MOST = 20  # outputs of a cell
IMAGES = ("image/png", "image/jpeg")
TAGS = set(
    re.findall(
        r"\w+",
        """a b blockquote br caption code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img input li ol p pre s span
        strong sub sup table tbody td th thead tr ul""",
    )
)
FORMULA = re.compile(r'<span class="math( display)?">(.*?)</span>', re.DOTALL)


class Renderer(IPythonRenderer):
    """Markdown without HTML of its own; formulas are marked, to be set when all is clean."""

    def __init__(self, attachments: dict) -> None:
        super().__init__(escape=True, exclude_anchor_links=True, attachments=attachments)

    def inline_math(self, body: str) -> str:
        return f'<span class="math">{html.escape(body)}</span>'

    def block_math(self, body: str) -> str:
        return f'<span class="math display">{html.escape(body)}</span>'

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")

    def _embed_image_or_attachment(self, src: str) -> str:
        name = src.removeprefix("attachment:")
        return super()._embed_image_or_attachment(src) if name in self.attachments else src


def markdown(source: str, attachments: dict | None = None) -> str:
    """Markdown as HTML, with formulas as MathML, which needs neither scripts nor fonts."""
    page = MarkdownWithMath(renderer=Renderer(attachments or {})).render(source)
    return FORMULA.sub(_formula, clean(page))


def clean(page: str) -> str:
    """The HTML without anything that acts, or that would have to be fetched."""
    return bleach.clean(
        page, tags=TAGS, attributes=_allowed, protocols=["http", "https", "mailto", "data"], strip=True
    )


def code(source: str) -> str:
    return highlight(source, PythonLexer(), HtmlFormatter())


def outputs(cell: NotebookNode) -> Iterator[dict[str, str]]:
    """What a cell has shown, as `text` or as `image` with a data: address; never as HTML."""
    for output in cell.get("outputs", [])[:MOST]:
        if output.output_type == "stream":
            yield {"text": plain(output.text)}
        elif output.output_type == "error":
            yield {"text": plain(f"{output.ename}: {output.evalue}")}
        else:
            yield _shown(output.data)


def style() -> str:
    """The colours of code, in light and in dark."""
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{HtmlFormatter().get_style_defs('.highlight')}\n@media screen and (prefers-color-scheme: dark) {{{dark}}}"


def _shown(data: dict) -> dict[str, str]:
    for kind in IMAGES:
        if isinstance(picture := data.get(kind), str):
            return {"image": f"data:{kind};base64,{picture.strip()}"}
    return {"text": plain(str(data.get("text/plain", "")))}


def plain(text: str) -> str:
    """Text without colours, and not too much of it."""
    text = strip_ansi(text)
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        return bool(re.match(r"data:image/(png|jpeg|gif|webp);base64,", value))
    if tag == "a" and name == "href":
        return bool(re.match(r"(https?:|mailto:|#)", value))
    if tag == "input":  # of a task list
        return name in ("type", "disabled", "checked") and value in ("checkbox", "", "disabled", "checked")
    return name in ("class", "alt", "title", "colspan", "rowspan", "start")


def _formula(found: re.Match) -> str:
    """MathML of a formula; TeX as it was written where KaTeX cannot set it, or is not installed."""
    tex, display = html.unescape(found[2]).strip(), bool(found[1])
    try:
        mathml = re.search(r"<math.*?</math>", katex(tex, display), re.DOTALL) if KATEX.is_dir() else None
    except FormulaError:
        mathml = None
    inner = mathml[0] if mathml else f"<code>{html.escape(tex)}</code>"
    return f'<span class="math{found[1] or ""}">{inner}</span>'
