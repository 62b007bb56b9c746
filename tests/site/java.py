"""Java, which epubcheck is written in: install one where there is none, or say what to do.

python -m tests.site.java
"""

import shutil
import sys

from tests.apt import apt_install


def main() -> int:
    if shutil.which("java") or apt_install("default-jre-headless"):
        return 0
    print(
        "The tests of the EPUB need Java, and none could be installed. Install one with your package manager so "
        "that `java` is on the PATH, then run the command again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
