"""When the site is made anew: readers see nothing stale, no page with the script of another edition."""

import json

from playwright.sync_api import expect

from tests.site.browsing import DESKTOP, served
from tests.site.offline import (
    OTHER,
    READ,
    SCRIPT,
    cached,
    edition,
    keep,
    offline,
    renew,
    settle,
    shown_edition,
)


def test_new_edition_is_read_at_once_and_whole(visit, tmp_path):
    edition(tmp_path / "site", "a")
    with served(tmp_path / "site") as address:
        reader = visit(address, viewport=DESKTOP).open(f"en/{READ}")
        settle(reader)
        edition(tmp_path / "site", "b")
        reader.open(f"en/{READ}")
        assert shown_edition(reader) == ("b", "b")
        settle(reader)
        offline(reader)
        reader.open(f"en/{READ}")
        assert shown_edition(reader) == ("b", "b")
        assert reader.messages + reader.failures == []


def test_old_page_keeps_its_script_until_it_is_read_anew(visit, tmp_path):
    """Then the next edition takes the old script away."""
    edition(tmp_path / "site", "a")
    with served(tmp_path / "site") as address:
        reader = visit(address, viewport=DESKTOP).open(f"en/{READ}")
        settle(reader)
        reader.open(f"en/{OTHER}")
        settle(reader)
        for mark in "bc":
            edition(tmp_path / "site", mark)
            renew(reader)
            reader.open(f"en/{READ}")
            assert shown_edition(reader) == (mark, mark)
            settle(reader)
        offline(reader)
        reader.open(f"en/{OTHER}")
        assert shown_edition(reader) == ("a", "a")
        offline(reader, False)
        reader.open(f"en/{OTHER}")
        settle(reader)
        edition(tmp_path / "site", "d")
        renew(reader)
        scripts = {SCRIPT.search(url)[0] for url in cached(reader) if SCRIPT.search(url)}
        assert scripts == {"page-cccccccccccc.js"}
        assert reader.messages + reader.failures == []


def test_kept_language_follows_the_site(visit, tmp_path):
    edition(tmp_path / "site", "a")
    with served(tmp_path / "site") as address:
        reader = visit(address, viewport=DESKTOP).open("en/index.html")
        settle(reader)
        keep(reader)
        edition(tmp_path / "site", "b")
        reader.requests.clear()
        reader.open("en/index.html")
        reader.until("caches.keys().then((names) => names.length === 2)")
        expect(reader.tab.locator(".keep-offline")).to_have_attribute("data-state", "done", timeout=60_000)
        version = json.loads((tmp_path / "site" / "en" / "offline.json").read_text("utf-8"))["version"]
        assert sorted(reader.tab.evaluate("caches.keys()")) == [f"/ kept /en/ {version}", "/ read"]
        fetched = [url for url in reader.requests if url.endswith(".woff2") or "searchindex" in url]
        assert len(fetched) == len(set(fetched)), "what is the same in both editions is not fetched anew"
        offline(reader)
        reader.open(f"en/{OTHER}")
        assert shown_edition(reader) == ("b", "b")


def test_page_that_is_gone_is_gone(visit, tmp_path):
    edition(tmp_path / "site", "a")
    with served(tmp_path / "site") as address:
        reader = visit(address).open(f"en/{READ}")
        settle(reader)
        (tmp_path / "site" / "en" / READ).unlink()
        assert reader.tab.reload().status == 404
        reader.until("caches.match(location.href).then((kept) => !kept)")
