"""What is said to instructors in English and to students in their own language."""

from __future__ import annotations

import re
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


def translated(sentence: str) -> str:
    """A note or a reason of a report, which is in English, in the language in use; as it is where it is not known."""
    spoken = _sentences()
    with speaking("en"):
        english = _sentences()
    for phrase, own in zip(english, spoken, strict=True):
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(phrase))
        if found := re.fullmatch(pattern, sentence, re.DOTALL):
            return own.format(**found.groupdict())
    return sentence


def _sentences() -> list[str]:
    """Everything that assembling and executing a submission has to say of it."""
    return [
        tr("no readable notebook: {error}"),
        tr("none of the answers {cells} is in it: another notebook?"),
        tr("it could not be graded: {error}"),
        tr("{cell} was missing and was put back as handed out"),
        tr("the cells stood in another order"),
        tr("{cell} stood {n} times"),
        tr("{cell} was turned into a {kind} cell, so its answer could not be run"),
        tr("the points of {cell} were edited; the original ones count"),
        tr("{cell} was edited; the original was run, then the edited one"),
        tr("{cell} was edited; the original was run"),
        tr("{cell} ran too long and was interrupted"),
        tr("{cell} ran too long and ignored the interrupt, so that its kernel was killed"),
        tr("{cell} wrote too much output"),
        tr("{cell} used too much memory"),
        tr("{cell} started too many processes"),
        tr("{cell} ended its kernel"),
        tr("{cell} was stopped because this machine had almost no memory left"),
        tr("{cell} was not run: time or restarts were used up"),
        tr("{cell}: the check failed with {error}"),
    ]
