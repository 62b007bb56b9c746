"""Reading without a connection: what was read, what is kept, and that nothing stale is shown while there is one."""

import json
import time
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from book.site.languages import languages
from book.site.project import SITE, pages
from book.site.serve import Handler
from tests.site.browsing import DESKTOP, PHONE, served
from tests.site.offline import OTHER, READ, cached, keep, offline, panel, settle

CODES = list(languages())
NOTEBOOK = "regression/mae.ipynb"
each_language = pytest.mark.parametrize("language", languages().values(), ids=lambda language: language.code)


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
    # a font for what had not been in sight is done without
    assert [said for said in reader.messages + reader.failures if ".woff2" not in said] == []


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
    reader.until(f"caches.match({page!r}).then(Boolean)")  # that answer is kept once it was given
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
