"""Every check on the book as it is; what a check looks for stands beside it in `checks`."""

from pathlib import Path

import pytest

from tests.book.checks import CHECKS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_book(check):
    found = list(check(ROOT))
    assert not found, "\n" + "\n".join(found)
