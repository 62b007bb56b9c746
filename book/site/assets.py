"""What pages load, once for the whole site, under names that change with what is in the files.

A file of `assets` never changes: `assets/page-1f2e3d4c5b6a.js` may be kept for ever, by a browser and by whatever
stands between. What is the same in every language is there once.
"""

import hashlib
import os
import re
from pathlib import Path

# addresses of files of `_static` in pages and their styles; pictures that announce a page elsewhere keep their names
LINKED = re.compile(
    r'(?<=["(])((?:\.\./)*(?:_static/(?!previews/)|searchindex\.js)[^"?#)]*)(?:\?v=[^"]*)?(?=[")])'
)
MARK = re.compile(r"(^|-)[0-9a-f]{12}$")  # at the end of a name, of what was in the file before


def content_hash(content: bytes) -> str:
    """What the name of a file carries."""
    return hashlib.sha256(content).hexdigest()[:12]


class Assets:
    """The folder `assets` of a site, and what was put there."""

    def __init__(self, site: Path):
        self.folder = site / "assets"
        self._names: dict[Path, str] = {}

    def linked(self, page: str, path: Path) -> str:
        """The text of the page at `path` with the addresses that its files have here."""
        up = os.path.relpath(self.folder, path.parent)

        def here(address: re.Match) -> str:
            file = path.parent / address[1]
            return f"{up}/{self.put(file)}" if file.is_file() else address[0]

        return LINKED.sub(here, page)

    def put(self, file: Path) -> str:
        """Put a file here; return its name."""
        file = file.resolve()
        if file not in self._names:
            content = file.read_bytes()
            name = f"{MARK.sub('', file.stem)}-{content_hash(content)}".removeprefix("-") + file.suffix
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)
            self._names[file] = name
        return self._names[file]
