"""The map of the book: every family, chapter and section, with its losses in code, its explorers and exercises.

The directive `book-map` stands in a notebook of any language. It is filled in when all pages have been read, so that
it says what they say.
"""

import re
from html import escape

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.locale import _

from book.site.ext.api_pages import CONTENTS, FAMILIES, FOLDER
from book.site.ext.notebook_cells import headings, read_notebook, section_of
from book.site.languages import languages, source_language
from book.site.project import ROOT, families, notebook

ASSIGNMENTS = "practice/coursework#assignments"
EXPLORERS = re.compile(r"^from losslib\.explorers import (.+)$", re.MULTILINE)
TASK = re.compile(r"^(?:###\s|\*\*\d+[.．、)])", re.MULTILINE)


class book_map(nodes.General, nodes.Element):
    """Where the map is to stand."""


class BookMap(Directive):
    def run(self):
        env = self.state.document.settings.env
        env.metadata[env.docname]["map"] = True
        return [book_map()]


class Mapped:
    """The pages of a language as the map of `here` shows them."""

    def __init__(self, env, here: str):
        self.env, self.code, self.up = env, env.srcdir.name, "../" * here.count("/")
        self.words = languages()[self.code].words

    def html(self) -> str:
        found = "".join(self._family(family, chapters) for family, chapters in families().items())
        return f'<div class="book-map">{found}</div>'

    def _family(self, family: str, chapters: list[str]) -> str:
        folder = family.partition("/")[0]
        own = f'<a class="headerlink" href="#map-{folder}" title="{_("Link to this heading")}">#</a>'
        entries = "".join(f"<li>{self._link(page)}{self._contents(page)}</li>\n" for page in chapters)
        given = (ROOT / "coursework" / self.code / folder).is_dir()
        return (
            f'<h2 id="map-{folder}">{self._link(family)}{own}</h2>\n'
            + self._contents(family)
            + (f"<ul>{entries}</ul>\n" if entries else "")
            + (f"<p>{self._link(ASSIGNMENTS, self.words['map_assignment'])}</p>\n" if given else "")
        )

    def _contents(self, page: str) -> str:
        cells = read_notebook(notebook(self.code, page))["cells"]
        return self._losses(page, cells) + self._sections(page, cells)

    def _losses(self, page: str, cells: list[dict]) -> str:
        """The losses that the chapter treats, by the names of their classes, linked to where it does so."""
        places = section_of(cells, self._anchors(page))
        links = [
            self._link(f"{page}#{places[cell['id']]}".rstrip("#"), f"<code>{name}</code>")
            for cell in cells
            for name in cell["metadata"].get("losses", ())
            if name[0].isupper()
        ]
        return f'<p class="losses">{" ".join(links)}</p>' if links else ""

    def _sections(self, page: str, cells: list[dict]) -> str:
        places = section_of(cells, self._anchors(page))
        moving = {places[cell] for cell in explorers(cells)}
        entries = [
            self._link(f"{page}#{anchor}", escape(text), mark=self._mark if anchor in moving else "")
            for anchor, text in headings(self.env, page)
            if anchor
        ]
        if page == CONTENTS:
            entries += [self._reference(family) for family in FAMILIES]
        if not entries:
            return ""
        counts = {
            "map_sections": len(entries),
            "map_explorers": sum(map(len, explorers(cells).values())),
            "map_exercises": exercises(cells),
        }
        said = " · ".join(self.words[word].replace("{n}", str(n)) for word, n in counts.items() if n)
        listed = "".join(f"<li>{entry}</li>" for entry in entries)
        return f"<details><summary>{said}</summary><ul>{listed}</ul></details>"

    @property
    def _mark(self) -> str:
        """What stands beside a section that has an explorer."""
        return f' <span class="interactive">{escape(self.words["map_explorer"])}</span>'

    def _anchors(self, page: str) -> list[str]:
        return [anchor for anchor, _ in headings(self.env, page) if anchor]

    def _reference(self, family: str) -> str:
        address = f"{self.up}../{source_language().code}/{FOLDER}/{family}.html"
        return f'<a href="{address}" hreflang="en" lang="en"><code>losslib: {family}</code></a>'

    def _link(self, place: str, text: str = "", mark: str = "") -> str:
        page, _, anchor = place.partition("#")
        address = f"{self.up}{page}.html" + (f"#{anchor}" if anchor else "")
        return f'<a href="{address}">{text or escape(self.env.titles[page].astext())}</a>{mark}'


def explorers(cells: list[dict]) -> dict[str, list[str]]:
    """The cells that show explorers, with the functions that make them."""
    sources = {cell["id"]: "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"}
    imported = {
        name.strip()
        for text in sources.values()
        for part in EXPLORERS.findall(text)
        for name in part.split(",")
    }
    makers = [name for name in imported if name.islower()]
    shown = {
        cell: [n for n in makers if re.search(rf"^{n}\(", text, re.MULTILINE)]
        for cell, text in sources.items()
    }
    return {cell: names for cell, names in shown.items() if names}


def exercises(cells: list[dict]) -> int:
    ids = [cell["id"] for cell in cells]
    if "exercises" not in ids:
        return 0
    end = ids.index("references") if "references" in ids else len(ids)
    texts = (
        "".join(c["source"]) for c in cells[ids.index("exercises") : end] if c["cell_type"] == "markdown"
    )
    return sum(len(TASK.findall(text)) for text in texts)


def fill_in(app, doctree, docname):
    for place in list(doctree.findall(book_map)):
        place.replace_self(nodes.raw("", Mapped(app.env, docname).html(), format="html"))


def maps(app, env):
    """The pages that hold a map are written anew with every build: any page may have changed what it says."""
    return [page for page, known in env.metadata.items() if "map" in known]


def setup(app):
    app.add_node(book_map)
    app.add_directive("book-map", BookMap)
    app.connect("doctree-resolved", fill_in)
    app.connect("env-updated", maps)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
