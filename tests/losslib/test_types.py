"""What a reader's own type checker sees of the installed library."""

import subprocess
import sys

PROGRAM = """
import numpy as np
from losslib import reference

loss = reference.huber_loss([1.0, 2.0], np.zeros(2), delta=2.0, reduction="none")
print(loss[0] + 1, float(loss.sum()))
reference.huber_loss([1.0], [0.0], delta="1")
reference.huber_loss([1.0])
"""


def test_a_checker_finds_wrong_calls_and_only_those(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    # Silent about losslib itself, as about everything that is installed where packages are.
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", "--hide-error-codes", "program.py"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert checked.stdout.splitlines() == [
        'program.py:7: error: Argument "delta" to "huber_loss" has incompatible type "str"; expected "float"',
        'program.py:8: error: Missing positional argument "target" in call to "huber_loss"',
        "Found 2 errors in 1 file (checked 1 source file)",
    ], checked.stderr
