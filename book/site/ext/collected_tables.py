"""Tables that the book collects from itself, so that they cannot disagree with it.

`loss-cards` gathers the cards at the head of the chapters, one table for each property; `glossary-terms` lists the
terms of `book/glossary.toml` in the order of the page's language, with the words of the other languages beside them.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from book.site.ext.notebook_cells import read_notebook
from book.site.languages import languages, source_language
from book.site.project import BOOK, notebook, pages

GLOSSARY = BOOK / "glossary.toml"
CARD = "at-a-glance"
ROW = re.compile(r"^\|(.+?)(?<!\\)\|(.+)\|\s*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
LINK = re.compile(r"\]\((?![a-z]+:|#)([^)\s]+)\)")


def cards(code: str) -> dict[str, dict[str, str]]:
    """For each property, as a language names it, what the card of every chapter says: {"Range": {page: text}}."""
    found: dict[str, dict[str, str]] = {}
    for page in pages():
        cells = {cell["id"]: "".join(cell["source"]) for cell in read_notebook(notebook(code, page))["cells"]}
        folder = Path(page).parent.as_posix()
        for name, text in ROW.findall(cells.get(CARD, ""))[2:]:
            name = re.split(r"[(（]", name)[0].strip()
            found.setdefault(name, {})[page] = LINK.sub(rf"](../{folder}/\1)", text.strip())
    return found


@cache
def terms() -> list[dict]:
    """The entries of the glossary: `page`, where it is introduced, and for each language `name` and `meaning`.

    A language that an entry lacks has the source language's words.
    """
    found = tomllib.loads(GLOSSARY.read_text(encoding="utf-8"))["term"]
    return [dict.fromkeys(languages(), term[source_language().code]) | term for term in found]


def slug(term: dict) -> str:
    """The name of a term in addresses, the same in every language."""
    name = term[source_language().code]["name"].casefold()
    return (
        re.sub(r"[^a-z0-9@τ]+", "-", name.replace("–", "-"))
        .strip("-")
        .replace("τ", "tau")
        .replace("@", "-at-")
    )


class Collected(Directive):
    """Markdown that is put together anew whenever one of the files it comes from has changed."""

    def run(self):
        env = self.state.document.settings.env
        for path in self.sources(env.srcdir.name):
            env.note_dependency(str(path))
        container = nodes.container(classes=[self.name])
        lines = self.markdown(env.srcdir.name).split("\n")
        self.state.nested_parse(StringList(lines, env.docname), self.content_offset, container)
        return container.children


class LossCards(Collected):
    def sources(self, code):
        return [notebook(code, page) for page in pages()]

    def markdown(self, code):
        return "\n\n".join(_folded(name, texts, code) for name, texts in cards(code).items())


class GlossaryTerms(Collected):
    def sources(self, code):
        return [GLOSSARY]

    def markdown(self, code):
        order = sorted(terms(), key=lambda term: _sort_key(term[code]))
        return "\n\n".join(_entry(term, code) for term in order)


def _folded(name: str, texts: dict[str, str], code: str) -> str:
    rows = "\n".join(f"| [{_title(page, code)}](../{page}.ipynb) | {text} |" for page, text in texts.items())
    summary = re.sub(r"`(.+?)`", r"<code>\1</code>", escape(name, quote=False))
    return (
        f'<details class="choice"><summary>{summary}</summary>\n\n| | |\n| --- | --- |\n{rows}\n\n</details>'
    )


def _entry(term: dict, code: str) -> str:
    words = languages()[code].words
    page, _, cell = term["page"].partition("#")
    link = f"[{_title(page, code)}](../{page}.ipynb{_section(page, cell, code)})"
    name = f'<span id="term-{slug(term)}">**{term[code]["name"]}**</span>'
    others = " · ".join(_other_names(term, code))
    if others:
        name += words["term_others"].replace("{others}", others)
    return f"{name}{words['term_stop']}{term[code]['meaning']} {link}"


def _other_names(term: dict, code: str) -> Iterator[str]:
    """What the other languages call it, where that is another name; each name once."""
    known = {term[code]["name"].casefold()}
    for other, language in languages().items():
        name = term[other]["name"]
        if name.casefold() not in known:
            yield f'<span lang="{language.html}">{escape(name)}</span>'
        known.add(name.casefold())


def _section(page: str, wanted: str, code: str) -> str:
    """The anchor of the section that a cell stands in; the first one is the page itself."""
    found = ""
    for number, cell in enumerate(read_notebook(notebook(code, page))["cells"]):
        if number and cell["cell_type"] == "markdown" and HEADING.search("".join(cell["source"])):
            found = f"#{cell['id']}"
        if cell["id"] == wanted:
            return found
    raise ValueError(f"{GLOSSARY.name}: {page} has no cell {wanted!r} in {code}")


def _title(page: str, code: str) -> str:
    return (
        "".join(read_notebook(notebook(code, page))["cells"][0]["source"]).split("\n")[0].removeprefix("# ")
    )


def _sort_key(word: dict) -> str:
    """The name, or how it is pronounced where its letters have no order."""
    return word.get("sounds", word["name"]).casefold().replace("ё", "е")


def setup(app):
    app.add_directive("loss-cards", LossCards)
    app.add_directive("glossary-terms", GlossaryTerms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
