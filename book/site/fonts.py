"""Make fonts small: only the icons and the mathematical characters that the pages show."""

import re
from pathlib import Path
from typing import NamedTuple

from fontTools import subset
from fontTools.ttLib import TTFont

ICON_FONT = "fa-solid-900"
MATH_ITALIC = "KaTeX_Math-Italic"
FORMULA = '<span class="katex-html" aria-hidden="true">'
VARIABLE = re.compile(r'<span class="mord mathnormal[^"]*"[^>]*>([^<]*)</span>')


class Letters(NamedTuple):
    """The characters of formulas: those of variables, which are in italics, and all others."""

    italic: str
    other: str


def subset_icons(css: str, fonts: Path, words: set[str]) -> str:
    """Leave only the icons in use in the theme's font; return the style sheet with the other fonts cut out."""
    icons = re.findall(r'((?:\.fa-[\w-]+:{1,2}before,?)+)\{content:"\\([0-9a-f]+)"\}', css)
    used = {int(code, 16) for names, code in icons if set(re.findall(r"fa-[\w-]+", names)) & words}
    # the icons of notices stand in the theme's variables, as the characters themselves
    used |= {ord(icon) for icon in re.findall(r'--pst-icon-[\w-]+:"([\ue000-\uf8ff])"', css)}
    _subset(fonts / f"{ICON_FONT}.woff2", used)
    for path in fonts.iterdir():
        if path.name != f"{ICON_FONT}.woff2":
            path.unlink()
    for face in re.findall(r"@font-face\{[^}]*\}", css):
        if "fontawesome" in face and ICON_FONT not in face:
            css = css.replace(face, "")
    return re.sub(r',url\([^)]*\.ttf\) format\("truetype"\)', "", css)


def subset_math(fonts: Path, letters: Letters) -> None:
    """Leave only what the formulas show in KaTeX's fonts."""
    for path in fonts.glob("*.woff2"):
        # the fonts of tall brackets need no hints for coarse screens
        characters = letters.italic if path.stem == MATH_ITALIC else letters.other
        _subset(path, set(map(ord, characters)), hinting="_Size" not in path.stem)


def letters_in(folder: Path) -> Letters:
    """Every character in the formulas of the pages below a folder."""
    italic, other = set[str](), set("<>&")
    for path in folder.rglob("*.html"):
        for formula in path.read_text("utf-8").split(FORMULA)[1:]:
            formula = _up_to_its_end(formula)
            italic.update(*VARIABLE.findall(formula))
            other.update(re.sub(r"<[^>]*>|&\w+;", "", VARIABLE.sub("", formula)))
    return Letters("".join(sorted(italic)), "".join(sorted(other)))


def _up_to_its_end(html: str) -> str:
    """The inside of a span whose opening tag was just cut off."""
    depth = 1
    for tag in re.finditer(r"<(/?)span\b", html):
        depth += -1 if tag[1] else 1
        if not depth:
            return html[: tag.start()]
    return html


def _subset(path: Path, codes: set[int], hinting: bool = True) -> None:
    font = TTFont(path, recalcTimestamp=False)
    subsetter = subset.Subsetter(subset.Options(notdef_outline=True, hinting=hinting))
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(path)
