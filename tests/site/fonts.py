"""The characters that matplotlib could measure when it laid out the figures."""

from functools import cache
from pathlib import Path

import matplotlib
import pylopdf_fonts_zh_cn
from matplotlib.ft2font import FT2Font


@cache
def layout_characters(code: str) -> frozenset[str]:
    """What the figures' fonts of a language hold: matplotlib's own, and for Chinese the book's Chinese one."""
    paths = list(Path(matplotlib.get_data_path(), "fonts", "ttf").glob("DejaVuSans*.ttf"))
    if code == "zh":
        paths.append(pylopdf_fonts_zh_cn.sans_path())
    return frozenset(chr(point) for path in paths for point in FT2Font(str(path)).get_charmap())
