"""What a cell shows, as far as it can be shown to others: bounded, and of kinds that can't act in a browser."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

# Not HTML, SVG, Markdown or LaTeX: these can carry scripts into the browser of whoever reads the feedback.
_TEXT, _PICTURES = "text/plain", ("image/png", "image/jpeg")
_OVERHEAD = 100  # bytes that any output takes at least: many empty ones are too many, too


class Outputs:
    """Collects the outputs of one cell until they exceed `limit` bytes; then it is `full` and keeps what it has."""

    def __init__(self, limit: int):
        self.items: list[NotebookNode] = []
        self.full = False
        self._left = limit

    def add(self, kind: str, content: Any) -> None:
        """Take in a message of the kernel, which may be of any kind and form; what is no output is ignored."""
        try:
            if kind == "stream":
                self._stream("stderr" if content["name"] == "stderr" else "stdout", _clean(content["text"]))
            elif kind == "error":
                name, message = _clean(content["ename"]), _clean(content["evalue"])
                lines = [_clean(line) for line in content["traceback"]]
                self._keep(error(name, message, lines), name, message, *lines)
            elif kind in ("display_data", "execute_result"):
                data = _shown(content["data"])
                number = {"execution_count": None} if kind == "execute_result" else {}
                self._keep(new_output(kind, data=data, **number), *data.values())
            elif kind == "clear_output":
                self.items.clear()
        except (KeyError, TypeError):
            return

    def _stream(self, name: str, text: str) -> None:
        last = self.items[-1] if self.items else None
        room = max(self._left - _OVERHEAD, 0)
        if len(text) > room:
            text, self.full, room = text[:room], True, 0
        self._left -= len(text) + _OVERHEAD
        if last is not None and last.output_type == "stream" and last.name == name:
            last.text += text
        elif text:
            self.items.append(new_output("stream", name=name, text=text))

    def _keep(self, output: NotebookNode, *texts: str) -> None:
        self._left -= sum(map(len, texts)) + _OVERHEAD
        if self._left < 0:
            self.full = True
        else:
            self.items.append(output)


def error(name: str, message: str, traceback: list[str] | None = None) -> NotebookNode:
    """An error output; without a traceback it shows the message alone."""
    return new_output("error", ename=name, evalue=message, traceback=traceback or [message])


def _shown(data: dict) -> dict[str, str]:
    shown = {_TEXT: _clean(data[_TEXT])} if _TEXT in data else {}
    return shown | {kind: data[kind] for kind in _PICTURES if kind in data and _is_base64(data[kind])}


def _is_base64(text: Any) -> bool:
    try:
        return bool(base64.b64decode("".join(text.split()), validate=True))
    except (AttributeError, binascii.Error, ValueError):
        return False


def _clean(text: Any) -> str:
    """The text without halves of characters, which can't be written to a file. TypeError for anything else."""
    if not isinstance(text, str):
        raise TypeError(f"expected text, got {type(text).__name__}")
    return text.encode("utf8", "replace").decode("utf8")
