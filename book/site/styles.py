"""One small style sheet for a language: only the rules and variables that its pages and scripts can use.

It travels in the pages. One that is fetched comes late on a slow line, among all else that a page asks for, and by
then all of the page is there to be laid out before anything is shown.
"""

import os
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import tinycss2

STYLE = "book.css"
# what it is made of, in the order in which the pages link it
SHEETS = (
    "styles/theme.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "mystnb*.css",
    "explorer-*.css",
    "katex/katex.min.css",
    "site.css",
)
# classes and variables that scripts put together from parts, so that they stand nowhere as a word
COMPOSED = re.compile(r"^(explorer-|--explorer-)")
ATTRIBUTE = re.compile(r'\b(?:class|id|style|fill|stroke)="([^"]*)"|="[^"]*_static/([^"]*)"')
TAG = re.compile(r"<([a-z][\w-]*)")
STRING = re.compile(r"""\"[^"\n]*"|'[^'\n]*'|`[^`]*`""")
VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")
ANIMATION = re.compile(r"animation(?:-name)?\s*:\s*([\w-]+)")
IMPORT = re.compile(r'@import "([^"]*)";')
ADDRESS = re.compile(r"""url\((["']?)(?!data:)([^"')]*)\1\)""")
LINK = re.compile(r'<link rel="stylesheet"[^>]*href="[^"]*?_static/([^"?]*)[^>]*>\s*')


def words_in(folder: Path) -> set[str]:
    """Every word of the pages and scripts below a folder that can name a tag, class, id or variable."""
    texts: set[str] = set()
    for path in folder.rglob("*.html"):
        page = path.read_text("utf-8")
        texts.update(*ATTRIBUTE.findall(page), TAG.findall(page))
    for path in folder.rglob("*.js"):
        if path.name not in ("names.js", "searchindex.js"):
            texts.update(STRING.findall(path.read_text("utf-8")))
    return {word for text in texts for word in re.findall(r"[\w-]+", text)}


def sheets_in(static: Path) -> list[Path]:
    """The style sheets that become one."""
    return [path for pattern in SHEETS for path in sorted(static.glob(pattern))]


def joined(sheets: list[Path], static: Path) -> str:
    """Style sheets and what they import as one text; its addresses lead from the folder `static`."""

    def text(sheet: Path) -> str:
        def moved(address: re.Match) -> str:
            return f"url({os.path.relpath(sheet.parent / address[2], static)})"

        css = ADDRESS.sub(moved, sheet.read_text("utf-8"))
        return IMPORT.sub(lambda found: text(sheet.parent / found[1]), css)

    return "\n".join(map(text, sheets))


def small(css: str, words: set[str]) -> str:
    """A style sheet without rules that match nothing, variables and animations that nothing uses, comments, space."""
    css = _purged(css, words)
    for _ in range(3):  # a variable that was needed by dropped ones alone goes with the next turn
        css = _purged(css, words, words | set(VARIABLE.findall(css)) | set(ANIMATION.findall(css)))
    return css


def with_one_sheet(page: str, css: str, static: str) -> str:
    """The page with the one style sheet in the place of all that it links; its addresses lead from `static`."""
    if lost := [name for name in LINK.findall(page) if not any(fnmatch(name, sheet) for sheet in SHEETS)]:
        raise ValueError(f"expected a page with style sheets of book.site.styles.SHEETS, found {lost}")
    first = next(LINK.finditer(page))
    css = ADDRESS.sub(lambda address: f"url({static}/{address[2]})", css)
    return f'{page[: first.start()]}<style id="sheet">{css}</style>\n{LINK.sub("", page[first.end() :])}'


def _purged(css: str, words: set[str], named: set[str] | None = None) -> str:
    """A style sheet with what these words need, and of variables and animations those named, or all, if it is None."""
    rules = tinycss2.parse_stylesheet(css, skip_whitespace=True, skip_comments=True)
    return "".join(_kept(rules, words, named))


def _kept(rules: Iterable, words: set[str], named: set[str] | None) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [s for s in map(_short, _split(rule.prelude, ",")) if _can_match(s, words)]
            declarations = [d for d in map(_short, _split(rule.content, ";")) if _is_used(d, named)]
            if selectors and declarations:
                yield f"{','.join(selectors)}{{{';'.join(declarations)}}}"
        elif rule.at_keyword in ("media", "supports", "layer", "container") and rule.content is not None:
            inner = tinycss2.parse_rule_list(rule.content, skip_whitespace=True, skip_comments=True)
            if kept := "".join(_kept(inner, words, named)):
                yield f"@{rule.at_keyword} {_short(rule.prelude)}{{{kept}}}"
        elif rule.at_keyword == "keyframes":
            if named is None or _short(rule.prelude) in named:
                yield rule.serialize()
        elif rule.at_keyword != "charset":  # may stand at the beginning alone, and says what is so anyway
            yield rule.serialize()


def _split(tokens: list, mark: str) -> list[list]:
    """The parts between the marks that stand in no bracket."""
    parts: list[list] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == mark:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _short(tokens: list) -> str:
    text = tinycss2.serialize([token for token in tokens if token.type != "comment"])
    return re.sub(r"\s+", " ", text).strip()


def _can_match(selector: str, words: set[str]) -> bool:
    plain = re.sub(r"\[[^\]]*\]|:not\([^)]*\)", "", selector.replace("\\", ""))
    names = re.findall(r"[.#](-?[A-Za-z_][\w-]*)", plain)
    names += re.findall(r"(?:^|[\s>+~])([a-z][\w-]*)", re.sub(r"\([^()]*\)", "", plain))
    return bool(selector) and all(name in words or COMPOSED.match(name) for name in names)


def _is_used(declaration: str, named: set[str] | None) -> bool:
    name = declaration.partition(":")[0].strip()
    if named is None or not name.startswith("--"):
        return bool(name)
    return name in named or bool(COMPOSED.match(name))
