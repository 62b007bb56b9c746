"""Serve the built site on this machine as a web host would: compressed, with its headers, with its 404 page.

python -m book.site.serve [--port 8000]
"""

import argparse
import contextlib
import gzip
import mimetypes
from fnmatch import fnmatch
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from book.site.project import SITE

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("application/wasm", ".wasm")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("application/x-ipynb+json", ".ipynb")
COMPRESSED = (
    "text/",
    "application/json",
    "application/manifest+json",
    "application/xml",
    "application/wasm",
    "application/x-",
    "image/svg",
)


@lru_cache(maxsize=512)
def _compressed(path: Path, modified: float) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)


def headers_for(address: str, rules: str) -> dict[str, str]:
    """What a file of rules, as `content_policy.write_headers` writes it, says to send with an address."""
    headers: dict[str, str] = {}
    applies = False
    for line in rules.splitlines():
        name, _, value = line.strip().partition(": ")
        if not line.startswith(" "):
            applies = fnmatch(address, line)
        elif applies:
            headers[name] = value
    return headers


class Handler(SimpleHTTPRequestHandler):
    """Files of a folder, compressed for clients that ask for it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format, *arguments):
        """Say nothing about each request."""

    def handle(self):
        # a reader may go on before all of it was asked for or sent
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        address = self.path.partition("?")[0]
        if path.is_dir() and not address.endswith("/"):
            self._redirect(f"{address}/")
            return
        path = path / "index.html" if path.is_dir() else path
        found = path.is_file()
        self._answer(200 if found else 404, path if found else Path(self.directory, "404.html"))

    do_HEAD = do_GET

    def _redirect(self, address: str) -> None:
        self.send_response(301)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, path: Path) -> None:
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        squeeze = kind.startswith(COMPRESSED) and "gzip" in self.headers.get("Accept-Encoding", "")
        body = _compressed(path, path.stat().st_mtime) if squeeze else path.read_bytes()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        if squeeze:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        if (rules := Path(self.directory, "_headers")).is_file():
            for name, value in headers_for(self.path.partition("?")[0], rules.read_text("utf-8")).items():
                self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def server(folder: Path = SITE, port: int = 0) -> ThreadingHTTPServer:
    """A server of a folder on the loopback address; port 0 takes a free one."""
    if not (folder / "index.html").is_file():
        raise FileNotFoundError(f"expected a built site in {folder}, found none: run `make book`")
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(folder)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8000)
    serving = server(port=parser.parse_args().port)
    print(f"http://127.0.0.1:{serving.server_port}/ (Ctrl+C stops)", flush=True)
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
