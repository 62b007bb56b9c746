"""What the measurements of the site say: tables with ratios, verdicts, and a figure of the ratios."""

import json
from pathlib import Path
from statistics import median

from benchmarks.visits import LINES
from losslib import plots

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
    "explorers ready": ("ms", 0),
    "explorer reacts": ("ms", 0),
    "slider redraws": ("ms", 1),
}
DRAWN = ("transferred", "requests", "first paint", "largest paint", "blocking time", "explorer reacts")
PLAIN, SLOW = (line.name for line in LINES)
FRAME = 1000 / 60
# line -> measure -> what a page may cost on it
BOUNDS = {
    SLOW: {"transferred": 200, "largest paint": 1200, "layout shift": 0.02, "explorers ready": 1500},
    PLAIN: {"slider redraws": FRAME},
}
BAR = 40  # characters of the longest bar

Rounds = dict[str, list[float]]  # measure -> its value in each round


def text(page: dict) -> str:
    """All that was found out about a page."""
    parts = [f"\n{page['path']}, explorers: {page['explorers']}; median (smallest-largest)"]
    parts += [table(page["values"]), bars(page["values"]), verdicts(page["values"])]
    parts += [
        f"  Lighthouse, {site}: {_scores(scores)}" for site, scores in page.get("lighthouse", {}).items()
    ]
    parts += [f"  lower bound: {address} could not be had" for address in page["missing"]]
    return "\n".join(part for part in parts if part)


def _scores(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {score:.0f}" for name, score in scores.items())


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
            ratio = _ratio(*found, digits) if len(found) == 2 else None
            shown = "-" if ratio is None else f"{ratio:.1f}"
            rows.append(f"  {f'{name}, {unit}'.rstrip(', '):<24}{cells}{shown:>15}")
    return "\n".join(rows)


def _with_spread(found: list[float], digits: int) -> str:
    low, middle, high = (f"{value:.{digits}f}" for value in (min(found), median(found), max(found)))
    return middle if low == high else f"{middle} ({low}-{high})"


def _ratio(ours: list[float], stock: list[float], digits: int) -> float | None:
    """How many times as much stock takes; none where ours is shown as nothing."""
    return median(stock) / median(ours) if round(median(ours), digits) else None


def ratios(values: dict[str, dict[str, Rounds]]) -> dict[str, float]:
    """How many times as much stock takes on the slow line, by measure."""
    sites = values[SLOW]
    if "stock" not in sites:
        return {}
    both = [name for name in DRAWN if all(name in rounds for rounds in sites.values())]
    found = {name: _ratio(sites["ours"][name], sites["stock"][name], MEASURES[name][1]) for name in both}
    return {name: ratio for name, ratio in found.items() if ratio is not None}


def bars(values: dict[str, dict[str, Rounds]]) -> str:
    """The ratios as bars of text."""
    found = ratios(values)
    if not found:
        return ""
    longest = max(found.values())
    rows = [
        f"  {name:<24}{'█' * max(round(BAR * ratio / longest), 1)} {ratio:.1f}"
        for name, ratio in found.items()
    ]
    return "\n".join([f"\n  stock / ours, {SLOW}", *rows, ""])


def verdicts(values: dict[str, dict[str, Rounds]]) -> str:
    """Our medians against the bounds."""
    lines = []
    for line, bounds in BOUNDS.items():
        for name, bound in bounds.items():
            if name not in values[line]["ours"]:
                continue
            unit, digits = MEASURES[name]
            middle = median(values[line]["ours"][name])
            word = "within" if middle <= bound else "ABOVE"
            lines.append(
                f"  {name}: {middle:.{digits}f} {unit} is {word} the bound of {bound:.4g} {unit} ({line})"
            )
    return "\n".join(lines)


def redraw_table(moved: dict[str, list[float]]) -> str:
    """How long the explorers of each page take to redraw, the slowest last."""
    rows = sorted(
        (time, f"{page}, {number}") for page, each in moved.items() for number, time in enumerate(each, 1)
    )
    lines = [f"  {name:<40}{time:>7.1f} ms{'' if time <= FRAME else '  ABOVE'}" for time, name in rows]
    return "\n".join([f"\n  redraws of every explorer; a frame takes {FRAME:.1f} ms", *lines])


def figure(data: dict):
    """How many times as much stock takes on the slow line: a row for each measure, a mark for each page."""
    plots.use_style()
    fig, ax = plots.figure(height=0.8 + 0.45 * len(DRAWN))
    kinds = list(dict.fromkeys(page["kind"] for page in data["pages"]))
    for kind, color, marker in zip(kinds, plots.COLORS, "os^Dv", strict=False):
        found = [ratios(page["values"]) for page in data["pages"] if page["kind"] == kind]
        places = [
            (ratio, DRAWN.index(name) + 0.12 * (kinds.index(kind) - len(kinds) / 2))
            for each in found
            for name, ratio in each.items()
        ]
        if places:
            ax.plot(
                *zip(*places, strict=True), marker, color=color, linestyle="none", markersize=5, label=kind
            )
    ax.axvline(1, color="#000000", linewidth=1, linestyle="-")
    ax.set(xscale="log", xlabel=f"stock Jupyter Book / this book, {SLOW}", ylim=(len(DRAWN) - 0.5, -0.5))
    ax.set_yticks(range(len(DRAWN)), DRAWN)
    ax.xaxis.set_major_formatter("{x:g}")
    fig.legend(loc="outside upper center", ncols=len(kinds))
    return fig


def write(data: dict, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.json").write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    (folder / "site.svg").write_text(plots.to_svg(figure(data)), "utf-8")
