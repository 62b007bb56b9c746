"""A kernel that runs a student's code, and a client that trusts nothing it says and waits for nothing for ever."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, NoReturn

import psutil
import zmq
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from coursework import sandbox
from coursework.outputs import Outputs
from coursework.report import Note
from coursework.sandbox import Cause, Limits
from losslib.locales import phrase

START_SECONDS = 90
GRACE_SECONDS = 5  # for an interrupted cell to end
SETTLE_SECONDS = 2  # for the last output to come after the reply
_MESSAGE_BYTES = 2 * 10**7  # a larger one closes the connection, and the kernel is given up
_QUEUED = 10  # messages per channel; the kernel keeps the others


class KernelError(Exception):
    """There is no kernel, through no fault of the student's; `reason` says why."""

    def __init__(self, reason: Note):
        super().__init__(reason)
        self.reason = reason


class Stopped(Exception):
    """A request was stopped. With `lost`, the kernel is gone with all its values."""

    def __init__(self, cause: Cause, lost: bool):
        super().__init__(cause)
        self.cause, self.lost = cause, lost


class Message(NamedTuple):
    """A message of the kernel: on which channel, of which kind, in answer to which request."""

    channel: str
    kind: str
    parent: str
    content: dict


class Kernel:
    """A running kernel; close it, or use it in a `with` statement. Raises KernelError if it does not start."""

    def __init__(self, *, sandboxed: bool, limits: Limits):
        self.limits = limits
        # A socket's path has less than 108 characters, so the folder lies in /tmp, whatever TMPDIR says.
        self._folder = Path(tempfile.mkdtemp(prefix="kernel-", dir="/tmp" if sandboxed else None))
        self._context = zmq.Context()
        for option, value in ((zmq.MAXMSGSIZE, _MESSAGE_BYTES), (zmq.RCVHWM, _QUEUED), (zmq.LINGER, 0)):
            self._context.setsockopt(option, value)
        self._client = BlockingKernelClient(context=self._context)
        self._poller = zmq.Poller()
        self._process = self._start(sandboxed)
        self._root = psutil.Process(self._process.pid)
        self._watchdog = sandbox.Watchdog(self._root, limits)
        try:
            # Before any code of the student's runs: all that replies need is loaded, and the folder of the sockets,
            # the last of the host that the kernel could write to, is taken away.
            self._connect()
            self.evaluate("__import__('losslib.checks.wire')", monotonic() + START_SECONDS)
        except BaseException as error:
            said = (self._folder / "errors.txt").read_text(errors="replace").strip()[-1000:]
            self.close()
            if isinstance(error, Stopped):
                why = phrase("the kernel did not start: {error}")
                raise KernelError(Note(why, error=said or error.cause.name.lower())) from None
            raise
        if sandboxed:
            shutil.rmtree(self._folder)
        self._watchdog.start()

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the kernel and everything that it started."""
        if self._watchdog.is_alive():
            self._watchdog.stop()
        sandbox.kill(self._root)
        self._process.wait()
        self._context.destroy(linger=0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, code: str, until: float, outputs: Outputs | None) -> None:
        """Run a cell until the time `until` at most, and collect its outputs if they are wanted. Raises Stopped."""
        self._request(until, outputs, code=code)

    def evaluate(self, expression: str, until: float) -> Any:
        """What the kernel says of an expression, which may be anything; what it prints is dropped. Raises Stopped."""
        content = self._request(until, None, code="", silent=True, user_expressions={"value": expression})
        said = content.get("user_expressions")
        return said.get("value") if isinstance(said, dict) else None

    def _start(self, sandboxed: bool) -> subprocess.Popen:
        file = str(self._folder / "connection.json")
        where: dict[str, Any] = {"transport": "ipc", "ip": str(self._folder / "k")} if sandboxed else {}
        write_connection_file(file, key=uuid.uuid4().bytes.hex().encode(), **where)
        self._client.load_connection_file(file)
        inner = [sys.executable, "-m", "ipykernel_launcher", "-f", file, "--HistoryManager.enabled=False"]
        with (self._folder / "errors.txt").open("wb") as errors:
            return subprocess.Popen(
                sandbox.command(inner, self._folder, self.limits) if sandboxed else inner,
                env=sandbox.environment(sandboxed),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def _connect(self) -> None:
        """Wait until every channel answers."""
        self._channels = {"shell": self._client.shell_channel, "iopub": self._client.iopub_channel,
                          "control": self._client.control_channel}  # fmt: skip
        for channel in self._channels.values():
            self._poller.register(channel.socket, zmq.POLLIN)
            self._poller.register(channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED), zmq.POLLIN)
        until, silent = monotonic() + START_SECONDS, set(self._channels)
        while silent:
            self._send("shell", "kernel_info_request")
            self._send("control", "kernel_info_request")
            while silent and (message := self._receive(monotonic() + 0.5)):
                silent.discard(message.channel)
            if monotonic() > until:
                raise Stopped(Cause.TIME, lost=True)

    def _request(self, until: float, outputs: Outputs | None, **request: Any) -> dict:
        """Have something executed, and return the reply once all outputs have come."""
        sent = self._client.execute(allow_stdin=False, stop_on_error=False, **request)
        stopped: Cause | None = None
        reply: dict | None = None
        idle = False
        while reply is None or not idle:
            late, full = monotonic() >= until, outputs is not None and outputs.full
            if reply is None and stopped is None and (late or full):
                stopped = Cause.OUTPUT if full else Cause.TIME
                self._send("control", "interrupt_request")
                until = monotonic() + GRACE_SECONDS
            elif late and reply is None:
                raise Stopped(Cause.STUBBORN if stopped is Cause.TIME else Cause.OUTPUT, lost=True)
            elif late:
                break  # the kernel drops outputs that come too fast, and that may have been the last one
            message = self._receive(until)
            if message is None or message.parent != sent:
                continue
            if message.channel == "shell" and reply is None:
                reply, until = message.content, monotonic() + SETTLE_SECONDS
            elif message.kind == "status":
                idle = message.content.get("execution_state") == "idle"
            elif outputs is not None:
                outputs.add(message.kind, message.content)
        if stopped:
            raise Stopped(stopped, lost=False)
        assert reply is not None
        return reply

    def _send(self, channel: str, kind: str) -> str:
        message = self._client.session.msg(kind, {})
        self._channels[channel].send(message)
        return message["header"]["msg_id"]

    def _receive(self, until: float) -> Message | None:
        """The next message, or None if none came. Raises Stopped when the kernel is gone, or sends what is none."""
        while (left := until - monotonic()) > 0:
            ready = dict(self._poller.poll(int(1000 * min(left, 0.2))))
            for name, channel in self._channels.items():
                if channel.socket in ready:
                    return self._read(name)
            if ready or self._process.poll() is not None:
                self._raise_end()
        return None

    def _raise_end(self) -> NoReturn:
        """A connection was closed: the kernel has ended, or has sent a message that was too large."""
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            raise Stopped(Cause.OUTPUT, lost=True) from None
        cause = self._watchdog.cause or Cause.DIED
        if cause is Cause.MACHINE:
            raise KernelError(Note(cause))
        raise Stopped(cause, lost=True)

    def _read(self, name: str) -> Message:
        try:
            message = self._channels[name].get_msg(timeout=0)
            kind, parent, content = message["msg_type"], message["parent_header"], message["content"]
            return Message(name, str(kind), parent.get("msg_id", ""), dict(content))
        except Exception as error:  # it may be deep, unsigned, in pieces, or of the wrong kind in any place
            raise Stopped(Cause.DIED, lost=True) from error
