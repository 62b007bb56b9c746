"""How a notebook is stored: stripped, canonical, with words for ids and descriptions for pictures."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

from book import translations
from tests.book.pages import Page, languages, pages

CELL_ID = re.compile(r"[a-z]+(-([a-z]+|\d{1,3}))*")


def notebooks_are_canonical(root: Path) -> Iterator[str]:
    """`make sync` makes them so."""
    for page in pages(root):
        text = page.path.read_text(encoding="utf8")
        if text != translations.canonical(nbformat.reads(text, as_version=4)):
            yield f"{page}: outputs, an editor's metadata or another layout; make sync strips them"


def cell_ids_are_words(root: Path) -> Iterator[str]:
    for page in pages(root):
        ids = Counter(cell.id for cell in page.cells)
        yield from (f"{page}: the cell id {i!r} stands {n} times" for i, n in ids.items() if n > 1)
        yield from (
            f"{page}: the cell id {i!r} is not made of words" for i in ids if not CELL_ID.fullmatch(i)
        )


def times_are_marked_as_measured(root: Path) -> Iterator[str]:
    """The site leaves out what such cells print, for it differs from one build to the next."""
    for page in pages(root):
        for cell in page.of_type("code"):
            if "time_step(" in cell.source and "measured" not in cell.metadata.get("tags", []):
                yield f"{page}#{cell.id}: a cell that measures times lacks the tag measured"


def figures_are_described(root: Path) -> Iterator[str]:
    """Every figure and explorer has a name, a caption, and an alternative text that says something else."""
    for page in pages(root):
        described = []
        for cell in page.of_type("code"):
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            if not figure and not alt:
                if draws(cell, page):
                    yield f"{page}#{cell.id}: a figure without caption and alternative text"
                continue
            described.append((cell.id, figure.get("name", ""), alt))
            if not draws(cell, page):
                yield f"{page}#{cell.id}: a caption, but the last expression draws nothing"
            if not figure.get("caption", "").strip() or not alt.strip():
                yield f"{page}#{cell.id}: caption or alternative text is empty"
            elif figure["caption"].strip() == alt.strip():
                yield f"{page}#{cell.id}: the alternative text repeats the caption"
            if not figure.get("name", "").startswith("fig-"):
                yield f"{page}#{cell.id}: expected a figure name fig-..., got {figure.get('name')!r}"
        for what, column in (("name", 1), ("alternative text", 2)):
            counts = Counter(row[column] for row in described)
            yield from (
                f"{page}: two figures share the {what} {text!r}" for text, n in counts.items() if n > 1
            )


def draws(cell: NotebookNode, page: Page) -> bool:
    """Whether the cell ends in show(...) or in an explorer."""
    body = ast.parse(cell.source).body
    last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    return isinstance(last, ast.Call) and ast.unparse(last.func) in {"show", *explorers(page)}


def explorers(page: Page) -> set[str]:
    """The functions that the page imports from losslib.explorers."""
    found = set()
    for cell in page.of_type("code"):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("losslib.explorers"):
                found |= {alias.asname or alias.name for alias in node.names if alias.name.islower()}
    return found


def contents_match_the_pages(root: Path) -> Iterator[str]:
    """A page is in _toc.yml exactly if it exists in English; folders and catalogues match languages.toml."""
    toc = (root / "_toc.yml").read_text(encoding="utf8")
    listed = list(files(yaml.safe_load(toc)))
    existing = translations.pages("en", root / "book")
    yield from (f"_toc.yml names {page}, which book/en lacks" for page in listed if page not in existing)
    yield from (f"book/en/{page}.ipynb is missing from _toc.yml" for page in existing if page not in listed)
    if re.search(r"^\s*-?\s*caption:", toc, re.MULTILINE):
        yield "_toc.yml has a caption, which cannot be translated: use the title of the family's index page"
    known = set(languages(root))
    folders = {path.parent.name for path in root.glob("book/*/index.ipynb")}
    catalogues = {"en", *(path.stem for path in root.glob("losslib/locales/*.toml"))}
    yield from (
        f"book/{lang} has pages, but no section in book/languages.toml" for lang in sorted(folders - known)
    )
    yield from (f"{lang} is in book/languages.toml, but has no pages" for lang in sorted(known - folders))
    yield from (
        f"{lang} is in book/languages.toml, but has no catalogue" for lang in sorted(known - catalogues)
    )
    yield from (
        f"losslib/locales/{lang}.toml has no section in languages.toml" for lang in sorted(catalogues - known)
    )


def files(toc: dict | list) -> Iterator[str]:
    """Every page that a table of contents names, in order."""
    for entry in toc if isinstance(toc, list) else [toc]:
        yield from (entry[key] for key in ("root", "file") if key in entry)
        for below in ("parts", "chapters", "sections"):
            yield from files(entry.get(below, []))
