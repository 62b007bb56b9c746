"""Keep book/<language> in step with book/en: list what differs, copy code, stamp prose as current.

The assignments in coursework/<language> are kept in step in the same way.

    python book/translations.py          list missing, drifted, orphaned and stale cells
    python book/translations.py --sync   copy code, cell order and new cells from English, strip outputs
    python book/translations.py --stamp ru/regression/huber         mark the prose of a page as current
    python book/translations.py --stamp ru/regression/huber#quiz    mark one cell
    python book/translations.py --stamp coursework/ru/final/final   mark an assignment

missing   the page does not exist in that language (--sync makes it)
drifted   code, order, formulas, labels, citations, quiz answers or metadata differ from English
orphaned  the translation has words that English no longer has: they stay until you move or delete them
stale     English changed after the translation was made; readers see a notice, and nothing fails

The exit status is 1 when anything but stale cells is listed.
"""

import argparse
import copy
import re
import sys
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import nbformat
from nbformat import NotebookNode

BOOK = Path(__file__).resolve().parent
COURSEWORK = BOOK.parent / "coursework"
TREES = (BOOK, COURSEWORK)  # in what follows `book` is either
# Beside these a notebook may have `keywords`, words that its readers may search for, in its own language.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# Anything else in a cell's metadata is left behind by an editor.
CELL_METADATA = {"jupyter", "losses", "mystnb", "nbgrader", "source", "tags"}
WORDS = (("figure", "caption"), ("image", "alt"))  # where a code cell's metadata.mystnb holds words


def languages(book: Path = BOOK) -> list[str]:
    """The languages of `book/languages.toml` that English is translated into."""
    listed = (book.parent / "book" / "languages.toml").read_text(encoding="utf8")
    return [lang for lang in tomllib.loads(listed) if lang != "en"]


def pages(lang: str, book: Path = BOOK) -> list[str]:
    """The pages of a language, as paths without suffix: `regression/huber`."""
    folder = book / lang
    found = (path.relative_to(folder) for path in folder.rglob("*.ipynb"))
    return sorted(
        p.with_suffix("").as_posix() for p in found if not any(part.startswith(".") for part in p.parts)
    )


def load(lang: str, page: str, book: Path = BOOK) -> NotebookNode:
    return nbformat.read(book / lang / f"{page}.ipynb", as_version=4)


def canonical(notebook: NotebookNode) -> str:
    """The one valid text of a notebook: no outputs, no traces of an editor, sorted keys, a final newline."""
    notebook = copy.deepcopy(notebook)
    keywords = {"keywords": notebook.metadata.keywords} if "keywords" in notebook.metadata else {}
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA | keywords)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in CELL_METADATA})
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def save(notebook: NotebookNode, lang: str, page: str, book: Path = BOOK) -> None:
    path = book / lang / f"{page}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(canonical(notebook), encoding="utf8", newline="\n")


def fingerprint(text: str) -> str:
    """Twelve hexadecimal digits that change whenever the text does."""
    return sha256(text.encode()).hexdigest()[:12]


def words(cell: NotebookNode) -> str | None:
    """What a translator translates in a cell: its Markdown, or caption and alternative text, or nothing."""
    if cell.cell_type == "markdown":
        return cell.source
    figure = cell.metadata.get("mystnb", {})
    texts = [figure.get(group, {}).get(key) for group, key in WORDS]
    return "\n".join(text or "" for text in texts) if any(texts) else None


def code(cell: NotebookNode, lang: str) -> str:
    """The English code as it stands in `lang`: only the cell `setup` names the language."""
    return cell.source.replace('setup("en")', f'setup("{lang}")') if cell.id == "setup" else cell.source


def without_words(cell: NotebookNode) -> dict:
    """The metadata that all languages share: tags, figure names, hidden sources."""
    metadata = copy.deepcopy(dict(cell.metadata))
    metadata.pop("source", None)
    figure = metadata.pop("mystnb", {})
    for group, key in WORDS:
        figure.get(group, {}).pop(key, None)
    return metadata | {name: group for name, group in figure.items() if group}


def facts(markdown: str) -> dict[str, list[str]]:
    """What prose must hold alike in every language; words inside \\text{...} and decimal marks are free."""
    formulas = re.findall(r"\$\$(.+?)\$\$", markdown, re.DOTALL)
    links = re.findall(r"\]\(([^)\s#]*\.ipynb)[^)]*\)", markdown)
    return {
        "formulas": [
            re.sub(r"\\text\s*\{[^{}]*\}|\s+", "", formula).replace("{,}", ".") for formula in formulas
        ],
        "labels": re.findall(r"\$\$\s*\(([\w:-]+)\)|^\(([\w:-]+)\)=", markdown, re.MULTILINE),
        "references and citations": sorted(
            set(re.findall(r"\{([\w:]+)\}`(?:[^`]*<)?([^`<>]+)>?`", markdown))
        ),
        "links": sorted(set(links)),
        "quiz answers": re.findall(r'class="answer (\w+)"', markdown),
    }


def drift(english: NotebookNode, mine: NotebookNode, lang: str) -> Iterator[str]:
    """Name everything in which a translated cell contradicts its English cell."""
    if english.cell_type != mine.cell_type:
        yield "cell type"
    elif english.cell_type == "markdown":
        theirs, ours = facts(english.source), facts(mine.source)
        yield from (what for what in theirs if theirs[what] != ours[what])
    elif mine.source != code(english, lang):
        yield "code"
    if without_words(english) != without_words(mine):
        yield "metadata"


