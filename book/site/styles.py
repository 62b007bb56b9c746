"""Make the theme's styles small: only the rules and the icons that the site's pages and scripts can use."""

import re
from collections.abc import Iterable
from pathlib import Path

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont

# classes that scripts put together from parts, so that they stand nowhere as a word
COMPOSED = re.compile(r"^(bs-|tooltip|fade|show|collaps|modal|dropdown|katex)")
ICON_FONT = "fa-solid-900"


def words_in(folder: Path) -> set[str]:
    """Every word of the pages and scripts below a folder: whatever can be the name of a class or an id."""
    words: set[str] = set()
    for path in [*folder.rglob("*.html"), *folder.rglob("*.js")]:
        if path.name not in ("bootstrap.js", "searchindex.js"):
            words.update(re.findall(r"[\w-]+", path.read_text("utf-8")))
    return words


def purge(css: str, words: set[str]) -> str:
    """The style sheet without the rules that can match nothing, without comments and needless space."""
    rules = tinycss2.parse_stylesheet(css, skip_whitespace=True, skip_comments=True)
    return "".join(_kept(rules, words))


def _kept(rules: Iterable, words: set[str]) -> Iterable[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [s for s in _selectors(rule.prelude) if _can_match(s, words)]
            if selectors:
                yield f"{','.join(selectors)}{{{_short(rule.content)}}}"
        elif rule.at_keyword in ("media", "supports", "layer", "container") and rule.content is not None:
            inner = tinycss2.parse_rule_list(rule.content, skip_whitespace=True, skip_comments=True)
            kept = "".join(_kept(inner, words))
            if kept:
                yield f"@{rule.at_keyword} {_short(rule.prelude)}{{{kept}}}"
        else:
            yield rule.serialize()


def _selectors(prelude: list) -> list[str]:
    """The selectors of a rule, split at the commas that stand in no bracket."""
    parts: list[list] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [tinycss2.serialize(part).strip() for part in parts]


def _short(tokens: list) -> str:
    return re.sub(r"\s+", " ", tinycss2.serialize([t for t in tokens if t.type != "comment"])).strip()


def _can_match(selector: str, words: set[str]) -> bool:
    plain = re.sub(r"\[[^\]]*\]|:not\([^)]*\)", "", selector.replace("\\", ""))
    names = re.findall(r"[.#](-?[A-Za-z_][\w-]*)", plain)
    return all(name in words or COMPOSED.match(name) for name in names)


def subset_icons(css: str, fonts: Path, words: set[str]) -> str:
    """Leave only the icons in use in the theme's font; return the style sheet with the other fonts cut out."""
    icons = re.findall(r'((?:\.fa-[\w-]+:{1,2}before,?)+)\{content:"\\([0-9a-f]+)"\}', css)
    used = [int(code, 16) for names, code in icons if set(re.findall(r"fa-[\w-]+", names)) & words]
    # the icons of notices stand in the theme's variables, as the characters themselves
    used += [ord(icon) for icon in re.findall(r'--pst-icon-[\w-]+:"([\ue000-\uf8ff])"', css)]
    font = TTFont(fonts / f"{ICON_FONT}.ttf", recalcTimestamp=False)
    subsetter = subset.Subsetter(subset.Options(layout_features=[], notdef_outline=True))
    subsetter.populate(unicodes=used)
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(fonts / f"{ICON_FONT}.woff2")
    for path in fonts.iterdir():
        if path.name != f"{ICON_FONT}.woff2":
            path.unlink()
    faces = [f for f in re.findall(r"@font-face\{[^}]*\}", css) if ICON_FONT not in f]
    for face in faces:
        css = css.replace(face, "")
    return re.sub(r',url\([^)]*\.ttf\) format\("truetype"\)', "", css)
