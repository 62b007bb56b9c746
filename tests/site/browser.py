"""The browser of the tests: find one, install one when there is none, or say what to do.

    python -m tests.site.browser

A Chromium or Chrome on the PATH is taken first, then Playwright's own. On Debian, root gets a browser and a Chinese
font from apt; elsewhere Playwright downloads its browser.
"""

import platform
import shutil
import subprocess
import sys

from book.site.browser import ARGUMENTS, find
from tests.apt import apt_install

__all__ = ["ARGUMENTS", "draws_chinese", "find"]


def draws_chinese() -> bool:
    """Whether a font for Chinese is installed; macOS and Windows come with one."""
    if platform.system() != "Linux":
        return True
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True).stdout.strip())


def main() -> int:
    if not find() and not apt_install("chromium"):
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    if not (browser := find()):
        print(
            "The tests of the site need Chromium or Chrome, and none could be installed. Install one with your "
            "package manager so that `chromium` or `google-chrome` is on the PATH, then run the command again.",
            file=sys.stderr,
        )
        return 1
    print(f"Browser: {browser}")
    if not draws_chinese() and not apt_install("fontconfig", "fonts-noto-cjk"):
        print(
            "No font for Chinese is installed, so pictures of Chinese pages would show boxes. "
            "On Debian and Ubuntu: sudo apt install fonts-noto-cjk",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
