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
                if not any(alike(word, name) for name in known):
                    yield f"{page}#{cell.id}: {word!r} is bold, but no term of glossary.toml"


def terms(root: Path) -> list[dict]:
    return tomllib.loads((root / "book/glossary.toml").read_text(encoding="utf8"))["term"]


def all_bold(cell) -> list[str]:
    return BOLD.findall(FOLDED.sub("", cell.source))


def alike(one: str, other: str) -> bool:
    """Whether two phrases have the same words but for their endings."""

    def stems(phrase: str) -> set[str]:
        return {word[:4] for word in re.findall(r"\w+", phrase.casefold().replace("ё", "е"))}

    return bool(stems(one) & stems(other))
