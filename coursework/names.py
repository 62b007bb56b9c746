"""Who sent a file, from the name that Moodle, Canvas or an instructor gave it; and names that any file system takes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from urllib.parse import unquote

# "Full Name_1234567_assignsubmission_file_", a folder, or the same before a file's own name. Moodle 4.1 and later leave
# out the last underscore of the folder.
MOODLE = re.compile(
    r"(?P<folder>(?P<name>.*)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_|$)).*", re.DOTALL
)
# "lastfirst_LATE_12345_67890_name-2.ipynb": the student's number, the file's, the file's name, which time it was sent.
CANVAS = re.compile(
    r"(?P<name>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_.+?(?:-(?P<version>\d+))?(?:\.\w+)?", re.DOTALL
)
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # on Windows
LONGEST = 200  # bytes of a name: file systems take 255


@dataclass(frozen=True)
class Sender:
    """Whose a file is: `student` names folders and the gradebook's entry, `version` counts Canvas's resubmissions."""

    student: str
    name: str
    lms_id: str = ""
    version: int = 0


def sender(path: str) -> Sender:
    """The sender of a file that came under this path.

    In Moodle's and Canvas's names it is the number that tells students apart; elsewhere it is the first folder's name,
    or the file's where there is no folder.
    """
    parts = PurePosixPath(path).parts
    for part in parts:
        if found := MOODLE.fullmatch(part):
            return Sender(safe(found["id"]), found["name"], found["id"])
    if found := CANVAS.fullmatch(parts[-1]):
        return Sender(safe(found["id"]), found["name"], found["id"], int(found["version"] or 0))
    name = parts[0] if len(parts) > 1 else re.sub(r"(?i)(?<=.)\.(ipynb|zip)$", "", path)
    return Sender(safe(name), name)


def moodle_folder(path: str) -> str:
    """The folder's name by which Moodle knows the sender again, empty for a path that is not Moodle's."""
    found = (MOODLE.fullmatch(part) for part in PurePosixPath(path).parts)
    return next((match["folder"] for match in found if match), "")


def safe(name: str) -> str:
    """A name for a file or folder on any system, different for different names; `original` turns it back.

    What is no letter, digit, or one of . @ _ - stands as in an address, %20, so it means nothing to a shell, to `glob`
    or to nbgrader. Of a very long name the end is replaced by a digest.
    """
    name = unicodedata.normalize("NFC", name)
    text = re.sub(r"[^\w.@-]|^\.|\.$|^$", _escape, name)
    if RESERVED.match(text):
        text = f"%{ord(text[0]):02X}{text[1:]}"
    if len(text.encode()) > LONGEST:
        start = text.encode()[: LONGEST - 20].decode(errors="ignore")
        text = f"{start}~{sha256(name.encode('utf8', 'surrogatepass')).hexdigest()[:16]}"
    return text


def original(name: str) -> str:
    """The name that `safe` was given."""
    return unquote(name, errors="surrogatepass").replace("\0", "")


def _escape(found: re.Match) -> str:
    return "".join(f"%{byte:02X}" for byte in (found[0] or "\0").encode("utf8", "surrogatepass"))
