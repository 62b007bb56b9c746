"""The browser of the tests: find one, install one when there is none, or say what to do.

    python -m tests.site.browser

A Chromium or Chrome on the PATH is taken first, then Playwright's own. On Debian, root gets a browser and a Chinese
font from apt; elsewhere Playwright downloads its browser.
"""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.apt import apt_install

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# Needed where no sandbox can be made (a container's root), and to keep the browser from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """The browser to start, or None."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    if MAC.exists():
        return str(MAC)
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


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
