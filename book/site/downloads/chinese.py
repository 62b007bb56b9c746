"""The Chinese fonts of the printed book: the characters it needs, in a form that browsers embed as fonts.

The fonts come with cubic outlines (CFF), which Chromium would write into a PDF as drawings, glyph by glyph.
"""

from pathlib import Path
from threading import Lock

import pylopdf_fonts_zh_cn
from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from book.site.project import BOOK, BUILD, SITE, digest

FONTS = BUILD / "fonts"
SOURCES = {"sans": pylopdf_fonts_zh_cn.sans_path, "serif": pylopdf_fonts_zh_cn.serif_path}
PRECISION = 1  # how far, in thousandths of a character, the new outlines may be from the old
_one_at_a_time = Lock()


def prepare() -> None:
    """Write `sans.ttf` and `serif.ttf` with the Chinese characters and marks of the site, unless they are there."""
    with _one_at_a_time:
        _prepare()


def _prepare() -> None:
    letters = set((BOOK / "languages.toml").read_text("utf-8"))
    for page in SITE.rglob("*.html"):
        letters.update(page.read_text("utf-8"))
    needed = "".join(sorted(letter for letter in letters if ord(letter) >= 0x2000))
    stamp, wanted = (
        FONTS / "stamp",
        digest(Path(__file__), also=f"{pylopdf_fonts_zh_cn.__version__} {needed}"),
    )
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    FONTS.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    for name, source in SOURCES.items():
        _with_quadratic_outlines(source(), needed).save(FONTS / f"{name}.ttf")
    stamp.write_text(wanted)


def _with_quadratic_outlines(path: Path, letters: str) -> TTFont:
    font = TTFont(path, recalcTimestamp=False)
    subsetter = subset.Subsetter(subset.Options(layout_features=[], notdef_outline=True))
    subsetter.populate(text=letters)
    subsetter.subset(font)
    outlines, glyphs = font.getGlyphSet(), {}
    for name in font.getGlyphOrder():
        pen = TTGlyphPen(None)
        outlines[name].draw(Cu2QuPen(pen, PRECISION, reverse_direction=True))
        glyphs[name] = pen.glyph()
    builder = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    builder.setupGlyphOrder(font.getGlyphOrder())
    builder.setupCharacterMap(font.getBestCmap())
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict(font["hmtx"].metrics))
    builder.setupHorizontalHeader(ascent=font["hhea"].ascent, descent=font["hhea"].descent)
    family = str(font["name"].getBestFamilyName())
    names = {"familyName": family, "styleName": "Regular", "psName": family.replace(" ", "")}
    builder.setupNameTable(names | {"fullName": family})
    metrics = {
        name: getattr(font["OS/2"], name) for name in ("sTypoAscender", "sTypoDescender", "usWinAscent")
    }
    builder.setupOS2(fsType=0, usWinDescent=font["OS/2"].usWinDescent, **metrics)
    builder.setupPost()
    builder.font["head"].created = builder.font["head"].modified = font["head"].modified
    builder.font.recalcTimestamp = False
    return builder.font
