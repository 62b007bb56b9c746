"""Make style sheets small: only the rules and variables that the site's pages and scripts can use."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import tinycss2

# classes that scripts put together from parts, so that they stand nowhere as a word
COMPOSED = re.compile(r"^(bs-|tooltip|fade|show|collaps|modal|dropdown)")
VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")


def words_in(folder: Path) -> set[str]:
    """Every word of the pages and scripts below a folder: whatever can be the name of a class or an id."""
    words: set[str] = set()
    for path in [*folder.rglob("*.html"), *folder.rglob("*.js")]:
        if path.name not in ("bootstrap.js", "searchindex.js"):
            words.update(re.findall(r"[\w-]+", path.read_text("utf-8")))
    return words


def purge(sheets: list[Path], others: list[Path], words: set[str]) -> None:
    """Rewrite style sheets without rules that match nothing and variables that neither they nor others use."""
    texts = {sheet: purged(sheet.read_text("utf-8"), words) for sheet in sheets}
    elsewhere = "".join(path.read_text("utf-8") for path in others)
    for _ in range(3):  # a variable that was needed by dropped ones alone goes with the next turn
        variables = set(VARIABLE.findall("".join(texts.values()) + elsewhere))
        texts = {sheet: purged(text, words, variables) for sheet, text in texts.items()}
    for sheet, text in texts.items():
        sheet.write_text(text, "utf-8")


def purged(css: str, words: set[str], variables: set[str] | None = None) -> str:
    """A style sheet with what these words and variables (None: all of them) need, without comments and space."""
    rules = tinycss2.parse_stylesheet(css, skip_whitespace=True, skip_comments=True)
    return "".join(_kept(rules, words, variables))


def _kept(rules: Iterable, words: set[str], variables: set[str] | None) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [s for s in map(_short, _split(rule.prelude, ",")) if _can_match(s, words)]
            declarations = [d for d in map(_short, _split(rule.content, ";")) if _is_used(d, variables)]
            if selectors and declarations:
                yield f"{','.join(selectors)}{{{';'.join(declarations)}}}"
        elif rule.at_keyword in ("media", "supports", "layer", "container") and rule.content is not None:
            inner = tinycss2.parse_rule_list(rule.content, skip_whitespace=True, skip_comments=True)
            if kept := "".join(_kept(inner, words, variables)):
                yield f"@{rule.at_keyword} {_short(rule.prelude)}{{{kept}}}"
        else:
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
    return bool(selector) and all(name in words or COMPOSED.match(name) for name in names)


def _is_used(declaration: str, variables: set[str] | None) -> bool:
    name = declaration.partition(":")[0].strip()
    return bool(name) and (variables is None or not name.startswith("--") or name in variables)
