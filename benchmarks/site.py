"""Measure the site beside the same chapters as stock Jupyter Book builds them.

    python -m benchmarks.site [--rounds 5] [--lang en ru] [--page regression/huber ...]

Both sites are served from this machine, compressed, to a Chromium of a phone's size with an empty cache: over a plain
line, and over slow 4G with a processor four times slower. The sites take turns within each round, so that a busy
machine is busy for both. What stock Jupyter Book loads from CDNs comes from this machine too and costs it no further
connection, so its numbers are a lower bound. Medians are printed; every value is written to `_build/bench/site.json`.
"""

import argparse
import json
import threading
from itertools import product
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from benchmarks.stock import CDN, build_stock
from benchmarks.visits import LINES, OFFLINE, VIEWPORT, Site, read, use
from book.site.languages import languages
from book.site.project import BUILD, SITE, pages
from book.site.serve import server
from tests.site.browser import ARGUMENTS, find

RESULT = BUILD / "bench" / "site.json"
VIEW = 'type="application/vnd.jupyter.widget-view+json"'
MATHEMATICS = 'class="katex'
# measure -> (unit, decimals)
MEASURES = {
    "transferred": ("KB", 0),
    "html": ("KB", 0),
    "css": ("KB", 0),
    "js": ("KB", 0),
    "font": ("KB", 0),
    "image": ("KB", 0),
    "other": ("KB", 0),
    "requests": ("", 0),
    "elsewhere": ("requests", 0),
    "failed": ("requests", 0),
    "first paint": ("ms", 0),
    "largest paint": ("ms", 0),
    "layout shift": ("", 3),
    "blocking time": ("ms", 0),
    "explorers drawn": ("ms", 0),
    "explorer reacts": ("ms", 0),
    "slider redraws": ("ms", 0),
}
# what a chapter with mathematics and two explorers may cost on the slow line
BOUNDS = {"transferred": 250, "explorers drawn": 2000, "explorer reacts": 2000}

Rounds = dict[str, list[float]]  # measure -> its value in each round


def measure(browser: Browser, sites: dict[str, Site], path: str, explorers: int, rounds: int):
    """Visit a page of each site in turn: (values by line, site and measure; addresses that could not be had)."""
    values = {line.name: {name: {} for name in sites} for line in LINES}
    missing = set()
    # the first visit to each site fills the server's memory and is not counted
    for site in sites.values():
        missing |= read(browser, site, path, LINES[0], explorers)[1]
    for count, line in product(range(1, rounds + 1), LINES):
        for name, site in sites.items():
            print(f"  round {count} of {rounds}, {line.name}, {name}", flush=True)
            found, _ = read(browser, site, path, line, explorers)
            if explorers:
                found |= use(browser, site, path, line)
            for key, value in found.items():
                values[line.name][name].setdefault(key, []).append(value)
    return values, sorted(missing)


def table(values: dict[str, dict[str, Rounds]]) -> str:
    """Medians, spread (smallest to largest) and the ratio of the sites, line by line."""
    rows = []
    for line, sites in values.items():
        rows.append(f"\n  {line:<24}" + "".join(f"{site:>22}" for site in sites) + f"{'stock / ours':>15}")
        for name, (unit, digits) in MEASURES.items():
            found = [rounds[name] for rounds in sites.values() if name in rounds]
            if not found:
                continue
            cells = "".join(f"{_with_spread(each, digits):>22}" for each in found)
            rows.append(f"  {f'{name}, {unit}'.rstrip(', '):<24}{cells}{_ratio(*found, digits):>15}")
    return "\n".join(rows)


def _with_spread(found: list[float], digits: int) -> str:
    low, middle, high = (f"{value:.{digits}f}" for value in (min(found), median(found), max(found)))
    return middle if low == high else f"{middle} ({low}-{high})"


def _ratio(ours: list[float], stock: list[float], digits: int) -> str:
    """How many times as much stock takes; none where ours is shown as nothing."""
    return f"{median(stock) / median(ours):.1f}" if round(median(ours), digits) else "-"


def verdicts(values: dict[str, dict[str, Rounds]]) -> str:
    """Our medians against the bounds."""
    lines, slow = [], LINES[-1].name
    for name, bound in BOUNDS.items():
        unit, digits = MEASURES[name]
        middle = median(values[slow]["ours"][name])
        word = "within" if middle <= bound else "ABOVE"
        lines.append(f"  {name}: {middle:.{digits}f} {unit} is {word} the bound of {bound} {unit} ({slow})")
    return "\n".join(lines)


def report(path: str, page: str, values, missing: list[str]) -> None:
    explorers = page.count(VIEW)
    print(f"\n{path}, explorers: {explorers}; median (smallest-largest)\n{table(values)}\n")
    if explorers >= 2 and MATHEMATICS in page:
        print(verdicts(values))
    for address in missing:
        print(f"  lower bound: {address} could not be had")


def start(folder: Path) -> str:
    """Serve a site while the program runs; return its address."""
    serving = server(folder)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{serving.server_port}/"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lang", nargs="+", choices=languages(), default=["en"])
    parser.add_argument("--page", nargs="+", choices=pages(), default=["regression/huber", "regression/mse"])
    options = parser.parse_args()
    sites = {
        "ours": Site(start(SITE)),
        "stock": Site(start(build_stock(options.lang)), cdn=CDN),
    }
    results = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=[*ARGUMENTS, OFFLINE])
        for code, name in product(options.lang, options.page):
            path = f"{code}/{name}.html"
            print(path, flush=True)
            page = Path(SITE, path).read_text("utf-8")
            values, missing = measure(browser, sites, path, page.count(VIEW), options.rounds)
            report(path, page, values, missing)
            results[path] = {"values": values, "missing": missing}
        about = {"browser": browser.version, "viewport": VIEWPORT, "rounds": options.rounds}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(about | {"pages": results}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
