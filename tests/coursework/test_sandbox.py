"""A student's kernel sees Python, losslib and a desk of its own; nothing of the machine, the course, or the others."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

import losslib
from coursework import sandbox
from coursework.course import CourseError
from coursework.execution import Executed
from coursework.kernel import Kernel, KernelError
from coursework.sandbox import Limits
from tests.coursework.hostile import RIGHT, SHORT, checked, failure, run, text

REPOSITORY = Path(losslib.__file__).parents[1]

PEEK = """
import os, pathlib
def seen(path):
    try:
        return sorted(os.listdir(path)) if os.path.isdir(path) else open(path).read()
    except OSError as error:
        return type(error).__name__
for path in {paths}:
    print(path, seen(path))
"""
WRITE = """
import glob, pathlib, tempfile
for place in {places} + glob.glob("/tmp/kernel-*"):
    try:
        pathlib.Path(place, "written").write_text("x")
    except OSError as error:
        print(type(error).__name__)
    else:
        print("WROTE", place)
pathlib.Path("mine.txt").write_text("x")
print(pathlib.Path("mine.txt").resolve(), tempfile.gettempdir())
"""
CONNECT = """
import socket
for address in [("127.0.0.1", {port}), ("192.0.2.1", 80), ("localhost", {port})]:
    try:
        socket.create_connection(address, timeout=1)
        print("CONNECTED", address)
    except OSError as error:
        print(type(error).__name__)
print([name for _, name in socket.if_nameindex()])
"""
FILL = """
def fill(place, size):
    try:
        for n in range(100):
            with open(f"{place}/{n}", "wb") as file:
                for _ in range(size): file.write(bytes(10**6))
    except OSError as error:
        return error.strerror
import os, glob
print(fill("/tmp", 100))
print(max(os.path.getsize(name) for name in glob.glob("/tmp/*")))
print(fill("/tmp", 20), fill("/dev/shm", 20))
for name in glob.glob("/tmp/*") + glob.glob("/dev/shm/*"): os.path.isfile(name) and os.remove(name)
"""
PRIVILEGES = """
import subprocess
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print(status["CapEff"], status["CapBnd"], status["NoNewPrivs"], status["Uid"].split())
print(subprocess.run(["unshare", "--user", "true"], stderr=subprocess.DEVNULL).returncode)
try:
    os.setuid(0)
except OSError as error:
    print(type(error).__name__)
