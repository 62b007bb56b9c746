"""What pages refer to: the literature, each other, and no server that packages come from."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from pybtex.database import parse_file

from tests.book.pages import Page, pages

CITATION = re.compile(r"\{(?:foot)?cite[\w:]*\}`([^`]+)`")
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
REQUIRED = {
    "article": {"author", "title", "journal", "year"},
    "book": {"author", "title", "publisher", "year"},
    "incollection": {"author", "title", "booktitle", "publisher", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "misc": {"author", "title"},
    "techreport": {"author", "title", "institution", "year"},
}
ADDRESS = {"doi", "eprint", "url"}
# In two parts, so that this file does not name them either.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb.debian", "org"),
        ("download.pytorch", "org"),
        ("conda.anaconda", "org"),
    )
]


def citations_are_in_the_bibliography(root: Path) -> Iterator[str]:
    known = parse_file(root / "book/references.bib").entries
    for page in pages(root):
        cited = set()
        for cell in page.of_type("markdown"):
            for keys in CITATION.findall(cell.source):
                cited |= {key.strip() for key in keys.split(",")}
        yield from (f"{page}: {key!r} is not in references.bib" for key in sorted(cited) if key not in known)
        if page.is_loss_chapter and not cited:
            yield f"{page}: cites nothing"


def bibliography_is_complete(root: Path) -> Iterator[str]:
    """Every entry has the fields of its kind, and can be found: a DOI, an arXiv id, a URL, or it is in print."""
    for key, entry in parse_file(root / "book/references.bib").entries.items():
        if entry.type not in REQUIRED:
            yield f"references.bib: {key}: expected a type among {', '.join(REQUIRED)}, got {entry.type}"
            continue
        fields = {*entry.fields, *entry.persons}
        if missing := REQUIRED[entry.type] - fields:
            yield f"references.bib: {key}: missing {', '.join(sorted(missing))}"
        printed = entry.type in {"book", "incollection"} or entry.fields.get("pages")
        if not printed and not fields & ADDRESS:
            yield f"references.bib: {key}: no DOI, arXiv id or URL"


def links_lead_somewhere(root: Path) -> Iterator[str]:
    """Links between pages, to their sections and to files; links to other sites are not followed."""
    all_pages = list(pages(root))
    sections = {page.path.resolve(): set(section_ids(page)) for page in all_pages}
    for page in all_pages:
        for cell in page.of_type("markdown"):
            for target in LINK.findall(re.sub(r"`[^`]*`|\$[^$]*\$", "", cell.source)):
                if re.match(r"[a-z]+:|#", target):
                    continue
                name, _, anchor = target.partition("#")
                path = (page.path.parent / unquote(name)).resolve()
                if not path.exists():
                    yield f"{page}#{cell.id}: a link to {target}, which does not exist"
                elif anchor and path in sections and anchor not in sections[path]:
                    yield f"{page}#{cell.id}: a link to {target}, a section that does not exist"


def section_ids(page: Page) -> Iterator[str]:
    """The ids of a page's sections: that of the cell, then `cell-2`, `cell-3` for its further headings."""
    for cell in page.of_type("markdown"):
        headings = len(re.findall(r"^#{1,6} ", cell.source, re.MULTILINE))
        yield from (cell.id if n == 1 else f"{cell.id}-{n}" for n in range(1, headings + 1))


def no_registry_is_named(root: Path) -> Iterator[str]:
    """Packages are named, servers are not: a mirror must work as well."""
    for path in tracked_files(root):
        text = path.read_bytes().decode("utf8", errors="ignore")
        yield from (f"{path.relative_to(root)}: names {host}" for host in REGISTRIES if host in text)


def tracked_files(root: Path) -> list[Path]:
    """What git would commit, or every file of a tree that is not a repository."""
    if not (root / ".git").exists():
        return [path for path in root.rglob("*") if path.is_file()]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [root / name for name in listed.split("\0") if name and (root / name).is_file()]
