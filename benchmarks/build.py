"""Build a copy of the book from nothing and after small changes: how long, how much memory, what is done again?

    python -m benchmarks.build [--save]

Cold builds of one, two and three languages, and of every third page, two of three and all in one language, show how the
cost grows. Beside the seconds on the clock stand those of the processors, which other work on the machine changes
less. The copy lies in a temporary folder and uses this environment; `_build` stays as it is.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter

import numpy as np
import psutil
import yaml

from book.site.languages import languages, source_language
from book.site.project import ROOT, pages

RESULTS = Path(__file__).parent / "results" / "build.json"
SECONDS = {"cold": 360, "nothing changed": 15, "one prose cell": 25}  # at most, on two cores
MEMORY_GIB = 4
DEVIATION = 0.15  # at most, of a measurement from the line through all
PAGE = "regression/mae"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--save", action="store_true", help="keep the result")
    save = parser.parse_args().save
    result = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as folder:
        result |= measure(Path(folder))
    print(table(result))
    if save:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")


def measure(folder: Path) -> dict:
    """Every build, and the lines through those that grow."""
    codes, first = list(languages()), source_language().code
    by_language, by_page, builds = {}, {}, {}
    for thirds in (1, 2):
        with Copy(folder / "part") as copy:
            count = copy.shorten(thirds)
            by_page[count] = copy.build(first)
    for count in range(1, len(codes) + 1):
        with Copy(folder / "book") as copy:
            by_language[count] = copy.build(*codes[:count])
            if count == len(codes):
                builds = {"cold": by_language[count]} | after_changes(copy)
    by_page[len(pages())] = by_language[1]
    return {"builds": builds, "languages": growth(by_language), "pages": growth(by_page)}


def after_changes(copy: "Copy") -> dict[str, dict]:
    """What a build costs when nothing has changed, then a cell of prose, then one of code."""
    builds = {"nothing changed": copy.build()}
    copy.change("markdown", "\n\nOne more sentence.")
    builds["one prose cell"] = copy.build()
    copy.change("code", "\nassert True")
    builds["one code cell"] = copy.build()
    return builds


class Copy:
    """A copy of the book in a folder, without what was built; it is gone when it is left."""

    def __init__(self, root: Path):
        self.root = root

    def __enter__(self) -> "Copy":
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
        for name in listed.stdout.splitlines():
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.root / name)
        (self.root / "node_modules").symlink_to(ROOT / "node_modules")
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.root)

    def build(self, *codes: str) -> dict:
        """Build these languages, or all: seconds, seconds of processors, memory, notebooks that were run."""
        command = [sys.executable, "-m", "book.site.build", *(("--lang", *codes) if codes else ())]
        start = perf_counter()
        with tempfile.TemporaryFile("w+") as log:
            process = psutil.Popen(command, cwd=self.root, stdout=log, stderr=subprocess.STDOUT)
            with Watch(process) as watch:
                status = process.wait()
            log.seek(0)
            said = log.read()
        if status:
            raise RuntimeError(f"the build failed:\n{said}")
        return {
            "seconds": round(perf_counter() - start, 1),
            "processor": round(watch.processor, 1),
            "memory_gib": round(watch.peak / 2**30, 2),
            "ran": re.findall(r"^\[\d+/\d+\] book/(\S+)\.ipynb", said, re.MULTILINE),
        }

    def shorten(self, thirds: int) -> int:
        """Leave one or two of every three pages and return how many; links to the others may fail."""
        kept = [page for number, page in enumerate(pages()) if number % 3 < thirds]
        path = self.root / "_toc.yml"
        toc = yaml.safe_load(path.read_text())
        toc["chapters"] = [{"file": page} for page in kept[1:]]
        path.write_text(yaml.safe_dump(toc, sort_keys=False))
        strict = self.root / "book" / "site" / "sphinx_build.py"
        strict.write_text(strict.read_text().replace("warningiserror=True", "warningiserror=False"))
        return len(kept)

    def change(self, kind: str, text: str) -> None:
        """Add a text to the last cell of a kind on a page of the source language."""
        path = self.root / "book" / source_language().code / f"{PAGE}.ipynb"
        notebook = json.loads(path.read_text("utf-8"))
        cell = next(cell for cell in reversed(notebook["cells"]) if cell["cell_type"] == kind)
        cell["source"].append(text)
        path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", "utf-8")


class Watch:
    """Notes the memory of a process and all below it, and the seconds that they have had of the processors."""

    def __init__(self, process: psutil.Process):
        self.peak = 0
        self._process, self._spent, self._done = process, dict[int, float](), threading.Event()

    @property
    def processor(self) -> float:
        return sum(self._spent.values())

    def __enter__(self) -> "Watch":
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.25):
            try:
                alive = [self._process, *self._process.children(recursive=True)]
            except psutil.Error:
                return
            self.peak = max(self.peak, sum(map(self._note, alive)))

    def _note(self, process: psutil.Process) -> int:
        """Memory that the process shares with no other."""
        try:
            spent = process.cpu_times()
            self._spent[process.pid] = spent.user + spent.system
            return process.memory_full_info().uss
        except psutil.Error:
            return 0


def growth(builds: dict[int, dict]) -> dict:
    """The line through the processors' seconds of builds of growing size, and how far the farthest is from it."""
    sizes, spent = np.array(list(builds)), np.array([build["processor"] for build in builds.values()])
    slope, start = np.polyfit(sizes, spent, 1)
    deviation = np.max(np.abs(start + slope * sizes - spent) / spent)
    return {
        "sizes": sizes.tolist(),
        "seconds": [build["seconds"] for build in builds.values()],
        "processor": spent.tolist(),
        "start": round(float(start), 1),
        "slope": round(float(slope), 1),
        "deviation": round(float(deviation), 3),
    }


def verdicts(result: dict) -> list[tuple[str, str, str, bool]]:
    """What was measured, its value, its bound, and whether it is kept."""
    builds = result["builds"]
    lines = [
        (name, f"{builds[name]['seconds']} s", f"{bound} s", builds[name]["seconds"] <= bound)
        for name, bound in SECONDS.items()
    ]
    memory = max(build["memory_gib"] for build in builds.values())
    lines.append(("memory", f"{memory} GiB", f"{MEMORY_GIB} GiB", memory <= MEMORY_GIB))
    for name, expected in (
        ("nothing changed", []),
        ("one prose cell", []),
        ("one code cell", [f"{source_language().code}/{PAGE}"]),
    ):
        ran = builds[name]["ran"]
        lines.append(
            (f"{name}: runs", ", ".join(ran) or "none", ", ".join(expected) or "none", ran == expected)
        )
    for name in ("languages", "pages"):
        found = result[name]["deviation"]
        lines.append((f"{name}: off the line", f"{found:.1%}", f"{DEVIATION:.0%}", found <= DEVIATION))
    return lines


def table(result: dict) -> str:
    lines = [f"{result['machine']}, load before: {result['load']:.1f}"]
    for name in ("languages", "pages"):
        line = result[name]
        points = "  ".join(
            f"{size}: {clock} s ({processor} s)"
            for size, clock, processor in zip(line["sizes"], line["seconds"], line["processor"], strict=True)
        )
        lines.append(f"{name}: {points}  processors: {line['start']} s + {line['slope']} s each")
    for name, value, bound, kept in verdicts(result):
        lines.append(
            f"{name:28} {value:>20} {'<=' if kept else '> '} {bound:20} {'kept' if kept else 'BROKEN'}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
