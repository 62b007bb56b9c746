"""Build the book's web site into `_build/site`.

    python -m book.site.build [--lang en ...]

With --lang the site holds the languages named and no others.
Notebooks are run in parallel, then each language is built by Sphinx in a process of its own, then the site is
put together. Each step does only what has changed since it last succeeded. A step that fails stops the build with
a status other than zero; warnings are failures.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from book.site.execute import cache_path
from book.site.finish import finish
from book.site.languages import languages, source_language
from book.site.project import BOOK, BUILD, ROOT, SITE, base_url, book_config, digest

SHARED_INPUTS = (
    ROOT / "_config.yml",
    ROOT / "_toc.yml",
    ROOT / "requirements.txt",
    BOOK / "languages.toml",
    BOOK / "references.bib",
    BOOK / "site",
    BOOK / "translations.py",
)


def inputs(code: str) -> str:
    """A fingerprint of everything that the pages of a language are made from."""
    addresses = f"{cache_path()} {base_url()} {book_config()['repository']}"
    # translations say which of their cells are stale, so they depend on the source language
    folders = {BOOK / code, BOOK / source_language().code}
    return digest(*SHARED_INPUTS, *sorted(folders), also=addresses)


def is_current(stamp: Path, text: str) -> bool:
    """Whether a step last succeeded with the same inputs."""
    return stamp.is_file() and stamp.read_text() == text


def build_pages(code: str) -> bool:
    """Build the pages of a language if their inputs have changed; return whether all is well."""
    stamp, text, start = BUILD / "stamps" / code, inputs(code), time.perf_counter()
    if is_current(stamp, text):
        print(f"{code}: nothing has changed", flush=True)
        return True
    stamp.unlink(missing_ok=True)
    command = [sys.executable, "-m", "book.site.sphinx_build", code, str(cache_path())]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    print(result.stdout + result.stderr, end="", file=sys.stderr, flush=True)
    state = "FAILED" if result.returncode else "built"
    print(f"{code}: {state} in {time.perf_counter() - start:.1f} s", flush=True)
    if result.returncode == 0:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(text)
    return result.returncode == 0


def build(codes: list[str]) -> int:
    """Build the languages named and put the site together from them; return the exit status."""
    start = time.perf_counter()
    # In a process of its own that imports little: every kernel imports again what its parent's main module does.
    if subprocess.run([sys.executable, "-m", "book.site.execute", "--lang", *codes], cwd=ROOT).returncode:
        return 1
    with ThreadPoolExecutor(len(codes)) as pool:
        if not all(list(pool.map(build_pages, codes))):
            return 1
    stamp, text = BUILD / "stamps" / "site", " ".join(f"{code} {inputs(code)}" for code in codes)
    if not (is_current(stamp, text) and SITE.is_dir()):
        stamp.unlink(missing_ok=True)
        finish([languages()[code] for code in codes])
        stamp.write_text(text)
    print(f"{SITE.relative_to(ROOT)} is ready after {time.perf_counter() - start:.1f} s", flush=True)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lang", nargs="+", choices=languages(), default=list(languages()))
    return build(parser.parse_args().lang)


if __name__ == "__main__":
    sys.exit(main())
