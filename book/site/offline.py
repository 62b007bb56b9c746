"""For reading without a connection: the service worker, and for each language its manifest and the list to keep.

`worker.js` beside this file decides what is read from where; `scripts/offline.js` keeps a language for those who ask.
"""

import gzip
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import resvg_py

from book.site.languages import Language
from book.site.project import BOOK

WORKER = BOOK / "site" / "worker.js"
LOGO = BOOK / "site" / "static" / "logo.svg"
# the name of a file of `assets` in a page
ASSET = re.compile(r"assets/([\w.-]+)")
PAPER = "#ffffff"
# how an icon is drawn: its width, the part of it that the mark fills, whether there is paper behind the mark
ICONS = {
    "192": (192, 1.0, False),
    "512": (512, 1.0, False),
    "maskable": (512, 0.6, True),
    "apple": (180, 0.75, True),
}


def write_offline(site: Path, built: list[Language]) -> None:
    """Write `sw.js`, the icons, and each language's `manifest.webmanifest` and `offline.json`."""
    (site / "icons").mkdir()
    for name, drawn in ICONS.items():
        (site / "icons" / f"{name}.png").write_bytes(icon(*drawn))
    with ThreadPoolExecutor(
        len(built)
    ) as pool:  # compression takes the time, and threads run it side by side
        running = {language.code: pool.submit(_list, site, language, built) for language in built}
    lists = {code: made.result() for code, made in running.items()}
    for language in built:
        folder = site / language.code
        (folder / "manifest.webmanifest").write_text(_json(_manifest(language)), "utf-8")
        (folder / "offline.json").write_text(_json(lists[language.code]), "utf-8")
    version = _digest(f"{lists} {_digest((site / 'offline.html').read_bytes())}".encode())
    (site / "sw.js").write_text(f'const VERSION = "{version}";\n{WORKER.read_text("utf-8")}', "utf-8")


def icon(width: int, part: float, on_paper: bool) -> bytes:
    """The book's mark as a square PNG."""
    edge = 64 * (1 - part) / 2
    place = f'<svg x="{edge}" y="{edge}" width="{64 * part}" height="{64 * part}" '
    paper = f'<rect width="64" height="64" fill="{PAPER}" />' if on_paper else ""
    mark = LOGO.read_text("utf-8").replace("<svg ", place, 1)
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{paper}{mark}</svg>'
    return resvg_py.svg_to_bytes(svg_string=drawing, width=width, height=width, skip_system_fonts=True)


def _manifest(language: Language) -> dict:
    def image(name: str, purpose: str) -> dict[str, str]:
        size = ICONS[name][0]
        kind = {"type": "image/png", "purpose": purpose}
        return {"src": f"../icons/{name}.png", "sizes": f"{size}x{size}", **kind}

    return {
        "name": language.title,
        "short_name": language.title,
        "description": language.description,
        "lang": language.html,
        "start_url": "index.html",
        "scope": "../",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [image("192", "any"), image("512", "any"), image("maskable", "maskable")],
    }


def _list(site: Path, language: Language, built: list[Language]) -> dict:
    """The addresses of all that a language needs, each with hash and size; `download` is the size as it is sent."""
    files, sent = [], 0
    for path in (site / "index.html", *_pages(site, language), *_search(site, language, built)):
        content = path.read_bytes()
        sent += len(gzip.compress(content, 6, mtime=0))
        files.append((path.relative_to(site).as_posix(), _digest(content), len(content)))
    size = sum(length for *_, length in files)
    return {"version": _digest(_json(files).encode()), "size": size, "download": sent, "files": files}


def _pages(site: Path, language: Language) -> list[Path]:
    """The pages of a language and what they are made of."""
    pages = sorted((site / language.code).rglob("*.html"))
    named = set().union(*(ASSET.findall(page.read_text("utf-8")) for page in pages))
    return [*pages, *sorted(path for path in (site / "assets").iterdir() if path.name in named)]


def _search(site: Path, language: Language, built: list[Language]) -> list[Path]:
    """The files of the instant search that a language needs: all but those named after another one."""
    others = "|".join(re.escape(other.html.lower()) for other in built if other != language)
    foreign = re.compile(rf"(^|\.)({others})[._]")
    found = sorted(path for path in (site / "pagefind").rglob("*") if path.is_file())
    return [path for path in found if not (others and foreign.search(path.name))]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _json(value) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
