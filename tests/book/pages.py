"""The notebooks of a tree, read once, with what the checks ask of them."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from book import translations

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL)


@dataclass(frozen=True)
class Page:
    lang: str
    name: str  # as in `regression/huber`
    path: Path
    cells: list[NotebookNode]

    def __str__(self) -> str:
        return f"{self.lang}/{self.name}"

    @property
    def is_loss_chapter(self) -> bool:
        """Loss chapters share one shape; foundations, practice, appendix and the families' index pages do not."""
        family, _, slug = self.name.rpartition("/")
        return family not in {"", "appendix", "foundations", "practice"} and slug != "index"

    def cell(self, cell_id: str) -> NotebookNode | None:
        return next((cell for cell in self.cells if cell.id == cell_id), None)

    def of_type(self, cell_type: str) -> list[NotebookNode]:
        return [cell for cell in self.cells if cell.cell_type == cell_type]

    def section(self, first: str, after: str) -> list[NotebookNode]:
        """The cells from `first` up to the cell `after`, without it."""
        ids = [cell.id for cell in self.cells]
        if first not in ids:
            return []
        end = ids.index(after) if after in ids else len(ids)
        return self.cells[ids.index(first) : end]


def languages(root: Path) -> list[str]:
    return list(tomllib.loads((root / "book/languages.toml").read_text(encoding="utf8")))


def pages(root: Path, *, lang: str | None = None) -> Iterator[Page]:
    """Every page of the tree, or of one language."""
    book = root / "book"
    for code in [lang] if lang else languages(root):
        for name in translations.pages(code, book):
            yield Page(code, name, book / code / f"{name}.ipynb", translations.load(code, name, book).cells)


def stale_cells(root: Path, page: Page) -> set[str]:
    """Cells that wait for a translator: what they say is not judged yet."""
    known = page.name in translations.pages("en", root / "book")
    return set(translations.stale(page.lang, page.name, root / "book")) if known else set()


def prose(markdown: str) -> str:
    """What a reader reads as words: no code, formulas, directives, HTML tags and link targets."""
    for pattern in (
        r"```.*?```",
        r"\$\$.*?\$\$(?:\s*\([\w:-]+\))?",
        r"\$[^$\n]+\$",
        r"\{[\w:]+\}`[^`]*`",
        r"`[^`]*`",
        r"<[^>]*>",
    ):
        markdown = re.sub(pattern, " ", markdown, flags=re.DOTALL)
    return re.sub(r"\]\([^)]*\)", "] ", markdown)


def formulas(markdown: str) -> list[str]:
    """The mathematics of a text, without its dollar signs."""
    markdown = re.sub(r"```.*?```|`[^`]*`", " ", markdown, flags=re.DOTALL)
    return [shown or within for shown, within in FORMULA.findall(markdown)]
