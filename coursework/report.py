"""What became of one submission."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Report:
    """Kept beside each executed notebook.

    A submission with a `reason` has no grade, which is not a grade of zero; `notes` are what the grader should know of
    one that has: a cell that ran too long, an edited test. Both are in English, for the instructor.
    """

    student: str
    assignment: str
    language: str
    digest: str  # of everything the grade depends on
    reason: str = ""
    notes: list[str] = field(default_factory=list)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf8")

    @classmethod
    def load(cls, path: Path) -> Report | None:
        """The report, or None where the submission was not graded yet."""
        return cls(**json.loads(path.read_text(encoding="utf8"))) if path.is_file() else None
