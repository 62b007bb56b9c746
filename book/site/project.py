"""Where things are, which pages the book has, and when an input has changed."""

import hashlib
import os
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
BUILD = ROOT / "_build"
SITE = BUILD / "site"


@cache
def book_config() -> dict:
    """`_config.yml`, with the addresses filled in that the publishing workflow knows."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    repository = os.environ.get("GITHUB_REPOSITORY", "")
    if repository and not config["repository"]["url"]:
        config["repository"]["url"] = f"https://github.com/{repository}"
    owner, _, name = config["repository"]["url"].removeprefix("https://github.com/").partition("/")
    if owner and name and not config["html"]["baseurl"]:
        config["html"]["baseurl"] = f"https://{owner.lower()}.github.io/{name}"
    return config


def base_url() -> str:
    """The address of the published site without a slash at its end, or nothing if it is not known."""
    return book_config()["html"]["baseurl"].rstrip("/")


@cache
def pages() -> tuple[str, ...]:
    """Every page of `_toc.yml` in reading order, as `regression/huber`."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))

    def walk(entries):
        for entry in entries:
            yield entry["file"]
            yield from walk(entry.get("sections", []))

    return (toc["root"], *walk(toc["chapters"]))


@cache
def families() -> dict[str, list[str]]:
    """The first page of every chapter of `_toc.yml`, and the pages below it."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return {
        entry["file"]: [below["file"] for below in entry.get("sections", [])] for entry in toc["chapters"]
    }


def notebook(language: str, page: str) -> Path:
    """The notebook of a page in a language."""
    return BOOK / language / f"{page}.ipynb"


def files_in(*paths: Path) -> list[Path]:
    """The files named and all files below the folders named, without what Python and editors leave behind."""
    found = []
    for path in paths:
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [
            p for p in below if p.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(p.parts)
        ]
    return found


def digest(*paths: Path, also: str = "") -> str:
    """A fingerprint of the names and contents of files and folders, and of a text."""
    sha = hashlib.sha256(also.encode())
    for path in files_in(*paths):
        sha.update(f"\0{path.relative_to(ROOT)}\0".encode())
        sha.update(path.read_bytes())
    return sha.hexdigest()[:16]
