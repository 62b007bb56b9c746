"""What a student's kernel may see and use: bubblewrap hides the machine, limits and a watchdog bound the rest."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from time import monotonic, sleep

import psutil

import losslib
from coursework.course import CourseError
from losslib.locales import phrase

LIBRARY = Path(losslib.__file__).resolve().parent
HOME = "/tmp"

# Read-only, where they exist. Of /etc, only what libraries look up: fonts, the linker's cache, the time zone.
_SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64",
           "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime"]  # fmt: skip
_OTHERWISE = "or grade with options=--without-sandbox, which lets the students' code do all that you may do"


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    cell_seconds: float = 30  # for a cell, and for all calls that one test makes
    total_seconds: float = 300
    memory_bytes: int = 4 * 2**30
    processes: int = 64
    file_bytes: int = 50 * 10**6
    disk_bytes: int = 200 * 10**6
    output_bytes: int = 10**6  # of one cell


class Cause(StrEnum):
    """Why a cell or a call was stopped, as the phrase of a note or a reason."""

    TIME = phrase("{cell} ran too long and was interrupted")
    STUBBORN = phrase("{cell} ran too long and ignored the interrupt, so that its kernel was killed")
    OUTPUT = phrase("{cell} wrote too much output")
    MEMORY = phrase("{cell} used too much memory")
    PROCESSES = phrase("{cell} started too many processes")
    DIED = phrase("{cell} ended its kernel")
    MACHINE = phrase("this machine had almost no memory left: grade fewer submissions at once")


@cache
def require() -> None:
    """Raise CourseError, which says what to install, unless kernels can be sandboxed on this machine."""
    missing = [name for name in ("bwrap", "prlimit", "setpriv") if not shutil.which(name)]
    if missing:
        raise CourseError(
            f"students' code runs in a sandbox, which needs Linux, but {' and '.join(missing)} can't be found: "
            f"install the packages bubblewrap (0.8 or later) and util-linux, {_OTHERWISE}"
        )
    with tempfile.TemporaryDirectory(prefix="kernel-", dir="/tmp") as folder:
        python = command([sys.executable, "-c", "import losslib"], Path(folder), Limits())
        tried = subprocess.run(python, env=environment(True), capture_output=True, text=True, timeout=60)
    if tried.returncode:
        raise CourseError(
            "bubblewrap is here but can't make a sandbox (expected version 0.8 or later, and user namespaces allowed): "
            f"{tried.stderr.strip()}; mend that, {_OTHERWISE}"
        )


def command(inner: list[str], folder: Path, limits: Limits) -> list[str]:
    """The command that runs `inner` where only Python, `losslib` and `folder` are to be seen.

    `losslib` lies in /book there, so that nothing else of the folder it comes from comes with it. The other folders
    that can be written to are in memory, and bounded.
    """
    seen = {path: path for path in (sys.base_prefix, sys.prefix)} | {"/book/losslib": str(LIBRARY)}
    become, seen = _without_root(seen, folder) if os.geteuid() == 0 else ([], seen)
    memory = ("--size", str(limits.disk_bytes), "--tmpfs")
    # Threads count as processes here, so that bound is wide: the watchdog, which counts processes alone, comes first.
    bounds = {"data": limits.memory_bytes, "nproc": 3 * limits.processes, "fsize": limits.file_bytes,
              "cpu": int(limits.total_seconds) + 1, "nofile": 1024, "core": 0}  # fmt: skip
    apart = "--unshare-all --unshare-user --disable-userns --die-with-parent --new-session"
    student = "--uid 1000 --gid 1000 --cap-drop ALL --hostname kernel"
    return [
        *become,
        *("bwrap", *shlex.split(apart), *shlex.split(student)),
        *(arg for path in _SYSTEM for arg in ("--ro-bind-try", path, path)),
        *("--proc", "/proc", "--dev", "/dev", *memory, "/dev/shm", *memory, HOME),
        # After the folders in memory: Python may lie below one of them.
        *(arg for path, source in sorted(seen.items()) for arg in ("--ro-bind", source, path)),
        *("--bind", str(folder), str(folder), "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME),
        *("prlimit", *(f"--{name}={value}" for name, value in bounds.items()), "--"),
        *inner,
    ]


def _without_root(seen: dict[str, str], folder: Path) -> tuple[list[str], dict[str, str]]:
    """How root becomes a user who owns `folder` alone, and where that user finds what only root may reach.

    The number of processes is not limited for root, not even in a namespace of its own.
    """
    user = 2**30 + os.getpid()
    for path in (folder, *folder.iterdir()):
        os.chown(path, user, user)
    found = {path: str(folder / str(n)) for n, path in enumerate(seen)}
    # In a process namespace, since a user's process isn't told that root's, which started it, was killed.
    view = "bwrap --unshare-pid --die-with-parent --cap-add CAP_SETUID --cap-add CAP_SETGID --dev-bind / /"
    return [
        *shlex.split(view),
        *(arg for path, source in seen.items() for arg in ("--ro-bind", source, found[path])),
        *("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"),
    ], found


def environment(sandboxed: bool) -> dict[str, str]:
    """The environment of a kernel: in a sandbox nothing of this process's own."""
    same = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    if not sandboxed:
        return os.environ | same | {"PYTHONPATH": str(LIBRARY.parent)}
    own = {
        "PYTHONPATH": "/book",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": HOME,
        "USER": "student",
        "LANG": "C.UTF-8",
    }
    return same | own | {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}


class Watchdog(threading.Thread):
    """Kills a kernel with all that it started when they use too much together, which no limit per process can see.

    Why it did stands in `cause`. The memory of this process is watched, too: messages of a kernel pile up in it.
    """

    PERIOD = 0.2
    BACKLOG = 2**30
    RESERVE = 2**29

    def __init__(self, root: psutil.Process, limits: Limits):
        super().__init__(daemon=True)
        self.cause: Cause | None = None
        self._root, self._limits = root, limits
        self._before = psutil.Process().memory_info().rss
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(self.PERIOD):
            self.cause = self._exceeded()
            if self.cause:
                kill(self._root)
                return

    def stop(self) -> None:
        self._done.set()
        self.join()

    def _exceeded(self) -> Cause | None:
        tree = descendants(self._root)
        if len(tree) > self._limits.processes:
            return Cause.PROCESSES
        limit = self._limits.memory_bytes
        # What processes share counts once only in the second sum, which is slow to ask for.
        if sum(map(_resident, tree)) > limit and sum(map(_proportional, tree)) > limit:
            return Cause.MEMORY
        if psutil.Process().memory_info().rss - self._before > self.BACKLOG:
            return Cause.OUTPUT
        # Some memory belongs to no process: what waits in sockets, or shared memory that nobody has mapped.
        return Cause.MACHINE if psutil.virtual_memory().available < self.RESERVE else None


def descendants(root: psutil.Process) -> list[psutil.Process]:
    """Every process below this one, parents first."""
    try:
        return root.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill(root: psutil.Process) -> None:
    """Kill a process with everything below it, and wait until all are gone."""
    # In a sandbox the first one below is the init of its process namespace: with it the system kills all at once.
    tree = [*descendants(root), root]
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    until = monotonic() + 10
    while not all(map(is_gone, tree)) and monotonic() < until:
        sleep(0.01)


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended; that its parent has not taken notice yet, as a zombie shows, does not matter."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _proportional(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
        return getattr(memory, "pss", memory.uss)
    except psutil.AccessDenied:
        return _resident(process)
    except psutil.Error:
        return 0
