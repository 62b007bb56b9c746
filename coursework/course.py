"""A course: the folder that holds what was handed out and handed in, the gradebook, and nothing else of the book.

release/<language>/<assignment>/    what students get; release/<assignment>-<language>.zip to hand out
private/<assignment>.py             hidden checks, if the instructor has written some; never handed out
inbox/<assignment>/                 every file as it came, also those that were replaced or could not be read
submitted/<student>/<assignment>/   the notebook that counts, and timestamp.txt
executed/<student>/<assignment>/    the same after it was run in the sandbox, and report.json
autograded/, feedback/              nbgrader's, as is gradebook.db
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

SOURCES = Path(__file__).resolve().parent
if not shutil.which("alembic"):  # nbgrader calls it by name; it lies beside the Python that runs
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


class CourseError(Exception):
    """What an instructor asked for cannot be done; the message says why and what to do."""


@dataclass(frozen=True)
class Course:
    """Where everything of a course lies."""

    root: Path

    @property
    def database(self) -> str:
        return f"sqlite:///{self.root}/gradebook.db"

    def gradebook(self) -> Gradebook:
        """nbgrader's gradebook; use it in a `with` statement."""
        self.root.mkdir(parents=True, exist_ok=True)
        return Gradebook(self.database)

    def released(self, language: str, assignment: str) -> Path:
        return self.root / "release" / language / assignment / f"{assignment}.ipynb"

    def hidden(self, assignment: str) -> Path:
        return self.root / "private" / f"{assignment}.py"

    def inbox(self, assignment: str) -> Path:
        return self.root / "inbox" / assignment

    def submitted(self, student: str, assignment: str) -> Path:
        return self.root / "submitted" / student / assignment / f"{assignment}.ipynb"

    def executed(self, student: str, assignment: str) -> Path:
        return self.root / "executed" / student / assignment / f"{assignment}.ipynb"

    def report(self, student: str, assignment: str) -> Path:
        return self.executed(student, assignment).with_name("report.json")

    def students(self, assignment: str) -> list[str]:
        """Everyone who handed something in for this assignment."""
        return sorted(
            path.parent.parent.name for path in self.root.glob(f"submitted/*/{assignment}/timestamp.txt")
        )

    def config(self, **sections: dict) -> Config:
        """nbgrader's configuration for this course; `sections` add to it: `ClearSolutions={"text_stub": ...}`."""
        own = {"root": str(self.root), "db_url": self.database}
        return Config(sections | {"CourseDirectory": own | sections.get("CourseDirectory", {})})

    def directory(self, config: Config, assignment: str) -> CourseDirectory:
        return CourseDirectory(config=config, assignment_id=assignment)


def assignments() -> list[str]:
    """The assignments that the book has."""
    return sorted(path.name for path in (SOURCES / "en").iterdir() if path.is_dir())


def require_assignment(assignment: str) -> None:
    """Raise CourseError for an assignment that the book has not."""
    if assignment not in assignments():
        raise CourseError(f"expected one of the assignments {', '.join(assignments())}, got {assignment!r}")
