"""A site served, a page of it opened in the browser, and what the page asked for and said while it was open."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page as Tab

from book.site.serve import server

MEASURE = (Path(__file__).parent / "checks" / "measure.js").read_text("utf-8")
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
# A language that the book does not have, for whom the page above the languages stays.
STRANGER = "de-DE"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder while it is served."""
    with server(folder) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


@dataclass
class Visit:
    """A tab that writes down requests, failures and messages from the moment it is made."""

    tab: Tab
    address: str  # of the site, which requests must stay in
    requests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("requestfailed", self._note_failure)
        self.tab.on("response", self._note_response)
        self.tab.on("console", self._note_message)
        self.tab.on("pageerror", lambda error: self.messages.append(f"error: {error}"))

    def open(self, path: str) -> "Visit":
        """Open a page of the site and wait until it stands still, its explorers included."""
        self.tab.goto(f"{self.address}{path}")
        self.wait()
        return self

    def wait(self) -> None:
        self.tab.evaluate("document.fonts.ready.then(() => true)")

    def unfold(self) -> None:
        """Open all that folds out, lay out what is out of sight, and let colours change at once."""
        still = "transition: none !important; animation: none !important"
        self.restyle(f"* {{ {still}; content-visibility: visible !important }}")
        self.tab.evaluate("for (const fold of document.querySelectorAll('article details')) fold.open = true")

    def restyle(self, css: str) -> Callable[[], None]:
        """Add rules to the page; return what takes them away again.

        The policy lets no style in that is not the site's own, except by way of a script.
        """
        adopt = """css => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(css);
          document.adoptedStyleSheets.push(sheet);
          return sheet;
        }"""
        sheet = self.tab.evaluate_handle(adopt, css)
        return lambda: sheet.evaluate("sheet => sheet.replaceSync('')")

    def look(self, viewport: dict[str, int], scheme: str = "light") -> None:
        """Look at the page in a window of that size, in a light or a dark room."""
        if self.tab.viewport_size != viewport:
            self.tab.set_viewport_size(viewport)
        self.tab.emulate_media(color_scheme=scheme)
        self.tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def until(self, expression: str, seconds: float = 30) -> None:
        """Wait until something holds in the page.

        Playwright's own way has the page evaluate a string, which the policy forbids.
        """
        end = time.monotonic() + seconds
        while not self.tab.evaluate(expression):
            assert time.monotonic() < end, f"does not hold after {seconds} s: {expression}"
            self.tab.wait_for_timeout(50)

    def measure(self, name: str) -> list[str]:
        """What one of the measures of measure.js finds."""
        return self.tab.evaluate(f"(() => {{ {MEASURE} return measures.{name}(); }})()")

    def _note_failure(self, request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a reader went on before the answer came
            self.failures.append(f"{request.url}: {request.failure}")

    def _note_response(self, response) -> None:
        if response.status >= 400:
            self.failures.append(f"{response.url}: status {response.status}")

    def _note_message(self, message) -> None:
        if message.type in ("error", "warning"):
            self.messages.append(f"{message.type}: {message.text} ({message.location['url']})")
