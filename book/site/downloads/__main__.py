"""Make the book to take away from the built site, and link it there.

    python -m book.site.downloads

Each file is made anew only if what it is made from has changed. The files lie in `_build/downloads`; copies and the
links to them go into the site, which has neither when it has just been built.
"""

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from book.site.downloads import archive, links
from book.site.downloads.edition import edition
from book.site.downloads.epub import write_epub
from book.site.downloads.pdf import write_pdf
from book.site.downloads.press import press
from book.site.languages import Language, languages
from book.site.project import BOOK, BUILD, ROOT, SITE, base_url, digest

FILES = BUILD / "downloads"
CODE = (
    BOOK / "languages.toml",
    BOOK / "site" / "downloads",
    ROOT / "package.json",
    ROOT / "requirements.txt",
)


def inputs(folder: str) -> str:
    """A fingerprint of what a file is made from: the site, or the folder of a language in it, and this code."""
    pages = hashlib.sha256()
    for name, path in archive.site_files():
        if name.startswith(folder):
            pages.update(f"\0{name}\0".encode() + links.without_links(name, path))
    return digest(*CODE, also=f"{edition()} {base_url()} {pages.hexdigest()}")


def make(name: str, folder: str, write: Callable[[Path], None]) -> None:
    """Have a file written unless it was written from the same inputs; say what was done."""
    path, stamp, start = FILES / name, BUILD / "stamps" / name, time.perf_counter()
    text = inputs(folder)
    if path.is_file() and stamp.is_file() and stamp.read_text() == text:
        print(f"{name}: nothing has changed", flush=True)
        return
    stamp.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path)
    stamp.write_text(text)
    size = path.stat().st_size / links.MEGABYTE
    print(f"{name}: {size:.1f} MB in {time.perf_counter() - start:.1f} s", flush=True)


def make_books(language: Language) -> None:
    """Make what has changed of a language; its browser is started for the first file that needs one."""
    with ExitStack() as stack:
        started = cache(lambda: stack.enter_context(press()))
        for kind, write in (("pdf", write_pdf), ("epub", write_epub)):
            name = f"{archive.FOLDER}-{language.code}.{kind}"
            make(name, f"{language.code}/", lambda path: write(path, started(), language))  # noqa: B023, called here


def main() -> int:
    if not (SITE / "index.html").is_file():
        raise FileNotFoundError(f"expected a built site in {SITE}, found none: run `make downloads`")
    built = [language for language in languages().values() if (SITE / language.code).is_dir()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(make_books, built))
    make(f"{archive.FOLDER}.zip", "", archive.write_site)
    shutil.copytree(FILES, archive.DOWNLOADS, dirs_exist_ok=True)
    for language in built:
        links.write_links(language)
    print(f"{archive.DOWNLOADS.relative_to(ROOT)} is ready", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
