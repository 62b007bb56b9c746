"""Zip archives with the same bytes whenever they hold the same files."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from book.site.downloads.edition import edition
from book.site.downloads.links import without_links
from book.site.project import SITE, files_in

FOLDER = "loss-functions"
DOWNLOADS = SITE / "downloads"


def write_archive(
    path: Path, files: Iterable[tuple[str, bytes]], stored: frozenset[str] = frozenset()
) -> None:
    """Write the files in their order, all with the edition's time; those in `stored` are not compressed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files:
            entry = zipfile.ZipInfo(name, edition().time.timetuple()[:6])
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, on every system
            entry.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data, compresslevel=9)


def site_files() -> list[tuple[str, Path]]:
    """Every file of the site but the downloads, by its name within it."""
    kept = [file for file in files_in(SITE) if DOWNLOADS not in file.parents]
    return sorted((file.relative_to(SITE).as_posix(), file) for file in kept)


def write_site(path: Path) -> None:
    """The whole site without links to the downloads, in one folder."""
    write_archive(path, ((f"{FOLDER}/{name}", without_links(name, file)) for name, file in site_files()))
