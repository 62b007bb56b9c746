"""The sandbox of the grading tests: find bubblewrap, install it where that is possible, or say what is not tested.

python -m tests.coursework.bubblewrap
"""

import shutil
import sys

from coursework import sandbox
from coursework.course import CourseError
from tests.apt import apt_install


def main() -> int:
    if not shutil.which("bwrap") and sys.platform == "linux":
        apt_install("bubblewrap")
    try:
        sandbox.require()
    except CourseError as error:
        print(f"The tests of the sandbox will be skipped: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
