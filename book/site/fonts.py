"""Make fonts small: only the icons and the mathematical characters that the pages show."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ICON_FONT = "fa-solid-900"
FORMULA = '<span class="katex-html" aria-hidden="true">'
PIECE = re.compile(r'<span(?: class="([^"]*)")?[^>]*>|(</span>)|<[^>]*>|([^<]+)')
# the fonts that KaTeX gives to classes; what has none of them is in the first, and brackets of all sizes in others
MAIN = "KaTeX_Main-Regular"
FONT_OF = {
    "mathnormal": "KaTeX_Math-Italic",
    "boldsymbol": "KaTeX_Math-BoldItalic",
    "mathbf": "KaTeX_Main-Bold",
    "textbf": "KaTeX_Main-Bold",
    "mathit": "KaTeX_Main-Italic",
    "textit": "KaTeX_Main-Italic",
    "amsrm": "KaTeX_AMS-Regular",
    "mathbb": "KaTeX_AMS-Regular",
    "textbb": "KaTeX_AMS-Regular",
    "mathcal": "KaTeX_Caligraphic-Regular",
    "mathrm": MAIN,
}

Letters = dict[str, str]  # font -> its characters in order


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
    every = "".join(letters.values())
    for path in fonts.glob("*.woff2"):
        known = path.stem in FONT_OF.values()
        characters = letters.get(path.stem, "") if known else every
        _subset(path, set(map(ord, characters + "<>&")))


def letters_in(folder: Path) -> Letters:
    """The characters in the formulas of the pages below a folder, by the font that they are set in."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.html"):
        for formula in path.read_text("utf-8").split(FORMULA)[1:]:
            for font, text in _runs(formula):
                found.setdefault(font, set()).update(html.unescape(text))
    return {font: "".join(sorted(characters)) for font, characters in sorted(found.items())}


def _runs(formula: str) -> Iterator[tuple[str, str]]:
    """Font and text of each piece of a formula, up to the end of the span whose opening tag was cut off."""
    fonts = [MAIN]
    for piece in PIECE.finditer(formula):
        classes, end, text = piece.groups()
        if end:
            fonts.pop()
            if not fonts:
                return
        elif text:
            yield fonts[-1], text
        elif piece[0].startswith("<span"):
            own = [FONT_OF[name] for name in (classes or "").split() if name in FONT_OF]
            fonts.append(own[-1] if own else fonts[-1])


def _subset(path: Path, codes: set[int]) -> None:
    """Leave only these characters; hints, a fifth of a font, are for screens coarser than any in use."""
    font = TTFont(path, recalcTimestamp=False)
    subsetter = subset.Subsetter(subset.Options(notdef_outline=True, hinting=False))
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(path)
