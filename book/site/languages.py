"""The languages of the book, read from `book/languages.toml`."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

BOOK = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Language:
    """One section of `languages.toml`; the file says what the fields mean."""

    code: str
    sphinx: str
    html: str
    name: str
    title: str
    description: str
    words: dict[str, str]
    theme: dict[str, str] = field(default_factory=dict)


@cache
def languages() -> dict[str, Language]:
    """Every language whose folder exists, in the order of the file; the first is the source language."""
    sections = tomllib.loads((BOOK / "languages.toml").read_text(encoding="utf-8"))
    return {code: Language(code, **section) for code, section in sections.items() if (BOOK / code).is_dir()}


def source_language() -> Language:
    """The language that the others are translated from."""
    return next(iter(languages().values()))
