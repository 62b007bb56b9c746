"""The glossary and the pages agree: terms stand in bold where they are introduced, and nothing else does."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.book.pages import languages, pages, stale_cells

BOLD = re.compile(r"\*\*([^*]+?)\*\*")
# Bold that is no term: numbers of tasks, quotations, whole sentences, and what heads a paragraph, an item or a cell.
HEADS = re.compile(r"^(?:[-*] |\d+\. |\| |> )*\*\*[^*]+?\*\*", re.MULTILINE)
FOLDED = re.compile(r"<details.*?</details>|```.*?```|\$\$.*?\$\$|^\|.*\|$", re.DOTALL | re.MULTILINE)
WORKED = {"quiz", "exercises"}
STATEMENT = 5  # words: what is so long says something rather than names it
NO_CHAPTERS = {"index", "appendix", "practice"}


def terms_stand_in_bold_where_the_glossary_says(root: Path) -> Iterator[str]:
    """Each term, in every language, in the cell that introduces it, or in the title of its page."""
    by_name = {(page.lang, page.name): page for page in pages(root)}
    for term in terms(root):
        name, _, cell_id = term["page"].partition("#")
        for lang in languages(root):
            if lang not in term:  # waits for its translator; the site shows the English
                continue
            if not all(term[lang].get(key, "").strip() for key in ("name", "meaning")):
                yield f"glossary.toml: {term['page']} lacks name or meaning in {lang}"
                continue
            page = by_name.get((lang, name))
            cell = page and page.cell(cell_id)
            if not cell:
                yield f"glossary.toml: {term[lang]['name']!r} is to stand in {lang}/{name}#{cell_id}: no such cell"
            elif cell_id in {"title", *stale_cells(root, page)}:
                continue
            elif not any(alike(word, term[lang]["name"]) for word in all_bold(cell)):
                yield f"{page}#{cell_id}: expected {term[lang]['name']!r} in bold, as glossary.toml says"


def bold_terms_are_in_the_glossary(root: Path) -> Iterator[str]:
    """In English, where emphasis is in italics; what else is bold is a heading of some kind."""
    known = {term["en"]["name"] for term in terms(root)}
    for page in pages(root, lang="en"):
        for cell in page.of_type("markdown"):
            if cell.id in WORKED or page.name.partition("/")[0] in NO_CHAPTERS:
                continue
            for word in BOLD.findall(HEADS.sub("", FOLDED.sub("", cell.source))):
                if len(word.split()) < STATEMENT and not any(within(word, name) for name in known):
                    yield f"{page}#{cell.id}: {word!r} is bold, but no term of glossary.toml"


def terms(root: Path) -> list[dict]:
    return tomllib.loads((root / "book/glossary.toml").read_text(encoding="utf8"))["term"]


def all_bold(cell) -> list[str]:
    return BOLD.findall(FOLDED.sub("", cell.source))


def alike(bold: str, name: str) -> bool:
    """Whether one phrase has all words of the other: *softmax* and *the softmax function*."""
    return within(bold, name) or within(name, bold)


def within(phrase: str, other: str) -> bool:
    """Whether every word of a phrase is in the other, but for its ending; numbers and single letters do not count."""
    return all(any(akin(word, known) for known in words(other)) for word in words(phrase))


def words(phrase: str) -> list[str]:
    return re.findall(r"[^\W\d]\w+", phrase.casefold().replace("ё", "е"))


def akin(one: str, other: str) -> bool:
    stem = max(2, min(4, len(one) - 1, len(other) - 1))
    return one[:stem] == other[:stem]
