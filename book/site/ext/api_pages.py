"""The reference of losslib: a page per family in the English book, made from the docstrings, and its contents.

The pages are written by Sphinx beside those of the notebooks. The directive `losslib-contents` stands in a notebook of
any language and lists every family with links to them.
"""

import ast
import re
from html import escape
from textwrap import dedent

from docutils import nodes
from docutils.parsers.rst import Directive

from book.site.languages import source_language
from book.site.project import ROOT

FOLDER = "api"
CONTENTS = "appendix/losslib"  # the page, in every language, that lists these
FAMILIES = (
    "regression",
    "classification",
    "margin",
    "embedding",
    "segmentation",
    "boxes",
    "divergence",
    "transport",
    "perceptual",
)
SECTION = re.compile(r"^(\w+):(?: +(.*))?$")
ITEM = re.compile(r"^ {4}(\S[^:]*): (.*)$")
DOI = re.compile(r"doi:(10\.\S+?)(?=[.,;)]*(?:\s|$))")
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
WIDTH = 72  # letters of code that a page shows in a line
NEXT_ARGUMENT = re.compile(r", (?=(?:\*|\w+)(?:[:=,]|$))")
DEFAULT = re.compile(r"(?<=\S)=(?=\S)")
HEADINGS = {"Args": "Arguments"}
INTRO = (
    "The same functions stand in <code>losslib.functional</code> (PyTorch, to train with) and in "
    "<code>losslib.reference</code> (NumPy, to read)."
)


def api_pages() -> list[str]:
    """The names of the pages, as `api/regression`."""
    return [f"{FOLDER}/{family}" for family in FAMILIES]


def functions(family: str, package: str = "functional") -> list[ast.FunctionDef]:
    """The public functions of a family in the order of its module, which is read: to import PyTorch takes seconds."""
    module = ast.parse((ROOT / "losslib" / package / f"{family}.py").read_text("utf-8"))
    found = [part for part in module.body if isinstance(part, ast.FunctionDef)]
    return [function for function in found if not function.name.startswith("_")]


class LosslibContents(Directive):
    """Every family of losslib and its functions, linked to their pages."""

    def run(self):
        env = self.state.document.settings.env
        up = "../" * (env.docname.count("/") + 1)

        def entry(family: str) -> str:
            page = f"{up}{source_language().code}/{FOLDER}/{family}.html"
            links = (
                f'<a href="{page}#{f.name}" hreflang="en"><code>{f.name}</code></a>'
                for f in functions(family)
            )
            return f'<dt><a href="{page}" hreflang="en">{family}</a></dt>\n<dd>{", ".join(links)}</dd>'

        entries = "\n".join(map(entry, FAMILIES))
        return [nodes.raw("", f'<dl class="losslib-contents" lang="en">\n{entries}\n</dl>', format="html")]


def write_pages(app):
    """Give Sphinx the pages to write; in the book's source language alone."""
    if app.builder.name != "html" or app.srcdir.name != source_language().code:
        return
    for family, name in zip(FAMILIES, api_pages(), strict=True):
        found = functions(family)
        summary = f"losslib: {family}"
        in_numpy = {function.name for function in functions(family, "reference")}
        body = "\n".join(
            _function(app.builder.highlighter, function, function.name in in_numpy) for function in found
        )
        yield (
            name,
            {
                "title": summary,
                "body": f"<section>\n<h1>{summary}</h1>\n<p>{INTRO}</p>\n{body}\n</section>",
                "toc": _contents(found),
                "display_toc": True,
            },
            "page.html",
        )


def _contents(found: list) -> str:
    items = (
        f'<li><a class="reference internal" href="#{f.name}"><code>{f.name}</code></a></li>' for f in found
    )
    return f"<ul>{''.join(items)}</ul>"


def _function(highlighter, function: ast.FunctionDef, in_numpy: bool) -> str:
    """One function: its signature, and its docstring as HTML."""
    name = function.name
    where = "losslib.functional, losslib.reference" if in_numpy else "losslib.functional"
    parts = [
        f'<section id="{name}">\n<h2>{name}<a class="headerlink" href="#{name}" title="Link to {name}">#</a></h2>',
        highlighter.highlight_block(_signature(function), "python"),
        f'<p class="losslib-module">{where}</p>',
        *_docstring(highlighter, ast.get_docstring(function) or ""),
        "</section>",
    ]
    return "\n".join(parts)


def _signature(function: ast.FunctionDef) -> str:
    """A function's name and arguments; where they are too long for a line, one in each."""
    arguments = [DEFAULT.sub(" = ", argument) for argument in NEXT_ARGUMENT.split(ast.unparse(function.args))]
    result = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    whole = f"{function.name}({', '.join(arguments)}){result}"
    if len(whole) <= WIDTH:
        return whole
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return f"{function.name}(\n{lines}){result}"


def _docstring(highlighter, text: str):
    """A docstring block by block: paragraphs, formulas, sections and examples."""
    for block in re.split(r"\n\s*\n", text):
        first, _, rest = block.partition("\n")
        heading = SECTION.match(first)
        if block.startswith(">>> "):
            yield highlighter.highlight_block(block, "pycon")
        elif block.startswith(" "):
            yield f"<pre>{escape(dedent(block))}</pre>"
        elif heading and heading[1] in ("Args", "Raises"):
            yield f'<p class="rubric">{HEADINGS.get(heading[1], heading[1])}</p>\n{_items(rest)}'
        else:
            yield from _paragraphs(block)


def _paragraphs(block: str):
    """A paragraph; a new one begins where a line names a section."""
    lines: list[str] = []
    for line in block.split("\n"):
        if SECTION.match(line) and lines:
            yield _paragraph(lines)
            lines = []
        lines.append(line)
    yield _paragraph(lines)


def _paragraph(lines: list[str]) -> str:
    text = " ".join(line.strip() for line in lines)
    heading = SECTION.match(text)
    if not heading:
        return f"<p>{_inline(text)}</p>"
    return f"<p><strong>{heading[1]}</strong>: {_inline(heading[2] or '')}</p>"


def _items(block: str) -> str:
    """`name: what it is`, each with the lines that follow it, as a list of definitions."""
    items: list[list[str]] = []
    for line in block.split("\n"):
        found = ITEM.match(line)
        if found:
            items.append([found[1], found[2]])
        else:
            items[-1][1] += f" {line.strip()}"
    rows = (f"<dt><code>{escape(name)}</code></dt><dd>{_inline(text)}</dd>" for name, text in items)
    return f"<dl>{''.join(rows)}</dl>"


def _inline(text: str) -> str:
    text = escape(text, quote=False)
    text = re.sub(r"`+([^`]+)`+", r"<code>\1</code>", text)
    text = DOI.sub(r'<a href="https://doi.org/\1">doi:\1</a>', text)
    return ARXIV.sub(r'<a href="https://arxiv.org/abs/\1">arXiv:\1</a>', text)


def setup(app):
    app.add_directive("losslib-contents", LosslibContents)
    app.connect("html-collect-pages", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
