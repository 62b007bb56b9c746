"""The book as Jupyter Book builds it with its default settings, for comparison: the same notebooks, already run.

The pages name scripts on two CDNs. So that they can be measured without the internet, and under the same conditions as
our own, the same files are taken from npm, put below `cdn/` in the site, and the pages' addresses lead there.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import yaml
from jupyter_cache import get_cache

from book.site.execute import cache_path
from book.site.languages import Language, languages
from book.site.project import BOOK, BUILD, ROOT, book_config, digest, notebook, pages

STOCK = BUILD / "stock"
STOCK_SITE = STOCK / "site"
CDN = "cdn/"  # where in the site the files of other hosts lie

# what npm calls a package, and where below `cdn/` the pages look for it
PACKAGES = {
    "@jupyter-widgets/html-manager@1.0.6": "cdn.jsdelivr.net/npm/@jupyter-widgets/html-manager@1.0.6",
    "anywidget@0.11.0": "cdn.jsdelivr.net/npm/anywidget@~0.11.*",
    "mathjax@3.2.2": "cdn.jsdelivr.net/npm/mathjax@3",
    "requirejs@2.3.4": "npm/requirejs@2.3.4",
}
REQUIRE = "cdnjs.cloudflare.com/ajax/libs/require.js/2.3.4/require.min.js"
CDN_ADDRESS = re.compile(r"https://(cdn\.jsdelivr\.net|cdnjs\.cloudflare\.com)/")
INTEGRITY = re.compile(r' integrity="[^"]*"')


def build_stock(codes: list[str]) -> Path:
    """Build the languages named into one folder, if they have changed; return it."""
    stamp = STOCK / "stamp"
    inputs = digest(Path(__file__), *(BOOK / code for code in codes), also=f"{cache_path()} {codes}")
    if stamp.is_file() and stamp.read_text() == inputs:
        return STOCK_SITE
    shutil.rmtree(STOCK, ignore_errors=True)
    for code in codes:
        print(f"{code}: building with stock Jupyter Book", flush=True)
        _write_project(languages()[code])
        _run("jupyter-book", "build", "--quiet", STOCK / code)
        shutil.copytree(STOCK / code / "_build" / "html", STOCK_SITE / code)
    for page in STOCK_SITE.rglob("*.html"):
        text = CDN_ADDRESS.sub(rf"/{CDN}\1/", page.read_text("utf-8"))
        page.write_text(INTEGRITY.sub("", text), "utf-8")
    _fetch_cdn(STOCK_SITE / CDN)
    for name in ("index.html", "404.html"):  # what the server expects of a site
        (STOCK_SITE / name).write_text("<!doctype html><title>Stock Jupyter Book</title>\n")
    stamp.write_text(inputs)
    return STOCK_SITE


def _write_project(language: Language) -> None:
    """A project of the notebooks with their outputs, and of no more configuration than their text needs."""
    folder = STOCK / language.code
    config = {
        "title": language.title,
        "author": book_config()["author"],
        "only_build_toc_files": True,
        "bibtex_bibfiles": ["references.bib"],
        "execute": {"execute_notebooks": "off"},
        "sphinx": {"config": {"language": language.sphinx}},
    }
    kept = get_cache(cache_path())
    for page in pages():
        _, ran = kept.merge_match_into_notebook(nbformat.read(notebook(language.code, page), as_version=4))
        target = folder / f"{page}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(ran, target)
    (folder / "_config.yml").write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    shutil.copy(ROOT / "_toc.yml", folder)
    shutil.copy(BOOK / "references.bib", folder)


def _fetch_cdn(folder: Path) -> None:
    """Put the packages where the pages look for them."""
    for package, place in PACKAGES.items():
        print(f"npm: {package}", flush=True)
        scratch = STOCK / "npm"
        scratch.mkdir(exist_ok=True)
        _run("npm", "pack", "--silent", "--pack-destination", scratch, package)
        (archive,) = scratch.glob("*.tgz")
        shutil.unpack_archive(archive, scratch)
        shutil.copytree(scratch / "package", folder / place)
        shutil.rmtree(scratch)
    # npm has the source alone; this is how its authors make it small
    source = folder / PACKAGES["requirejs@2.3.4"]
    (folder / REQUIRE).parent.mkdir(parents=True)
    settings = (f"baseUrl={source}", "paths.source=require", "name=source", f"out={folder / REQUIRE}")
    _run("node", source / "bin" / "r.js", "-o", *settings)


def _run(*command) -> None:
    result = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        print(result.stdout + result.stderr, file=sys.stderr)
        raise SystemExit(f"{' '.join(map(str, command))} failed with status {result.returncode}")
