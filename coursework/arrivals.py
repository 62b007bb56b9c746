"""Read what students handed in, from a folder or a zip file, and trust none of it.

Nothing is unpacked to disk under a name that an archive gives, and nothing is read that an archive says is too large.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from coursework.course import CourseError
from coursework.names import CANVAS, MOODLE

FILE_LIMIT = 20 * 2**20
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Limits:
    """What an archive may hold."""

    members: int
    total: int


OUTER = Limits(members=200_000, total=50 * 2**30)  # a whole year's students; one file at a time is in memory
INNER = Limits(members=1_000, total=200 * 2**20)  # one student's


@dataclass(frozen=True)
class Arrival:
    """A file as it came. One with a `problem` was not read, or only in part."""

    path: str
    data: bytes = b""
    time: datetime | None = None
    problem: str = ""

    def opened(self) -> list[Arrival]:
        """The files in it if it is a zip file, otherwise itself; a zip that cannot be read has a problem."""
        if self.problem or not self.path.lower().endswith(".zip"):
            return [self]
        try:
            with zipfile.ZipFile(io.BytesIO(self.data)) as archive:
                members = _members(archive, INNER)
                found = [replace(member(), path=f"{self.path}/{path}") for path, member in members]
        except (CourseError, *DAMAGED) as error:
            return [replace(self, problem=f"the zip file cannot be opened: {error}")]
        return [replace(file, time=file.time or self.time) for file in found] or [
            replace(self, problem="the zip file is empty")
        ]


Source = tuple[str, Callable[[], Arrival]]  # a path, and what reads the file


def arrivals(source: Path) -> Iterator[Arrival]:
    """Every file of a folder or a zip file but hidden ones; a folder around all students is left out of the paths.

    Raises CourseError when `source` is neither, is damaged, or holds more than OUTER allows.
    """
    if source.is_dir():
        yield from _named(list(_files(source)), source.name)
    elif source.is_file():
        changed = datetime.fromtimestamp(source.stat().st_mtime, UTC)
        try:
            with zipfile.ZipFile(source) as archive:
                for file in _named(_members(archive, OUTER), source.stem):
                    yield replace(file, time=file.time or changed)
        except zipfile.BadZipFile as error:
            raise CourseError(f"expected a folder or a zip file, got {source}: {error}") from None
    else:
        raise CourseError(f"expected a folder or a zip file, found nothing at {source}")


def _named(files: list[Source], name: str) -> Iterator[Arrival]:
    """Read the files; leave out a folder around all, if it is the archive's own or holds several students' folders."""
    parts = [PurePosixPath(path).parts for path, _ in files]
    drop = 0
    if files and len({p[0] for p in parts}) == 1 and all(len(p) > 1 for p in parts):
        top, folders = parts[0][0], {p[1] for p in parts if len(p) > 2}
        known = MOODLE.fullmatch(top) or CANVAS.fullmatch(top) or top == ".."
        drop = int(not known and (top == name or len(folders) > 1))
    for (path, read), p in zip(files, parts, strict=True):
        yield replace(read(), path="/".join(p[drop:]) if drop else path)


def _hidden(path: str) -> bool:
    return any(
        part == "__MACOSX" or (part.startswith(".") and part != "..") for part in PurePosixPath(path).parts
    )


def _files(folder: Path) -> Iterator[Source]:
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in links)
        for name in sorted(names + links):
            file = Path(place) / name
            path = file.relative_to(folder).as_posix()
            if not _hidden(path):
                yield path, partial(_file, path, file)


def _file(path: str, file: Path) -> Arrival:
    try:
        status = file.lstat()
        time = datetime.fromtimestamp(status.st_mtime, UTC)
        if not stat.S_ISREG(status.st_mode):
            return Arrival(path, time=time, problem="it is a link or a device, which is not followed")
        if status.st_size > FILE_LIMIT:
            return Arrival(path, time=time, problem=_too_large(status.st_size))
        return Arrival(path, file.read_bytes(), time)
    except OSError as error:
        return Arrival(path, problem=f"it cannot be read: {error.strerror}")


def _members(archive: zipfile.ZipFile, limits: Limits) -> list[Source]:
    """What the archive holds, by path. Raises CourseError where that is too much; sizes are those that it declares,
    beyond which zipfile reads nothing."""
    named = ((_name(info), info) for info in archive.infolist())
    members = [(name, info) for name, info in named if not (name.endswith("/") or _hidden(name))]
    total = sum(info.file_size for _, info in members if info.file_size <= FILE_LIMIT)
    if len(members) > limits.members or total > limits.total:
        raise CourseError(
            f"expected at most {limits.members} files and {limits.total >> 20} MB in {archive.filename or 'it'}, "
            f"got {len(members)} files and {total >> 20} MB"
        )
    return [(name, partial(_member, name, archive, info)) for name, info in members]


def _member(name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Arrival:
    time = _time(info)
    if stat.S_ISLNK(info.external_attr >> 16):
        return Arrival(name, time=time, problem="it is a link, which is not followed")
    if info.file_size > FILE_LIMIT:
        return Arrival(name, time=time, problem=_too_large(info.file_size))
    if info.flag_bits & 1:
        return Arrival(name, time=time, problem="it is encrypted")
    try:
        data = archive.read(info)
    except DAMAGED as error:
        return Arrival(name, time=time, problem=f"it cannot be unpacked: {error}")
    outside = ".." in PurePosixPath(name).parts or re.match(r"/|[A-Za-z]:", name)
    return Arrival(name, data, time, "its path leads out of the archive" if outside else "")


def _too_large(size: int) -> str:
    return f"expected at most {FILE_LIMIT >> 20} MB, got {size >> 20} MB"


def _name(info: zipfile.ZipInfo) -> str:
    """The member's path; archives made on macOS hold UTF-8 without saying so, some made on Windows backslashes."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf8")
    return name.replace("\\", "/")


def _time(info: zipfile.ZipInfo) -> datetime | None:
    """When the member was changed: in UTC where the archive says it, otherwise by this machine's clock."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == 0x5455 and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return datetime.fromtimestamp(struct.unpack("<i", extra[5:9])[0], UTC)
        extra = extra[4 + size :]
    try:
        return datetime(*info.date_time).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
