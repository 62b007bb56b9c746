"""One language per page: code holds none, catalogues hold every phrase, prose is translated."""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

from book import translations
from tests.book.pages import formulas, pages, prose, stale_cells

LETTERS = {"ru": re.compile("[а-яё]", re.IGNORECASE), "zh": re.compile("[\u3400-\u9fff]")}
WORD = re.compile(r"\b[A-Za-z]{2,}\b(?!\()")  # not f in f(x)
# Functions, reductions, units and the library are named alike in every language.
NAMES = re.compile(
    "abs|clip|cosh|exp|ln|log|losslib|max|mean|median|min|none|pseudo|px|sign|sin|sqrt|std|sum|tanh|var|where",
    re.IGNORECASE,
)
# What shows even a single word of its arguments to the reader, so that it belongs in tr(...).
SHOWN_CALLS = {"annotate", "set_title", "set_xlabel", "set_ylabel", "suptitle", "table", "text"}
SHOWN_KEYWORDS = {"label", "title", "x_label", "y_label", "xlabel", "ylabel"}
# What shows nothing to the reader: options, and the texts of errors and warnings.
SILENT_KEYWORDS = {"dtype", "family", "loc", "match", "message", "reduction"}
SILENT_NODES = (ast.Compare, ast.Raise)


def translations_have_not_drifted(root: Path) -> Iterator[str]:
    """Missing, drifted or orphaned cells; stale ones are the reader's notice, not an error."""
    book = root / "book"
    for lang in translations.languages(book):
        for name in sorted({*translations.pages("en", book), *translations.pages(lang, book)}):
            found = translations.problems(lang, name, book)
            yield from (f"{lang}/{name}: {kind}: {cell}" for kind, cell in found if kind != "stale")


def setup_names_the_language(root: Path) -> Iterator[str]:
    for page in pages(root):
        setup = page.cell("setup")
        expected = f'from losslib.notebook import setup\n\nsetup("{page.lang}")'
        if page.of_type("code") and (setup is None or setup.source != expected):
            yield f"{page}#setup: expected exactly {expected!r}"


def code_holds_no_natural_language(root: Path) -> Iterator[str]:
    """English only: the other languages have the same code, or have drifted."""
    for page in pages(root, lang="en"):
        for cell in page.of_type("code"):
            found = [*spoken_strings(ast.parse(cell.source)), *spoken_comments(cell.source)]
            yield from (f"{page}#{cell.id}: words in code: {text!r}" for text in found)


def spoken_strings(tree: ast.AST, *, shown: bool = False) -> Iterator[str]:
    """String literals that speak to the reader outside tr(...); where they are `shown`, one word is enough."""
    if isinstance(tree, SILENT_NODES):
        return
    if isinstance(tree, ast.Constant | ast.JoinedStr) and speech(literal(tree), shown):
        yield literal(tree)
    if isinstance(tree, ast.Call):
        name = ast.unparse(tree.func).rpartition(".")[2]
        if name == "tr":
            return
        yield from spoken_strings(tree.func)
        for argument in tree.args:
            yield from spoken_strings(argument, shown=name in SHOWN_CALLS)
        for keyword in tree.keywords:
            if keyword.arg not in SILENT_KEYWORDS:
                yield from spoken_strings(keyword.value, shown=keyword.arg in SHOWN_KEYWORDS)
        return
    for child in ast.iter_child_nodes(tree):
        if not isinstance(tree, ast.JoinedStr) or isinstance(child, ast.FormattedValue):
            passed_on = isinstance(tree, ast.Dict | ast.IfExp | ast.List | ast.BinOp)
            yield from spoken_strings(child, shown=shown and passed_on)


def speech(text: str, shown: bool) -> bool:
    """Whether a text has two words (where it is shown: one), not counting formulas, names and ACRONYMS."""
    plain = re.sub(r"\$[^$]*\$", " ", text)
    words = {word for word in WORD.findall(plain) if not word.isupper() and not NAMES.fullmatch(word)}
    lonely = shown and any(word.islower() and len(word) > 2 for word in words)
    sentence = " " in plain.strip() and len(words) > 1
    identifier = re.search(r"[_.]", plain)
    return foreign(plain) or sentence or bool(lonely and not identifier)


