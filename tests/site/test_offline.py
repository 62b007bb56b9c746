"""Reading without a connection: what was read, what is kept, and that nothing stale is shown while there is one."""

import json
import re
import shutil
import time
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from book.site.languages import languages
from book.site.offline import write_offline
from book.site.project import SITE, pages
from book.site.serve import Handler
from tests.site.browsing import DESKTOP, PHONE, Visit, served

CODES = list(languages())
READ, OTHER = "regression/mae.html", "regression/huber.html"
NOTEBOOK = "regression/mae.ipynb"
STYLE = re.compile(r"book\.css\?v=[0-9a-f]+")
each_language = pytest.mark.parametrize("language", languages().values(), ids=lambda language: language.code)


def edition(folder, mark: str) -> None:
    """A site of one language, in which the mark stands in every heading and in the style sheet."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("index.html", "offline.html", "404.html", "_headers"):
        shutil.copy(SITE / name, folder)
    leave_out = shutil.ignore_patterns("_sources", "previews")
    shutil.copytree(SITE / "en", folder / "en", ignore=leave_out)
    shutil.copytree(SITE / "pagefind", folder / "pagefind")
    for page in (folder / "en").rglob("*.html"):
        text = STYLE.sub(f"book.css?v={mark * 8}", page.read_text("utf-8"))
        page.write_text(text.replace("<h1>", f"<h1>{mark} "), "utf-8")
    style = folder / "en" / "_static" / "book.css"
    style.write_text(f"{style.read_text('utf-8')} :root {{ --edition: '{mark}' }}", "utf-8")
    write_offline(folder, [languages()["en"]])


def shown_edition(reader: Visit) -> tuple[str, str]:
    """The marks of the page that is shown and of its style."""
    heading = reader.tab.locator("article h1").inner_text()
    return heading[0], reader.tab.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--edition')"
    )[1]


def settle(reader: Visit) -> None:
    """Wait until the worker has taken over and has all that the page consists of."""
    reader.tab.evaluate("navigator.serviceWorker.ready.then(() => true)")
    reader.tab.wait_for_function(
        """async () => {
          const fetched = performance.getEntriesByType("resource").map(({ name }) => name);
          const files = fetched.filter((name) => /[.](js|css|woff2|svg)/.test(name) && !name.endsWith("sw.js"));
          const found = await Promise.all([location.pathname, ...files].map((address) => caches.match(address)));
          return navigator.serviceWorker.controller && found.every(Boolean);
        }"""
    )


def offline(reader: Visit, is_off: bool = True) -> None:
    reader.tab.context.set_offline(is_off)


def panel(reader: Visit):
    """What keeps the book, brought out by keyboard."""
    box = reader.tab.locator(".keep-offline")
    if box.get_attribute("open") is None:
        box.locator("summary").focus()
        reader.tab.keyboard.press("Enter")
    return box


def keep(reader: Visit) -> None:
    box = panel(reader)
    button = box.locator("button").first
    expect(button).to_be_visible()
    button.focus()
    reader.tab.keyboard.press("Enter")
    expect(box).to_have_attribute("data-state", "done", timeout=60_000)


def cached(reader: Visit) -> list[str]:
    """Every address that this device keeps, as often as it is kept."""
    return reader.tab.evaluate(
        """async () => {
          const all = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
          return all.flat().map(({ url }) => url);
        }"""
    )


@pytest.fixture(scope="module")
def subfolder(tmp_path_factory):
    root = tmp_path_factory.mktemp("host")
    (root / "book").symlink_to(SITE)
    for name in ("index.html", "404.html"):
        (root / name).write_text("another site", "utf-8")
    with served(root) as address:
        yield f"{address}book/"


@pytest.mark.parametrize("in_folder", [False, True], ids=["top", "subfolder"])
@each_language
def test_book_can_be_installed(visit, address, subfolder, in_folder, language):
    reader = visit(subfolder if in_folder else address).open(f"{language.code}/{READ}")
    settle(reader)
    devtools = reader.tab.context.new_cdp_session(reader.tab)
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # a test's window remembers nothing, as a private one does
    assert [error["errorId"] for error in errors if error["errorId"] != "in-incognito"] == []
    found = devtools.send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"] == f"{reader.address}{language.code}/manifest.webmanifest"
    manifest = json.loads(found["data"])
    assert (manifest["lang"], manifest["name"]) == (language.html, language.title)
    assert found["parsed" if "parsed" in found else "manifest"]["scope"] == reader.address


def test_icons_are_as_large_as_the_manifest_says():
    manifest = json.loads((SITE / "en" / "manifest.webmanifest").read_text("utf-8"))
    purposes = set()
    for icon in manifest["icons"]:
        picture = Image.open(BytesIO((SITE / "en" / icon["src"]).read_bytes())).convert("RGBA")
        assert "x".join(map(str, picture.size)) == icon["sizes"]
        low, high = picture.getchannel("A").getextrema()
        assert high == 255
        assert low == (255 if icon["purpose"] == "maskable" else 0), (
            "only an icon that is cut to shape has paper"
        )
        purposes.add((icon["purpose"], picture.width))
    assert purposes >= {("any", 192), ("any", 512), ("maskable", 512)}


@each_language
def test_page_that_was_read_opens_without_a_connection(visit, language):
    reader = visit(viewport=DESKTOP).open(f"{language.code}/{READ}")
    settle(reader)
    offline(reader)
    reader.open(f"{language.code}/{READ}?from=elsewhere")
    slider = reader.tab.locator(".explorer input[type=range]").first
    before = reader.tab.locator(".explorer output").first.inner_text()
    slider.focus()
    reader.tab.keyboard.press("End")
    expect(reader.tab.locator(".explorer output").first).not_to_have_text(before)
    assert reader.messages + reader.failures == []


@each_language
def test_page_that_is_not_kept_says_which_are(visit, language):
    reader = visit(viewport=PHONE).open(f"{language.code}/{READ}")
    settle(reader)
    title = reader.tab.locator("article h1").evaluate("h1 => h1.firstChild.textContent")
    offline(reader)
    reader.tab.goto(f"{reader.address}{language.code}/{OTHER}")
    expect(reader.tab.locator("html")).to_have_attribute("lang", language.html)
    expect(reader.tab.locator("h1:visible")).to_have_text(language.words["offline_title"])
    expect(reader.tab.locator("li:visible")).to_have_text([title.strip()])
    offline(reader, False)
    reader.tab.get_by_role("link", name=language.words["offline_again"]).click()
    expect(reader.tab.locator("article h1")).to_be_visible()
    assert reader.tab.url == f"{reader.address}{language.code}/{OTHER}"


@each_language
def test_language_is_kept_whole_and_removed(visit, subfolder, language):
    reader = visit(subfolder, viewport=DESKTOP).open(f"{language.code}/index.html")
    settle(reader)
    keep(reader)
    box = panel(reader)
    expect(box.locator("[role=status]")).to_contain_text("MB" if language.code != "ru" else "МБ")
    expect(box.locator("button:visible")).to_be_focused()
    offline(reader)
    for page in (READ, OTHER):
        reader.open(f"{language.code}/{page}")
        assert reader.tab.locator(".explorer").count() > 0
    assert reader.failures == []
    reader.tab.keyboard.press("Control+k")
    reader.tab.keyboard.type("SmoothL1Loss")
    expect(reader.tab.locator("#pst-search-dialog .hits a").first).to_be_visible()
    reader.tab.keyboard.press("Enter")
    expect(reader.tab.locator("#search-results li a").first).to_be_visible()
    assert reader.messages == []
    another = next(code for code in CODES if code != language.code)
    reader.tab.goto(f"{reader.address}{another}/{READ}")
    expect(reader.tab.locator("h1:visible")).to_have_text(languages()[another].words["offline_title"])
    expect(reader.tab.locator("li:visible")).to_have_count(len(pages()))
    offline(reader, False)
    reader.open(f"{language.code}/index.html")
    box = panel(reader)
    expect(box).to_have_attribute("data-state", "done")
    box.locator("button:visible").click()
    expect(box).to_have_attribute("data-state", "offer")
    assert reader.tab.evaluate("caches.keys()") == ["/book/ read"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@each_language
def test_offer_can_be_read(visit, language, scheme):
    reader = visit(viewport=DESKTOP).open(f"{language.code}/index.html")
    reader.look(DESKTOP, scheme)
    expect(panel(reader).locator("button:visible")).to_have_text(language.words["offline_keep"])
    assert reader.measure("faintTexts") + reader.measure("cutTexts") == []


def test_half_a_book_is_completed_later(visit, monkeypatch):
    reader = visit(viewport=DESKTOP).open("en/index.html")
    settle(reader)
    answer = Handler.do_GET

    def failing(handler):
        if handler.path.endswith(OTHER):
            handler.send_error(503)
        else:
            answer(handler)

    monkeypatch.setattr(Handler, "do_GET", failing)
    box = panel(reader)
    box.locator("button").first.click()
    expect(box).to_have_attribute("data-state", "failed", timeout=60_000)
    expect(box.locator("button:visible")).to_have_count(2)
    monkeypatch.setattr(Handler, "do_GET", answer)
    there = {request for request in cached(reader) if request.endswith(".html")}
    reader.requests.clear()
    reader.open(f"en/{READ}")
    expect(reader.tab.locator(".keep-offline")).to_have_attribute("data-state", "done", timeout=60_000)
    assert f"{reader.address}en/{OTHER}" in cached(reader)
    again = there & set(reader.requests) - {f"{reader.address}en/{READ}"}
    assert not again, "what was there is not fetched again"


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


def test_old_page_keeps_its_style_until_it_is_read_anew(visit, tmp_path):
    """Then the next edition takes the old style away."""
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
        styles = {STYLE.search(url)[0] for url in cached(reader) if STYLE.search(url)}
        assert styles == {"book.css?v=cccccccc"}
        assert reader.messages + reader.failures == []


def renew(reader: Visit) -> None:
    """Have the browser look for a new worker, as it does now and then, and wait until that has taken over."""
    reader.tab.evaluate(
        """async () => {
          const changed = new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done));
          await (await navigator.serviceWorker.ready).update();
          await changed;
        }"""
    )


def test_kept_language_follows_the_site(visit, tmp_path):
    edition(tmp_path / "site", "a")
    with served(tmp_path / "site") as address:
        reader = visit(address, viewport=DESKTOP).open("en/index.html")
        settle(reader)
        keep(reader)
        edition(tmp_path / "site", "b")
        reader.requests.clear()
        reader.open("en/index.html")
        reader.tab.wait_for_function("caches.keys().then((names) => names.length === 2)")
        expect(reader.tab.locator(".keep-offline")).to_have_attribute("data-state", "done", timeout=60_000)
        version = json.loads((tmp_path / "site" / "en" / "offline.json").read_text("utf-8"))["version"]
        assert sorted(reader.tab.evaluate("caches.keys()")) == [f"/ kept /en/ {version}", "/ read"]
        fetched = [url for url in reader.requests if url.endswith((".woff2", "searchindex.js"))]
        assert len(fetched) == len(set(fetched)), "what is the same in both editions is not fetched anew"
        offline(reader)
        reader.open(f"en/{OTHER}")
        assert shown_edition(reader) == ("b", "b")


def test_slow_line_shows_what_was_read(visit, monkeypatch):
    reader = visit().open(f"en/{READ}")
    settle(reader)
    answer = Handler.do_GET

    def slow(handler):
        if handler.path.endswith(READ):
            time.sleep(8)
        answer(handler)

    monkeypatch.setattr(Handler, "do_GET", slow)
    start = time.perf_counter()
    reader.open(f"en/{READ}")
    assert 2.5 < time.perf_counter() - start < 7
    expect(reader.tab.locator("article h1")).to_be_visible()


def test_failing_server_shows_what_was_read(visit, monkeypatch):
    reader = visit().open(f"en/{READ}")
    settle(reader)
    monkeypatch.setattr(Handler, "do_GET", lambda handler: handler.send_error(503))
    reader.tab.reload()
    expect(reader.tab.locator("article h1")).to_be_visible()


def test_page_that_is_gone_is_gone(visit, tmp_path):
    edition(tmp_path / "site", "a")
    with served(tmp_path / "site") as address:
        reader = visit(address).open(f"en/{READ}")
        settle(reader)
        (tmp_path / "site" / "en" / READ).unlink()
        assert reader.tab.reload().status == 404
        reader.tab.wait_for_function("caches.match(location.href).then((kept) => !kept)")


def test_worker_leaves_alone_what_is_not_reading(visit, subfolder):
    """Requests that send something, that ask for a part, that go to other sites of the host, and downloads."""
    reader = visit(subfolder).open("en/index.html")
    settle(reader)
    page = f"{reader.address}en/{OTHER}"
    for address, options, is_seen in (
        (page, {"method": "POST"}, False),
        (page, {"headers": {"Range": "bytes=0-9"}}, False),
        (reader.address.removesuffix("book/"), {}, False),
        (page, {}, True),
    ):
        with reader.tab.expect_response(address) as response:
            reader.tab.evaluate("(given) => fetch(...given).then(() => true)", [address, options])
        assert response.value.from_service_worker == is_seen, (address, options)
    before = cached(reader)
    answer = reader.tab.goto(f"{reader.address}en/_sources/{NOTEBOOK}")
    assert answer.body() == (SITE / "en" / "_sources" / NOTEBOOK).read_bytes()
    assert cached(reader) == before


def test_full_device_reads_on(visit):
    reader = visit(viewport=DESKTOP).open("en/index.html")
    settle(reader)
    devtools = reader.tab.context.new_cdp_session(reader.tab)
    devtools.send(
        "Storage.overrideQuotaForOrigin", {"origin": reader.address.rstrip("/"), "quotaSize": 3_000_000}
    )
    box = panel(reader)
    box.locator("button").first.click()
    expect(box).to_have_attribute("data-state", "full", timeout=60_000)
    expect(box.locator("[role=status]")).to_have_text(languages()["en"].words["offline_full"])
    reader.open(f"en/{OTHER}")
    assert reader.messages + reader.failures == []
