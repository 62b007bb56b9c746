"""What is said to instructors in English and to students in their own language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from losslib.locales import language, tr, use_language


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Let `tr` speak this language for a while."""
    before = language()
    use_language(name)
    try:
        yield
    finally:
        use_language(before)


def duration(seconds: float) -> str:
    """How long, in the two largest units that matter, in the language in use."""
    minutes = max(1, round(seconds / 60))
    d, h, m = minutes // 1440, minutes // 60 % 24, minutes % 60
    if d:
        return tr("{d} d {h} h", d=d, h=h)
    return tr("{h} h {m} min", h=h, m=m) if h else tr("{m} min", m=m)
