"""CSV files that spreadsheets open, edit and save, in whatever way they like to."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from coursework.course import CourseError

FORMULA = r"[=+\-@＝＋－＠\t\r\n]"  # a cell that begins so is computed, not shown
ENCODINGS = ("cp1251", "gb18030", "cp1252")  # what Excel writes where it does not write Unicode


def guard(text: str) -> str:
    """The text as a spreadsheet shows it and does not compute it: `=1+1` becomes `'=1+1`. `unguard` takes it back."""
    return f"'{text}" if re.match(f"'*{FORMULA}", text) else text


def unguard(text: str) -> str:
    return text[1:] if re.match(f"'+{FORMULA}", text) else text


def defuse(text: str) -> str:
    """A stranger's text, of which no part may begin a formula, even if a spreadsheet splits it at another separator."""
    return guard(re.sub(r"""([;,\t\r\n"]\s*)([=@＝＠]|[+\-＋－](?=\S))""", r"\1'\2", text))


def write(path: Path, table: Iterable[Iterable[object]], *, mark: bool) -> None:
    """Write rows, with the byte order mark by which Excel knows UTF-8 if `mark`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig" if mark else "utf8", newline="") as file:
        csv.writer(file).writerows(table)


def read(path: Path, columns: Iterable[str], known: Iterable[str]) -> list[tuple[int, Mapping[str, str]]]:
    """The rows with their line numbers, whatever separator, order of columns or encoding a spreadsheet saved them in.

    Args:
        columns: Those that must be there.
        known: Texts that the file is likely to hold, by which one old encoding is told from another.

    Raises:
        CourseError: There is no such file, or no such columns in it.
    """
    try:
        text = _decoded(path.read_bytes(), known)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}") from None
    text = re.sub(r'\A"?sep=.?"?\r?\n', "", text)
    header = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), restval="", restkey="more"
    )
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    missing = [name for name in columns if name not in reader.fieldnames]
    if missing:
        raise CourseError(
            f"{path}: expected the columns {', '.join(columns)}; {', '.join(missing)} not found"
        )
    return [(reader.line_num, row) for row in reader if any(row[name].strip() for name in columns)]


def _decoded(data: bytes, known: Iterable[str]) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        texts = [data.decode(encoding, errors="replace") for encoding in ENCODINGS]
        return max(texts, key=lambda text: sum(word in text for word in known))
