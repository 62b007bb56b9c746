"""What a page sends to its reader, compressed as a web host does it, and the most that it may."""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tests.site.browsing import Visit

KINDS = {".js": "scripts", ".woff2": "fonts", ".html": "text", "": "text"}  # the rest is pictures
HEADERS = 300  # bytes of an answer before its content
KB = 1000
BUDGET = {"all": 200 * KB, "scripts": 20 * KB, "fonts": 50 * KB}


def page_is_light(visit: Visit) -> Iterator[str]:
    """All that a page asks for, even for what is out of sight."""
    found = weights(visit)
    parts = ", ".join(f"{kind} {size / KB:.1f}" for kind, size in found.items())
    for kind, budget in BUDGET.items():
        if found[kind] > budget:
            yield f"expected at most {budget / KB:.0f} KB of {kind}, got {parts}"


def weights(visit: Visit) -> Counter[str]:
    """Bytes by kind, and all of them."""
    found: Counter[str] = Counter()
    for address in {url for url in visit.requests if url.startswith(visit.address)}:
        suffix = PurePosixPath(urlsplit(address).path).suffix
        with urlopen(Request(address, headers={"Accept-Encoding": "gzip"})) as answer:
            size = HEADERS + len(answer.read())
        found[KINDS.get(suffix, "pictures")] += size
        found["all"] += size
    return found