def foreign(text: str) -> bool:
    return any(letters.search(text) for letters in LETTERS.values())


def literal(node: ast.Constant | ast.JoinedStr) -> str:
    """The text of a string literal, with {} for what an f-string fills in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(literal(part) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def spoken_comments(source: str) -> Iterator[str]:
    """Comments of two words and more; shapes such as (N, D) and names are no words."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        without_shapes = re.sub(r"\([\w, *]*\)", "", token.string)
        if token.type == tokenize.COMMENT and speech(without_shapes, shown=False):
            yield token.string


def catalogues_hold_exactly_the_phrases_in_use(root: Path) -> Iterator[str]:
    sources = [cell.source for page in pages(root, lang="en") for cell in page.of_type("code")]
    modules = [*root.glob("losslib/**/*.py"), *root.glob("coursework/*.py")]
    sources += [path.read_text(encoding="utf8") for path in modules]
    used = {phrase for source in sources for phrase in phrases(source)}
    for path in sorted(root.glob("losslib/locales/*.toml")):
        catalogue = tomllib.loads(path.read_text(encoding="utf8"))
        yield from (f"{path.name}: {phrase!r} is missing" for phrase in sorted(used - catalogue.keys()))
        yield from (f"{path.name}: {phrase!r} is used nowhere" for phrase in sorted(catalogue.keys() - used))
        for phrase, translation in catalogue.items():
            if not translation.strip():
                yield f"{path.name}: {phrase!r} has an empty translation"
            if placeholders(phrase) != placeholders(translation):
                yield f"{path.name}: {phrase!r} and {translation!r} have different placeholders"


def placeholders(phrase: str) -> set[str]:
    return set(re.findall(r"\{(\w*)", phrase))


def phrases(source: str) -> Iterator[str]:
    """The first argument of every tr("...") and phrase("...")."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in {"tr", "phrase"}
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.args[0].value


def descriptions_are_in_the_language_of_the_page(root: Path) -> Iterator[str]:
    """Captions and alternative texts; a cell that waits for its translator may still be English."""
    for page in pages(root):
        waiting = stale_cells(root, page)
        for cell in (cell for cell in page.of_type("code") if cell.id not in waiting):
            for part in (translations.words(cell) or "").split("\n"):
                if part and not speaks(page.lang, part):
                    yield f"{page}#{cell.id}: expected words of the page's language, got {part!r}"


def prose_is_in_the_language_of_the_page(root: Path) -> Iterator[str]:
    """A paragraph of four Latin words and none of the page's language was left untranslated."""
    for page in pages(root):
        waiting = stale_cells(root, page)
        for cell in (cell for cell in page.of_type("markdown") if cell.id not in waiting):
            for paragraph in untranslated(page.lang, cell.source):
                yield f"{page}#{cell.id}: not in the language of the page: {paragraph!r}"


def untranslated(lang: str, markdown: str) -> Iterator[str]:
    """How each paragraph begins that is not in the language."""
    for paragraph in re.split(r"\n\s*\n", prose(markdown)):
        if len(WORD.findall(paragraph)) > 3 and not speaks(lang, paragraph):
            yield " ".join(paragraph.split())[:60]


def formulas_have_the_decimal_mark_of_the_language(root: Path) -> Iterator[str]:
    """A decimal comma is {,}: after a bare one TeX leaves the space of a list."""
    marks = tomllib.loads((root / "book" / "languages.toml").read_text(encoding="utf8"))
    for page in pages(root):
        mark = {",": "{,}"}.get(marks[page.lang].get("words", {}).get("decimal_mark"), ".")
        waiting = stale_cells(root, page)
        for cell in (cell for cell in page.cells if cell.id not in waiting):
            text = cell.source if cell.cell_type == "markdown" else translations.words(cell) or ""
            for number in re.findall(r"\d+(?:\.|\{,\})\d+", " ".join(formulas(text))):
                if mark not in number:
                    yield f"{page}#{cell.id}: expected the decimal mark {mark}, got {number}"


def speaks(lang: str, text: str) -> bool:
    """Whether a text has letters of the language, and English none of another alphabet."""
    if lang in LETTERS:
        return bool(LETTERS[lang].search(text))
    return not foreign(text)
