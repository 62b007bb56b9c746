"""Which edition of the book a file holds: the date and name of the commit that it is made from."""

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import yaml

from book.site.project import ROOT


@dataclass(frozen=True)
class Edition:
    time: datetime
    commit: str  # empty where the book is no git repository

    @property
    def date(self) -> str:
        return self.time.strftime("%Y-%m-%d")

    def __str__(self) -> str:
        return f"{self.date} ({self.commit})" if self.commit else self.date


@cache
def edition() -> Edition:
    """The edition in the working folder.

    SOURCE_DATE_EPOCH is heard first, as in other tools; without it and without git the release's date holds.
    """
    commit = _git("log", "-1", "--format=%h", "--abbrev=10")
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct")
    if not seconds:
        released = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["date-released"]
        return Edition(datetime(released.year, released.month, released.day, tzinfo=UTC), "")
    return Edition(datetime.fromtimestamp(int(seconds), UTC), commit)


def _git(*arguments: str) -> str:
    try:
        result = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""
