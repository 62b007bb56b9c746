"""Kernels that start at once: each is a fork of one process that has imported what notebooks import.

Every notebook has a fresh process of its own; only the seconds of importing PyTorch and its like are saved. Where
forking is not safe, a kernel is a new process that imports for itself.
"""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

IMPORTED = (
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "anywidget",
    "ipywidgets",
    "scipy.ndimage",
    "scipy.optimize",
    "scipy.stats",
    "skimage.data",
    "skimage.filters",
    "skimage.measure",
    "skimage.metrics",
    "skimage.morphology",
    "sklearn.datasets",
    "sklearn.linear_model",
    "sklearn.metrics",
    "torch._dynamo",  # of which every optimizer asks
    "losslib.checks",
    "losslib.explorers",
    "losslib.nn",
    "losslib.notebook",
)
# a Mac's own libraries must not be used after a fork
context: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
if sys.platform == "linux":
    context.set_forkserver_preload(list(IMPORTED))


class KernelManager(AsyncKernelManager):
    """Starts Python kernels by forking."""

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self.provisioner = _Provisioner(kernel_spec=self.kernel_spec, parent=self)


class _Provisioner(LocalProvisioner):
    process: Any = None

    async def launch_kernel(self, cmd: list[str], **settings: Any) -> KernelConnectionInfo:
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.process = _Process(arguments, settings["cwd"])
        self.pid = self.pgid = self.process.pid
        return self.connection_info


class _Process:
    """The kernel's process with the methods of subprocess.Popen that Jupyter calls."""

    stdin = stdout = stderr = None

    def __init__(self, arguments: list[str], folder: str):
        self._process = context.Process(target=_run_kernel, args=(arguments, folder))
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _run_kernel(arguments: list[str], folder: str) -> None:
    gc.freeze()  # what was imported stays, so there is no need to look through it
    os.setsid()  # the kernel and what it starts are stopped together
    os.chdir(folder)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(argv=[f"--IPKernelApp.parent_handle={os.getppid()}", *arguments])


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.killpg(0, signal.SIGKILL)


def stop_all() -> None:
    """Kill the kernels that run; their clients see that they are dead."""
    for process in multiprocessing.active_children():
        process.kill()