"""


@pytest.fixture(scope="module")
def sights(tmp_path_factory) -> Executed:
    """What one student sees of a course, a gradebook, and a server of this machine's."""
    course = tmp_path_factory.mktemp("course")
    for name in ("gradebook.db", "submitted/anna/regression/regression.ipynb", "private/regression.py"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text("not for students")
    paths = [str(course), str(course / "gradebook.db"), str(course / "submitted/anna/regression"),
             str(REPOSITORY / "coursework"), str(REPOSITORY / "tests"), str(Path.home() / ".ssh"), "/etc/shadow",
             "/etc/passwd", "/home", "/var", "/sys", "/run", "/tmp"]  # fmt: skip
    places = [
        "/",
        "/usr",
        "/etc",
        "/book",
        "/book/losslib",
        "/dev",
        "/proc",
        "/proc/sys/kernel",
        sys.prefix,
        str(course),
    ]
    with pytest.MonkeyPatch.context() as patch, _listening() as port:
        patch.setenv("SECRET_TOKEN", "not for students")
        return run(
            PEEK.format(paths=paths),
            "print(dict(os.environ), os.uname().nodename)",
            "print([name for name in os.listdir('/proc') if name.isdigit()], os.getpid())",
            WRITE.format(places=places),
            CONNECT.format(port=port),
            FILL,
            PRIVILEGES,
            "import coursework",
            RIGHT,
            checked("right"),
        )


@contextmanager
def _listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_course_sources_gradebook_and_submissions_are_not_there(sights):
    *hidden, desk = text(sights, 0).strip().splitlines()
    assert all(line.endswith(" FileNotFoundError") for line in hidden), hidden
    assert desk == "/tmp []" or "kernel-" in desk
    assert "No module named 'coursework'" in text(sights, 7)


def test_the_environment_is_empty_but_for_what_python_needs(sights):
    shown = text(sights, 1)
    assert "not for students" not in shown
    assert str(REPOSITORY) not in shown.replace(sys.prefix, "")
    assert shown.strip().endswith(" kernel")


def test_processes_of_the_machine_are_not_seen(sights):
    ids = text(sights, 2).split("]")[0].strip("[").split(", ")
    assert len(ids) < 6
    assert str(os.getpid()) not in [name.strip("'") for name in ids] or os.getpid() < 10


def test_nothing_but_its_own_desk_can_be_written_to(sights):
    *refused, desk = text(sights, 3).strip().splitlines()
    assert "WROTE" not in text(sights, 3)
    assert len(refused) == 11
    assert desk == "/tmp/mine.txt /tmp"


def test_there_is_no_network(sights):
    assert "CONNECTED" not in text(sights, 4)
    assert text(sights, 4).strip().splitlines()[-1] == "['lo']"


def test_files_and_disk_are_bounded(sights):
    too_large, largest, full = text(sights, 5).strip().splitlines()
    assert too_large == "File too large"
    assert int(largest) <= SHORT.file_bytes
    assert full == "No space left on device No space left on device"


def test_there_is_no_way_to_more_rights(sights):
    status, unshared, became = text(sights, 6).strip().splitlines()[-3:]
    assert status.startswith("0000000000000000 0000000000000000 1 ['1000',")
    assert unshared != "0"
    assert became == "OSError"  # there is no user 0 in there


def test_an_answer_is_checked_in_there_all_the_same(sights):
    assert failure(sights, "right") == ""
    assert (sights.notes, sights.reason) == ([], "")


@pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is for Linux")
def test_python_is_put_on_top_of_the_folders_in_memory_since_it_may_lie_below_one(tmp_path):
    command = sandbox.command(["true"], tmp_path, Limits())
    inner = command[len(command) - command[::-1].index("bwrap") :]
    assert max(n for n, word in enumerate(inner) if word == "--tmpfs") < inner.index(sys.prefix)


def test_nothing_is_left_of_a_kernel_that_was_closed():
    run()
    before = set(psutil.Process().children(recursive=True))
    with Kernel(sandboxed=True, limits=SHORT) as kernel:
        tree = set(psutil.Process().children(recursive=True)) - before
        folder = kernel._folder
        assert tree
        assert not folder.exists()
    assert all(map(sandbox.is_gone, tree))


def test_nothing_is_left_of_a_kernel_when_its_grader_is_killed():
    run()
    source = "import sys, time; from coursework.kernel import *; k = Kernel(sandboxed=True, limits=Limits());"
    source += "print(*[p.pid for p in psutil.Process().children(recursive=True)], flush=True); time.sleep(60)"
    grader = subprocess.Popen(
        [sys.executable, "-c", source], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    tree = [psutil.Process(int(pid)) for pid in grader.stdout.readline().split()]
    assert tree
    grader.kill()
    grader.wait()
    until = monotonic() + 5
    while not all(map(sandbox.is_gone, tree)) and monotonic() < until:
        sleep(0.05)
    assert all(map(sandbox.is_gone, tree))


def test_a_kernel_that_can_not_start_is_a_reason_and_no_grade(monkeypatch):
    monkeypatch.setattr(sys, "executable", sys.executable + "-absent")
    monkeypatch.setattr(sandbox, "require", lambda: None)
    command = ["sh", "-c", "echo no such kernel >&2; exit 1"]
    monkeypatch.setattr(sandbox, "command", lambda *_: command)
    executed = run(RIGHT, checked("right"))
    assert executed.reason == "the kernel did not start: no such kernel"
    with pytest.raises(KernelError):
        Kernel(sandboxed=True, limits=Limits())


@pytest.fixture
def undecided():
    """`require` as on a machine where it was not called yet."""
    sandbox.require.cache_clear()
    yield
    sandbox.require.cache_clear()


@pytest.mark.usefixtures("undecided")
def test_without_bubblewrap_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None if name == "bwrap" else name)
    with pytest.raises(CourseError, match=r"bwrap can't be found: install .* options=--without-sandbox"):
        sandbox.require()


@pytest.mark.usefixtures("undecided")
def test_a_bubblewrap_that_does_not_work_is_noticed(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: name)
    monkeypatch.setattr(sandbox, "command", lambda *_: ["sh", "-c", "echo no namespaces >&2; exit 1"])
    with pytest.raises(CourseError, match=r"no namespaces; mend that, .* options=--without-sandbox"):
        sandbox.require()
