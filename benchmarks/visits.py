"""One visit to a page in a browser that has nothing of it yet: what was sent, what was painted, when it reacted."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

PROBE = Path(__file__).with_name("probe.js")
VIEWPORT = {"width": 412, "height": 823}
KINDS = {"Document": "html", "Stylesheet": "css", "Script": "js", "Font": "font", "Image": "image"}
PRESSES = 10
TIMEOUT = 120_000
# The browser may reach this machine alone, so a request for another host fails at once.
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@dataclass(frozen=True)
class Line:
    """A connection and a processor."""

    name: str
    latency: float = 0  # ms
    down: float = -1  # bit/s; -1 does not limit
    slowdown: float = 1


LINES = (Line("plain line"), Line("slow 4G, 4x slower CPU", latency=150, down=1.6e6, slowdown=4))


@dataclass(frozen=True)
class Site:
    """A served site: the address it begins with, and the folder in it of what comes from other hosts, if any."""

    address: str
    cdn: str = ""

    def is_elsewhere(self, address: str) -> bool:
        """Whether another host has to answer, or the folder that stands for it."""
        in_cdn = bool(self.cdn) and address.startswith(self.address + self.cdn)
        return in_cdn or not address.startswith(self.address)


class Traffic:
    """What a page asks for and gets, by what Chromium says of it."""

    def __init__(self, session):
        self.addresses, self.kinds, self.sizes, self.failed = {}, {}, {}, set()
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.responseReceived", self._answered)
        session.on("Network.loadingFinished", self._finished)
        session.on("Network.loadingFailed", self._failed)
        session.send("Network.enable")

    def _asked(self, event):
        if event["request"]["url"].startswith("http"):
            self.addresses[event["requestId"]] = event["request"]["url"]
            self.kinds[event["requestId"]] = KINDS.get(event.get("type"), "other")

    def _answered(self, event):
        # the page for wrong addresses is itself an answer with status 404
        if event["response"]["status"] >= 400 and event["type"] != "Document":
            self.failed.add(event["response"]["url"])

    def _finished(self, event):
        self.sizes[event["requestId"]] = event["encodedDataLength"]

    def _failed(self, event):
        if event["requestId"] in self.addresses and not event.get("canceled"):
            self.failed.add(self.addresses[event["requestId"]])

    def measures(self, site: Site) -> dict[str, float]:
        """Kilobytes by kind, and requests."""
        sent = Counter()
        for key, kind in self.kinds.items():
            sent[kind] += self.sizes.get(key, 0) / 1000
        kinds = {kind: sent[kind] for kind in (*KINDS.values(), "other")}
        elsewhere = sum(map(site.is_elsewhere, self.addresses.values()))
        counts = {"requests": len(self.addresses), "elsewhere": elsewhere, "failed": len(self.failed)}
        return {"transferred": sent.total()} | kinds | counts


def layout_shift(shifts: list[tuple[float, float]]) -> float:
    """Cumulative layout shift: the worst run of (time, shift) with gaps below 1 s and a length below 5 s."""
    worst = total = 0.0
    first = last = float("-inf")
    for time, shift in shifts:
        if time - last >= 1000 or time - first >= 5000:
            first, total = time, 0.0
        last, total = time, total + shift
        worst = max(worst, total)
    return worst


def blocking_time(tasks: list[tuple[float, float]], since: float) -> float:
    """Total blocking time: what tasks (start, duration) that end after `since` take beyond 50 ms each."""
    return sum(max(duration - 50, 0) for start, duration in tasks if start + duration > since)


def read(browser: Browser, site: Site, path: str, line: Line, explorers: int):
    """Open a page and touch nothing: (measures, what could not be had from other hosts)."""
    with browser.new_context(viewport=VIEWPORT) as context:
        page, traffic = _open(context.new_page(), line)
        page.goto(site.address + path, wait_until="load", timeout=TIMEOUT)
        _wait(page, f"notes.explorers.length >= {explorers}")
        page.wait_for_load_state("networkidle", timeout=TIMEOUT)
        page.wait_for_timeout(500)  # for what is painted late
        notes = page.evaluate("notes")
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    measures = {
        "first paint": paint,
        "largest paint": notes["largest"],
        "layout shift": layout_shift(notes["shifts"]),
        "blocking time": blocking_time(notes["tasks"], paint),
    }
    if explorers:
        measures["explorers ready"] = max(notes["explorers"])
    return traffic.measures(site) | measures, set(filter(site.is_elsewhere, traffic.failed))


def use(browser: Browser, site: Site, path: str, line: Line) -> dict[str, float]:
    """Open a page, press a key in its first explorer as soon as it is there, and again once all is quiet.

    `explorer reacts` counts from the visit's beginning until the change is on the screen, which waits for all that the
    page has yet to do; `slider redraws` from the beginning of the frame that shows the change.
    """
    with browser.new_context(viewport=VIEWPORT) as context:
        page, _ = _open(context.new_page(), line)
        page.goto(site.address + path, wait_until="commit", timeout=TIMEOUT)
        _wait(page, "showsValues()")
        there, back = page.evaluate("watchSlider(0)")
        *_, first = _press(page, there, 1)
        page.wait_for_load_state("networkidle", timeout=TIMEOUT)
        return {"explorer reacts": first, "slider redraws": _redraw(page, (back, there), 1)}


def redraws(browser: Browser, site: Site, path: str) -> list[float]:
    """How long each explorer of a page takes to show the next position of its first slider, without limits."""
    with browser.new_context(viewport=VIEWPORT) as context:
        page, _ = _open(context.new_page(), LINES[0])
        page.goto(site.address + path, wait_until="networkidle", timeout=TIMEOUT)
        found = []
        for number in range(page.evaluate("notes.explorers.length")):
            page.evaluate(
                f"notes.reactions.length = 0; document.querySelectorAll('.explorer')[{number}].scrollIntoView()"
            )
            found.append(_redraw(page, page.evaluate(f"watchSlider({number})"), 0))
    return found


def _redraw(page: Page, keys: tuple[str, str], count: int) -> float:
    """The median time from the beginning of a frame until it shows the slider moved there and back."""
    times = []
    for i in range(PRESSES):
        _, frame, end = _press(page, keys[i % 2], count + i + 1)
        times.append(end - frame)
    return median(times)


def _open(page: Page, line: Line) -> tuple[Page, Traffic]:
    page.add_init_script(path=PROBE)
    session = page.context.new_cdp_session(page)
    traffic = Traffic(session)
    down = line.down / 8 if line.down > 0 else -1
    limits = {"offline": False, "latency": line.latency, "downloadThroughput": down, "uploadThroughput": down}
    session.send("Network.emulateNetworkConditions", limits)
    session.send("Emulation.setCPUThrottlingRate", {"rate": line.slowdown})
    return page, traffic


def _press(page: Page, key: str, count: int) -> tuple[float, float, float]:
    """Press a key and wait until the reader has seen what it changes: when was each, and when its frame began."""
    page.keyboard.press(key)
    _wait(page, f"notes.reactions.length >= {count}")
    return page.evaluate("notes.reactions.at(-1)")


def _wait(page: Page, condition: str) -> None:
    page.evaluate(f"until(() => {condition})")
