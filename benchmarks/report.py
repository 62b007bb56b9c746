"""The benchmark's results as a table, a figure and a file."""

import json
from itertools import groupby
from pathlib import Path

from benchmarks.peers import LIBRARIES
from losslib import plots

PASSES = ("forward", "forward and backward")
UNBOUND = ("plain", "losslib", "torch compiled")
BOUND = {"torch": 1.05}  # how much slower than PyTorch's own; no slower than any other library, nor compiled


def summary(result: dict) -> str:
    """One line for the progress: the ratios at the largest size."""
    largest = result["timings"][-1]
    found = [f"{_beside(each)} {_cell(each)}" for each in largest["ratios"]]
    found += [f"{_name(key)} DISAGREES: {text}" for key, text in result["disagree"].items()]
    return f"{result['name']}: {', '.join(found) or 'nothing to compare with'}"


def table(data: dict) -> str:
    """Ratios, losslib's time by the other's, at each size; then memory and the share of the bandwidth."""
    sizes = list(data["sizes"])
    wide = max(len(result["name"]) for result in data["results"]) + 2
    groups = " " * (wide + 20) + "".join(f"{name:^{14 * len(sizes)}}" for name in PASSES)
    columns = "".join(f"{size:>14}" for size in sizes * len(PASSES)) + f"{'ours':>8}{'theirs':>8}" * 2
    lines = [*_about(data), "", f"{groups}{'saved':>10}{'peak':>16}{'bandwidth':>16}"]
    for family, results in groupby(data["results"], lambda result: result["family"]):
        lines.append(f"\n{family:<{wide}}{'beside':<20}{columns}")
        for result in results:
            lines += _rows(result, sizes, wide)
    return "\n".join([*lines, *_notes(data)])


def _about(data: dict) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    sizes = ", ".join(f"{name} {count:,}" for name, count in data["sizes"].items())
    return [
        "",
        f"{data['device']} ({data['kind']}), threads: {data['threads']}; Python {data['python']}, {versions}",
        f"Copying moves {data['copy'] / 1e9:.1f} GB/s. Numbers in the predictions: {sizes}.",
        "Ratios: losslib's time by the other's; below 1, losslib is the faster. ±: half the interquartile range.",
        "Saved for the backward pass, and the most held at once: in multiples of the predictions, at the largest size.",
        "Bandwidth: reading all inputs and writing the gradients once, compared with copying, at the largest size.",
    ]


def _rows(result: dict, sizes: list[str], wide: int) -> list[str]:
    timings = {(each["size"], each["pass"]): each for each in result["timings"]}
    cells = {}  # (ours, theirs) -> the ratio of each column
    for place, timing in timings.items():
        for each in timing["ratios"]:
            cells.setdefault((each["ours"], each["theirs"]), {})[place] = _cell(each)
    share = timings[sizes[-1], PASSES[-1]]["bandwidth"]["median"]
    rows = []
    for count, (ours, theirs) in enumerate(cells or {("losslib", None): {}}):
        found = cells.get((ours, theirs), {})
        row = f"{result['name'] if count == 0 else '':<{wide}}{_beside({'ours': ours, 'theirs': theirs}):<20}"
        row += "".join(f"{found.get((size, name), '-'):>14}" for name in PASSES for size in sizes)
        if ours == "losslib":
            for kind in ("saved", "peak"):
                row += _multiple(result[kind], ours) + _multiple(result[kind], theirs)
            row += f"{share:>10.0%}"
        rows.append(row)
    return rows


def _multiple(found: dict, key: str | None) -> str:
    value = found.get(key)
    return f"{'-' if value is None else format(value, '.2f'):>8}"


def _notes(data: dict) -> list[str]:
    notes = [f"{_name(key)} cannot be imported here: {why}" for key, why in data["missing"].items()]
    for result in data["results"]:
        notes += [
            f"{result['name']}: {_name(key)} is left out: {why}" for key, why in result["omitted"].items()
        ]
        notes += [
            f"{result['name']}: {_name(key)} DISAGREES: {how}" for key, how in result["disagree"].items()
        ]
    return ["", *notes] if notes else []


def verdicts(data: dict) -> list[str]:
    """Where losslib misses its bounds beyond the calls' own cost: slower than they allow, or keeping more memory."""
    found = []
    for result in data["results"]:
        for timing in result["timings"]:
            for each in timing["ratios"]:
                within = timing["size"] == "small" or each["theirs"] in UNBOUND or each["low"] <= _bound(each)
                if not within:
                    where = f"{timing['size']}, {timing['pass']}"
                    found.append(f"{result['name']}: {_cell(each)} beside {_beside(each)} ({where})")
        others = {key: value for key, value in result["saved"].items() if key not in {"losslib", *UNBOUND}}
        ours = result["saved"].get("losslib")
        found += [
            f"{result['name']}: saves {ours:.2f}, {_name(key)} {value:.2f}"
            for key, value in others.items()
            if ours > value + 0.01
        ]
    return found


def _bound(each: dict) -> float:
    return 1.0 if each["ours"].endswith(" compiled") else BOUND.get(each["theirs"], 1.0)


def _beside(each: dict) -> str:
    """What a ratio compares: the other library, and which of the two is compiled."""
    if each["theirs"] is None:
        return "-"
    theirs = _name(each["theirs"])
    if not each["ours"].endswith(" compiled"):
        return theirs
    return f"compiled / {'compiled' if theirs.endswith(' compiled') else theirs}"


def _name(key: str) -> str:
    library, _, compiled = key.partition(" ")
    name = LIBRARIES[library].name if library in LIBRARIES else library
    return f"{name} {compiled}".rstrip()


def _cell(each: dict) -> str:
    digits = 3 if each["median"] < 0.1 else 2 if each["median"] < 10 else 1
    return f"{each['median']:.{digits}f} ±{(each['high'] - each['low']) / 2:.{digits}f}"


def figure(data: dict):
    """The ratios of forward and backward, a row for each loss and library, a mark for each size."""
    plots.use_style()
    rows = {}  # what is compared -> size -> ratio
    for result in data["results"]:
        for timing in result["timings"]:
            for each in timing["ratios"]:
                if timing["pass"] == PASSES[-1] and each["ours"] == "losslib":
                    rows.setdefault(f"{result['name']} · {_beside(each)}", {})[timing["size"]] = each
    fig, ax = plots.figure(height=1.2 + 0.24 * len(rows))
    for size, color, marker in zip(data["sizes"], plots.COLORS, "os^", strict=False):
        found = [(i, row[size]) for i, row in enumerate(rows.values()) if size in row]
        y, ratios = [i for i, _ in found], [each for _, each in found]
        middle = [each["median"] for each in ratios]
        below = [each["median"] - each["low"] for each in ratios]
        above = [each["high"] - each["median"] for each in ratios]
        style = {"color": color, "marker": marker, "markersize": 4, "linestyle": "none", "elinewidth": 1}
        ax.errorbar(middle, y, xerr=(below, above), label=size, **style)
    ax.axvline(1, color="#000000", linewidth=1, linestyle="-")
    ax.set(xscale="log", xlabel="time of losslib / time of the other", ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticks(range(len(rows)), rows, fontsize=9)
    ax.xaxis.set_major_formatter("{x:g}")
    fig.legend(loc="outside upper center", ncols=len(data["sizes"]))
    return fig


def write(data: dict, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "losses.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / "losses.svg").write_text(plots.to_svg(figure(data)), "utf-8")
