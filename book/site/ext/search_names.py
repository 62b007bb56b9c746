"""Names that lead straight to a page or a section: titles, keywords, losses in code, terms of the glossary, headings.

They are written to `_static/names.js`, which `scripts/search.js` loads when a reader turns to the search. A script,
not data to fetch: it loads from a file as well.
"""

import json
import re
from collections import Counter

from book.site.ext.api_pages import FAMILIES, FOLDER, functions
from book.site.ext.collected_tables import terms
from book.site.ext.notebook_cells import headings, read_notebook, section_of
from book.site.languages import Language, languages, source_language
from book.site.project import notebook, pages

NAMES = "names.js"
TITLE = re.compile(r"(.+?)\s*[(（](.+)[)）]")
TITLE_CELL = "title"
COMMON_HEADING = 3  # a heading of so many pages leads to none of them


def names(env) -> list[dict]:
    """For each page its address, title and names, and for each section that has names of its own the same."""
    code = env.srcdir.name
    found = [_page(env, code, name) for name in pages()]
    seen = Counter(title for page in found for _, title, _ in page["sections"])
    for page in found:
        for _, title, known in page["sections"]:
            if seen[title] < COMMON_HEADING:
                known.insert(0, title)
        page["sections"] = [section for section in page["sections"] if section[2]]
    return found + [_reference(code, family) for family in FAMILIES]


def _page(env, code: str, name: str) -> dict:
    stored = read_notebook(notebook(code, name))
    title = env.titles[name].astext()
    split = TITLE.fullmatch(title)
    known = list(split.groups()) if split else [title]
    opened = {anchor: text for anchor, text in headings(env, name) if anchor}
    places = section_of(stored["cells"], list(opened))
    own: dict[str, list[str]] = {"": known} | {anchor: [] for anchor in opened}
    for cell in stored["cells"]:
        own[places[cell["id"]]] += cell["metadata"].get("losses", [])
    for term in terms():
        page, _, cell = term["page"].partition("#")
        if page == name:
            own[places[cell]] += _called(term, code)
    known += stored["metadata"].get("keywords", [])
    return {
        "url": f"{name}.html",
        "title": title,
        "names": list(dict.fromkeys(known)),
        "sections": [(anchor, text, own[anchor]) for anchor, text in opened.items()],
    }


def _called(term: dict, code: str) -> list[str]:
    """What readers of a language may call a term: its name there and in the source language, and how it is read."""
    own = term[code]
    found = [own["name"], term[source_language().code]["name"], own.get("sounds"), *term.get("also", [])]
    return list(dict.fromkeys(filter(None, found)))


def _reference(code: str, family: str) -> dict:
    source = source_language().code
    folder = "" if code == source else f"../{source}/"
    return {
        "url": f"{folder}{FOLDER}/{family}.html",
        "title": f"losslib: {family}",
        "names": [],
        "sections": [(f.name, f"losslib.functional.{f.name}", [f.name]) for f in functions(family)],
    }


def write_names(app, error):
    if error or app.builder.name != "html":
        return
    here: Language = languages()[app.srcdir.name]
    noise = {"noise": here.words["search_noise"].split(), "common": here.words["search_common"].split()}
    text = ",".join(
        json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in (names(app.env), noise)
    )
    (app.outdir / "_static" / NAMES).write_text(f"bookNames({text});\n", "utf-8")


def setup(app):
    app.connect("build-finished", write_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