def problems(lang: str, page: str, book: Path = BOOK) -> Iterator[tuple[str, str]]:
    """Yield (kind, cell id) for every way in which a page differs from English; see the top of this file."""
    if page not in pages(lang, book):
        yield "missing", "page"
        return
    if page not in pages("en", book):
        yield "orphaned", "page"
        return
    english = {cell.id: cell for cell in load("en", page, book).cells}
    mine = {cell.id: cell for cell in load(lang, page, book).cells}
    if [i for i in mine if i in english] != [i for i in english if i in mine]:
        yield "drifted", "order of cells"
    yield from (("drifted", f"{i}: not translated") for i in english if i not in mine)
    yield from (("orphaned", i) for i in mine if i not in english)
    for i in (i for i in english if i in mine):
        yield from (("drifted", f"{i}: {what}") for what in drift(english[i], mine[i], lang))
        text = words(english[i])
        if text is None and words(mine[i]) is not None:
            yield "orphaned", f"{i}: caption"
        elif text is not None and mine[i].metadata.get("source") != fingerprint(text):
            yield "stale", i


def stale(lang: str, page: str, book: Path = BOOK) -> list[str]:
    """The ids of the cells whose English text has changed since they were translated."""
    if lang == "en":
        return []
    return [cell for kind, cell in problems(lang, page, book) if kind == "stale"]


def merged(english: NotebookNode, mine: NotebookNode | None, lang: str) -> NotebookNode:
    """The English cell with the words of its translation, where there are some."""
    cell = copy.deepcopy(english)
    cell.source = code(english, lang)
    if mine is None:
        return cell
    if mine.cell_type != cell.cell_type:
        raise ValueError(
            f"cell {cell.id}: expected a {cell.cell_type} cell as in English, got {mine.cell_type}"
        )
    if cell.cell_type == "markdown":
        cell.source = mine.source
    for group, key in WORDS:
        if text := mine.metadata.get("mystnb", {}).get(group, {}).get(key):
            cell.metadata.setdefault("mystnb", {}).setdefault(group, {})[key] = text
    if "source" in mine.metadata:
        cell.metadata["source"] = mine.metadata["source"]
    return cell


def sync(lang: str, page: str, book: Path = BOOK) -> None:
    """Rebuild a page from English code, order and metadata, and its own words.

    No translated words are lost: a cell that English no longer has stays where it was, after the same cell.
    """
    notebook = load("en", page, book)
    mine = []
    if page in pages(lang, book):
        translated = load(lang, page, book)
        mine, notebook.metadata = translated.cells, translated.metadata
    by_id = {cell.id: cell for cell in mine}
    cells = [merged(cell, by_id.get(cell.id), lang) for cell in notebook.cells]
    known = {cell.id for cell in cells}
    for before, cell in zip([None, *mine], mine, strict=False):
        if cell.id not in known and words(cell) is not None:
            place = next((n for n, c in enumerate(cells, 1) if before is not None and c.id == before.id), 0)
            cells.insert(place, cell)
    notebook.cells = cells
    save(notebook, lang, page, book)


def sync_all(book: Path = BOOK) -> None:
    """Strip every English page, then rebuild every translation from it."""
    for page in pages("en", book):
        save(load("en", page, book), "en", page, book)
        for lang in languages(book):
            try:
                sync(lang, page, book)
            except ValueError as error:
                raise SystemExit(f"{book.name}/{lang}/{page} was left as it is: {error}") from None


def stamp(lang: str, page: str, only: str | None = None, book: Path = BOOK) -> None:
    """Record that the words of a page, or of one of its cells, say what English says now."""
    english = {cell.id: words(cell) for cell in load("en", page, book).cells}
    notebook = load(lang, page, book)
    if only is not None and only not in {cell.id for cell in notebook.cells}:
        raise ValueError(f"expected a cell of {lang}/{page}, got {only!r}")
    for cell in notebook.cells:
        text = english.get(cell.id)
        if only in (None, cell.id) and text is not None:
            cell.metadata["source"] = fingerprint(text)
    save(notebook, lang, page, book)


def stamp_target(target: str, trees: tuple[Path, ...] = TREES) -> tuple[str, str, str | None, Path]:
    """Split `ru/regression/huber#quiz`; a path such as `book/ru/regression/huber.ipynb` is understood too."""
    path, _, cell = target.partition("#")
    named = [tree for tree in trees if path.startswith(f"{tree.name}/")]
    book = named[0] if named else trees[0]
    lang, _, page = path.removeprefix(f"{book.name}/").removesuffix(".ipynb").partition("/")
    if lang not in languages(book) or page not in pages(lang, book) or page not in pages("en", book):
        raise SystemExit(f"--stamp: expected a translated page such as ru/regression/huber, got {target!r}")
    return lang, page, cell or None, book


def report(trees: tuple[Path, ...] = TREES) -> int:
    """Print every problem and a closing line; 1 if there is any but stale cells."""
    counts: dict[str, int] = {}
    for book in trees:
        for lang in languages(book):
            for page in sorted({*pages("en", book), *pages(lang, book)}):
                for kind, cell in problems(lang, page, book):
                    counts[kind] = counts.get(kind, 0) + 1
                    print(f"{kind:8} {book.name}/{lang}/{page}.ipynb  {cell}")
    summary = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "all current"
    print(f"Translations into {', '.join(languages(trees[0]))}: {summary}.")
    return int(bool(counts.keys() - {"stale"}))


def main() -> int:
    parser = argparse.ArgumentParser(description="List, copy and stamp translations of the book.")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--sync", action="store_true", help="copy code, order and new cells from English")
    group.add_argument("--stamp", metavar="PAGE[#CELL]", help="mark prose as current: ru/regression/huber")
    arguments = parser.parse_args()
    if arguments.sync:
        for tree in TREES:
            sync_all(tree)
    elif arguments.stamp:
        stamp(*stamp_target(arguments.stamp))
    return report()


if __name__ == "__main__":
    sys.exit(main())
