"""Measure the site beside the same chapters as stock Jupyter Book builds them.

    python -m benchmarks.site [--rounds 5] [--lang en ru] [--kind contents mathematics ...] [--save]

Both sites are served from this machine, compressed, to a Chromium of a phone's size with an empty cache: over a plain
line, and over slow 4G with a processor four times slower. The sites take turns within each round, so that a busy
machine is busy for both; ours, whose visits are short, has several turns, since verdicts hang on them. What stock
Jupyter Book loads from CDNs comes from this machine too and costs it no further connection, so its numbers are a lower
bound. Lighthouse judges the pages of both, and at last every explorer of the book is moved. Medians and ratios are
printed; every value is written to `_build/bench/site.json`, and the ratios are drawn beside it.
"""

import argparse
import platform
import socket
import threading
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks import lighthouse, site_report
from benchmarks.stock import CDN, build_stock
from benchmarks.visits import LINES, OFFLINE, VIEWPORT, Site, read, redraws, use
from book.site.ext.explorer_assets import STATE_TYPE
from book.site.languages import languages
from book.site.project import BUILD, SITE, base_url, pages
from book.site.serve import server
from tests.site.browser import ARGUMENTS, find

FOLDER = BUILD / "bench"
RESULTS = Path(__file__).with_name("results")
# kind -> one such page in a language; what is above 200 KB anywhere, the tests of the site find
KINDS = {
    "contents": "index.html",
    "mathematics": "regression/huber.html",
    "explorers": "segmentation/dice.html",
    "search": "search.html?q=huber",
    "wrong address": "no-such-page.html",
}
OURS_ALONE = {"wrong address"}  # stock Jupyter Book has no page for them
TURNS = {"ours": 3, "stock": 1}
# what Lighthouse opens in the place of a page that is answered with an error, which it refuses
JUDGED = {"wrong address": "404.html"}


def measure(browser: Browser, sites: dict[str, Site], path: str, explorers: int, rounds: int):
    """Visit a page of each site in turn: (values by line, site and measure; addresses that could not be had)."""
    values = {line.name: {name: {} for name in sites} for line in LINES}
    missing = set()
    # the first visit to each site fills the server's memory and is not counted
    for site in sites.values():
        missing |= read(browser, site, path, LINES[0], explorers)[1]
    for count, line, name in product(range(1, rounds + 1), LINES, sites):
        print(f"  round {count} of {rounds}, {line.name}, {name}", flush=True)
        for _ in range(TURNS[name]):
            found, _ = read(browser, sites[name], path, line, explorers)
            if explorers:
                found |= use(browser, sites[name], path, line)
            for key, value in found.items():
                values[line.name][name].setdefault(key, []).append(value)
    return values, sorted(missing)


def explorers_in(path: str) -> int:
    file = SITE / path.partition("?")[0]
    return file.read_text("utf-8").count(f'type="{STATE_TYPE}"') if file.is_file() else 0


def start(folder: Path) -> str:
    """Serve a site while the program runs; return its address."""
    serving = server(folder)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{serving.server_port}/"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lang", nargs="+", choices=languages(), default=list(languages()))
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--no-lighthouse", action="store_true", help="only visit the pages")
    parser.add_argument("--no-explorers", dest="explorers", action="store_false", help="do not move them all")
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    options = parser.parse_args()
    sites = {"ours": Site(start(SITE)), "stock": Site(start(build_stock(options.lang)), cdn=CDN)}
    about = {"viewport": VIEWPORT, "rounds": options.rounds, "machine": platform.machine()}
    about |= {"lighthouse": lighthouse.VERSION, "published": bool(base_url())}
    results: list[dict] = []
    with sync_playwright() as playwright:
        port = free_port()  # by which Lighthouse opens pages in the same browser
        arguments = [*ARGUMENTS, OFFLINE, f"--remote-debugging-port={port}"]
        browser = playwright.chromium.launch(executable_path=find(), args=arguments)
        about["browser"] = browser.version
        for kind, code in product(options.kind, options.lang):
            path = f"{code}/{KINDS[kind]}"
            print(path, flush=True)
            visited = {name: sites[name] for name in sites if name == "ours" or kind not in OURS_ALONE}
            explorers = explorers_in(path)
            values, missing = measure(browser, visited, path, explorers, options.rounds)
            page = {"path": path, "kind": kind, "explorers": explorers, "values": values, "missing": missing}
            if not options.no_lighthouse:
                judged = JUDGED.get(kind, path)
                runs = {name: options.rounds * TURNS[name] for name in visited}
                page["lighthouse"] = lighthouse.judge(visited, judged, FOLDER, runs, port)
            print(site_report.text(page), flush=True)
            results.append(page)
            site_report.write(about | {"pages": results, "redraws": {}}, FOLDER)  # in case it is stopped
        moved: dict[str, list[float]] = {}
        for name in pages() if options.explorers else ():
            path = f"{options.lang[0]}/{name}.html"
            if explorers_in(path):
                moved[name] = redraws(browser, sites["ours"], path)
        print(site_report.redraw_table(moved), flush=True)
    folders = [FOLDER, *([RESULTS] if options.save else [])]
    for folder in folders:
        site_report.write(about | {"pages": results, "redraws": moved}, folder)
    print("\n".join(f"written to {folder}/site.json and site.svg" for folder in folders))


if __name__ == "__main__":
    main()
