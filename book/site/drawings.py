"""The figures of a page in less text: short paths, no group, style or shape that changes nothing."""

import re
from collections.abc import Iterator

# of losslib.plots
DRAWING = re.compile(r'<svg fill="currentColor" stroke-linejoin="round".*?</svg>', re.DOTALL)
SHAPES = re.compile(r"<(?:defs|clipPath)\b.*?</(?:defs|clipPath)>", re.DOTALL)
TAG = re.compile(r"<(/?)(\w+)([^>]*?)(/?)>")
PATH = re.compile(r' d="(M[^"]*)"')
STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
PLACE = re.compile(r' (x|y)="(-?[\d.]+)"')
STYLE = re.compile(r' style="([^"]*)"')
MARK = re.compile(r'<path id="([^"]*)"[^>]*?style="([^"]*)"')
USE = re.compile(r'(<use xlink:href="#([^"]*)"[^>]*?) style="([^"]*)"')
# what a drawing does anyway
DEFAULTS = {"font-family:inherit", "text-anchor:start"}
POINTS = {"M": 1, "L": 1, "C": 3, "Q": 2, "z": 0}  # of a step
TENTHS, HUNDREDTHS = 10, 100  # of the 432 units that a figure is wide


def with_compact_drawings(page: str) -> str:
    """The page with the figures of losslib.plots made small."""
    return DRAWING.sub(lambda found: compact(found[0]), page)


def compact(svg: str) -> str:
    """A drawing that looks the same: nothing moves by more than a twentieth of a unit."""
    svg = STYLE.sub(_style, svg)
    styles = dict(MARK.findall(svg))
    # a mark that says itself how it looks does not listen to where it is used
    svg = USE.sub(lambda use: use[1] if styles.get(use[2]) == use[3] else use[0], svg)
    shapes: list[str] = []

    def aside(shape: re.Match) -> str:
        shapes.append(PATH.sub(lambda path: f' d="{_relative(path[1], HUNDREDTHS)}"', shape[0]))
        return "\0"

    svg = SHAPES.sub(aside, svg)
    svg = re.sub(r'<path[^>]* style="fill:none"/>', "", svg)
    svg = PATH.sub(lambda path: f' d="{_relative(path[1], TENTHS)}"', svg)
    svg = PLACE.sub(lambda place: f' {place[1]}="{_number(round(float(place[2]) * TENTHS), TENTHS)}"', svg)
    svg = re.sub("\0", lambda _: shapes.pop(0), svg)
    return "".join(_without_bare_groups(svg))


def _style(style: re.Match) -> str:
    kept = [part for part in re.sub(r"([;:,]) ", r"\1", style[1]).split(";") if part not in DEFAULTS]
    return f' style="{";".join(kept)}"' if kept else ""


def _relative(path: str, unit: int) -> str:
    """A path of absolute moves, lines and curves, in steps of 1/unit from point to point."""
    here, start, parts, last = (0, 0), (0, 0), [], ""
    for command, rest in STEP.findall(path):
        values = [round(float(value) * unit) for value in rest.split()]
        if len(values) != 2 * POINTS.get(command, -1):
            raise ValueError(f"expected a path of M, L, C, Q and z, got {command + rest!r} in {path[:80]!r}")
        points = list(zip(values[::2], values[1::2], strict=True))
        steps = [_number(b - a, unit) for point in points for a, b in zip(here, point, strict=True)]
        # a move is followed by lines
        letter = "" if command == last or (last == "M" and command == "L") else command.lower()
        parts.append(letter + _packed(steps, bool(letter)))
        here = points[-1] if points else start
        start = here if command == "M" else start
        last = command
    return "".join(parts)


def _packed(numbers: list[str], after_letter: bool) -> str:
    """Numbers with a space only where two would run together."""
    text = ""
    for number in numbers:
        text += number if number.startswith("-") or (not text and after_letter) else f" {number}"
    return text


def _number(value: int, unit: int) -> str:
    """value/unit as a decimal, without zeros that say nothing."""
    text = f"{value / unit:.2f}".rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text)


def _without_bare_groups(svg: str) -> Iterator[str]:
    """The drawing without groups that say nothing of what is in them."""
    end, bare = 0, []
    for tag in TAG.finditer(svg):
        yield svg[end : tag.start()]
        end = tag.end()
        closing, name, attributes, empty = tag.groups()
        if name == "g" and not empty:
            if not closing:
                bare.append(not attributes)
            if bare[-1]:
                if closing:
                    bare.pop()
                continue
            if closing:
                bare.pop()
        yield tag[0]
    yield svg[end:]
