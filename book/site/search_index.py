"""The full text of the instant search: Pagefind over copies of the pages made for it, one index per language.

Chinese has no spaces, so in the copies U+200B stands between its characters; Russian ё is spelt е.
`scripts/search.js` writes queries in the same way.
"""

import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from book.site.languages import Language
from book.site.project import pages

UNREAD = re.compile(r"<(svg|math|script|style)\b.*?</\1>|<!--.*?-->", re.DOTALL)  # most of a page
TAG = re.compile(r"(<[^>]*>)")
BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff\uf900-\ufaff])(?=[\u3400-\u9fff\uf900-\ufaff])")
# not prose; a search for a name in code falls to the search page, whose index is complete
EXCLUDED = ".headerlink, .eqno, .katex, .highlight, .loss-table, .explorer-fallback, summary, .tips"


def build_index(site: Path, built: list[Language]) -> None:
    """Write `site/pagefind`."""
    with tempfile.TemporaryDirectory() as folder:
        with ProcessPoolExecutor(len(built)) as pool:
            list(pool.map(_copy_pages, repeat(site), repeat(Path(folder)), (lang.code for lang in built)))
        command = [
            sys.executable,
            "-m",
            "pagefind",
            "--site",
            folder,
            "--output-path",
            str(site / "pagefind"),
        ]
        result = subprocess.run(
            [*command, "--exclude-selectors", EXCLUDED, "--quiet"], capture_output=True, text=True
        )
    if result.returncode:
        raise RuntimeError(f"pagefind failed:\n{result.stdout}{result.stderr}")
    _tidy(site / "pagefind")


def _copy_pages(site: Path, copies: Path, code: str) -> None:
    for page in pages():
        copy = copies / code / f"{page}.html"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(for_index((site / code / f"{page}.html").read_text("utf-8"), code), "utf-8")


def for_index(page: str, code: str) -> str:
    """The page as Pagefind is to read it."""
    page = re.sub(r"<article\b", "<article data-pagefind-body", UNREAD.sub("", page), count=1)
    if code == "ru":
        return page.replace("ё", "е").replace("Ё", "Е")
    if code == "zh":
        parts = TAG.split(page)
        return "".join(part if n % 2 else BETWEEN_HAN.sub("\u200b", part) for n, part in enumerate(parts))
    return page


def _tidy(folder: Path) -> None:
    """Drop Pagefind's own user interfaces; sort what it writes in the order its threads finish."""
    for pattern in ("pagefind-*ui.*", "pagefind-highlight*"):
        for path in folder.glob(pattern):
            path.unlink()
    entry = folder / "pagefind-entry.json"
    entry.write_text(json.dumps(json.loads(entry.read_text("utf-8")), sort_keys=True), "utf-8")
