"""What Lighthouse says of a page: its four scores, and what costs points."""

import json
import subprocess
from itertools import product
from pathlib import Path
from statistics import median

from benchmarks.visits import Site

VERSION = "13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
RUNS = 3  # one takes half a minute; its line and processor are simulated, and it varies little


def judge(
    sites: dict[str, Site], path: str, folder: Path, runs: dict[str, int], port: int
) -> dict[str, dict[str, float]]:
    """The median scores, 0 to 100, of a page of each site; the sites take turns. Says what costs ours points.

    Each site has as many runs as `runs` says, three at most.

    The pages open in the browser that listens on `port` and has shown some already: in the first second of a new one
    its own start holds up what it shows.
    """
    program = _installed(folder / "lighthouse")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in sites}
    for count, name in product(range(RUNS), sites):
        if count < runs[name]:
            print(f"  Lighthouse, run {count + 1}, {name}", flush=True)
            report = _run(program, sites[name].address + path, port)
            found[name].append(scores(report))
            if name == "ours" and not count:
                print("".join(f"    {line}\n" for line in shortcomings(report)), end="", flush=True)
    return {
        name: {category: median(report[category] for report in reports) for category in CATEGORIES}
        for name, reports in found.items()
    }


def scores(report: dict) -> dict[str, float]:
    """The scores of a report of Lighthouse, 0 to 100."""
    return {name: 100 * (report["categories"][name]["score"] or 0) for name in CATEGORIES}


def shortcomings(report: dict) -> list[str]:
    """The audits that cost points."""
    counted = {
        each["id"]
        for name in CATEGORIES
        for each in report["categories"][name]["auditRefs"]
        if each["weight"]
    }
    audits = [report["audits"][name] for name in sorted(counted)]
    return [
        f"{each['id']}: {each['title']} {each.get('displayValue', '')}".rstrip()
        for each in audits
        if each["score"] is not None and each["score"] < 1
    ]


def _installed(folder: Path) -> Path:
    """Lighthouse's program, installed into the folder when it is not there."""
    stamp, program = folder / "version", folder / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not stamp.is_file() or stamp.read_text("utf-8") != VERSION:
        print(f"npm: lighthouse@{VERSION}", flush=True)
        install = ("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder))
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([*install, f"lighthouse@{VERSION}"], check=True)
        stamp.write_text(VERSION, "utf-8")
    return program


def _run(program: Path, address: str, port: int) -> dict:
    command = ["node", str(program), address, "--quiet", "--output=json", f"--port={port}"]
    command.append(f"--only-categories={','.join(CATEGORIES)}")
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"Lighthouse failed on {address}:\n{result.stderr[-2000:]}")
    return json.loads(result.stdout)
