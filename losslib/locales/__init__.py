"""The words and numbers of figures, tables and explorers, in the reader's language.

The English phrase is the key: `tr("residual")` gives "остаток" once `use_language("ru")` was called. The catalogues
are the TOML files beside this module; English needs none.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files

_language = "en"
_DECIMAL_COMMA = {"ru"}


@cache
def catalogue(language: str) -> dict[str, str]:
    """All phrases of a language; English has an empty catalogue, since its phrases are the keys."""
    if language == "en":
        return {}
    file = files(__name__) / f"{language}.toml"
    if not file.is_file():
        raise ValueError(f"use_language: expected one of {', '.join(languages())}, got {language!r}")
    return tomllib.loads(file.read_text(encoding="utf8"))


def languages() -> list[str]:
    """The languages that have a catalogue, English first."""
    return ["en", *sorted(f.name[:-5] for f in files(__name__).iterdir() if f.name.endswith(".toml"))]


def use_language(language: str) -> None:
    """Make `tr`, `number` and `typeset` speak this language from now on.

    Raises ValueError when there is no catalogue of that name.
    """
    global _language
    catalogue(language)
    _language = language


def language() -> str:
    """The language in use, "en" until `use_language` is called."""
    return _language


def tr(phrase: str, **values) -> str:
    """The phrase in the reader's language, with `{name}` placeholders filled in.

    A phrase that the catalogue lacks stays English, so that one's own experiments need no translation.

    >>> tr("after {n} steps", n=10)
    'after 10 steps'
    """
    text = catalogue(_language).get(phrase, phrase)
    return text.format(**values) if values else text


def phrase(text: str) -> str:
    """Mark a phrase for the catalogues that `tr` is given later; returns it as it is.

    >>> phrase("after {n} steps")
    'after {n} steps'
    """
    return text


# A number of a text. Code and names keep theirs: what touches a letter, a dot, "=" or a quotation mark, what a bracket
# holds that touches a letter, and what follows a lower-case Latin word, as a version does ("torch 2.6").
_NUMBER = re.compile(
    r"""(?<![\w.="'])(?<!\w[(\[])(?<![a-z]{4}\ )(?<![-+\u2212])  # nothing before it that makes it code
        [-+\u2212]?(?:\d+(?:\.\d+)?(?:e[-+\u2212]?\d+)?|inf)
        (?![A-Za-z0-9_]|\.\w)  # nor after it: neither "2.5x" nor "2.13.0"
    """,
    re.VERBOSE,
)
_LIST = re.compile(r"(?<=[\d⁰¹²³⁴⁵⁶⁷⁸⁹]),(?=\s[-+\u2212]?\d)")
_PERCENT = re.compile(r"(?<=\d)%(?!\w)")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(text: str) -> str:
    """The text with the decimal mark of the reader's language in its numbers.

    Code, versions and identifiers stay as they are: `f(x=0.5)`, 2.13.0. Where the mark is a comma, a list of such
    numbers has semicolons, "(2, 0.1)" becomes "(2; 0,1)", and a percent sign stands apart.
    """
    if _language not in _DECIMAL_COMMA:
        return text
    marked = _NUMBER.sub(lambda found: found[0].replace(".", ","), text)
    return _PERCENT.sub("\u00a0%", text if marked == text else _LIST.sub(";", marked))


def typeset(text: str) -> str:
    """The text with its numbers as a book sets them: real minus signs (U+2212), powers of ten, and as `number` does.

    Hyphens in words, ranges and code stay as they are.

    >>> typeset("-2.677e-60 by log-cosh, dim=-1")
    '−2.677×10⁻⁶⁰ by log-cosh, dim=-1'
    """
    return number(_NUMBER.sub(_typeset_number, text))


def _typeset_number(found: re.Match) -> str:
    mantissa, _, power = found[0].replace("\u2212", "-").partition("e")
    if power and not float(mantissa):
        return "0"
    if power and int(power):
        ten = "10" + str(int(power)).translate(_SUPERSCRIPTS)
        mantissa = f"{mantissa[:-1]}{ten}" if mantissa in ("1", "-1", "+1") else f"{mantissa}×{ten}"
    return mantissa.replace("-", "\u2212")
