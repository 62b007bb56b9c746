"""What became of one submission."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from losslib.locales import tr


class Note(str):
    """A sentence on a submission: in English for the instructor, with `said` in the language in use.

    Its phrase stands in `phrase("...")` where the note is made, so that the catalogues have it.
    """

    text: str
    values: dict[str, str]

    def __new__(cls, text: str = "", **values: object) -> Note:
        note = super().__new__(cls, text.format(**values) if values else text)
        note.text, note.values = text, {name: str(value) for name, value in values.items()}
        return note

    def said(self) -> str:
        return tr(self.text, **self.values)


@dataclass(frozen=True)
class Report:
    """Kept beside each executed notebook.

    A submission with a `reason` has no grade, which is not a grade of zero; `notes` are what the grader should know of
    one that has: a cell that ran too long, an edited test.
    """

    student: str
    assignment: str
    language: str
    digest: str  # of everything the grade depends on
    reason: Note = field(default_factory=Note)
    notes: list[Note] = field(default_factory=list)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = vars(self) | {"reason": vars(self.reason), "notes": [vars(note) for note in self.notes]}
        part = path.with_suffix(".part")  # whole or not at all: what has a report is not graded again
        part.write_text(json.dumps(fields, ensure_ascii=False, indent=1), encoding="utf8")
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Report | None:
        """The report, or None where the submission was not graded yet."""
        if not path.is_file():
            return None
        fields = json.loads(path.read_text(encoding="utf8"))
        reason, *notes = (
            Note(note["text"], **note["values"]) for note in [fields["reason"], *fields["notes"]]
        )
        return cls(**fields | {"reason": reason, "notes": notes})
