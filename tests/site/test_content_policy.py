"""The site's policy lets in what the site needs, refuses all else, and nothing of the reader is told or kept."""

import pytest
from playwright.sync_api import expect

from book.site.content_policy import with_policy
from book.site.languages import languages
from book.site.project import SITE
from book.site.serve import headers_for
from tests.site.browsing import DESKTOP

CODES = list(languages())
PAGE = "regression/mae.html"
OTHER_HOST = "http://127.0.0.1:9"
# what a page is made to do, and the directive that forbids it
INTRUSIONS = {
    "script": ("add('script', { textContent: 'window.intruded = true' })", "script-src-elem"),
    "handler": (
        "add('img', { src: 'x' }).setAttribute('onerror', 'window.intruded = true')",
        "script-src-attr",
    ),
    "string": ("setTimeout('window.intruded = true')", "script-src"),
    "script-elsewhere": (f"add('script', {{ src: '{OTHER_HOST}/x.js' }})", "script-src-elem"),
    "style": ("add('style', { textContent: 'body { display: none }' })", "style-src-elem"),
    "style-elsewhere": (
        f"add('link', {{ rel: 'stylesheet', href: '{OTHER_HOST}/x.css' }})",
        "style-src-elem",
    ),
    "picture": (f"add('img', {{ src: '{OTHER_HOST}/x.png' }})", "img-src"),
    "frame": (f"add('iframe', {{ src: '{OTHER_HOST}/' }})", "frame-src"),
    "own-frame": ("add('iframe', { src: location.href })", "frame-src"),
    "object": ("add('object', { data: location.href })", "object-src"),
    "base": (f"add('base', {{ href: '{OTHER_HOST}/' }})", "base-uri"),
    "request": (f"fetch('{OTHER_HOST}/').catch(() => {{}})", "connect-src"),
    "beacon": (f"navigator.sendBeacon('{OTHER_HOST}/', 'x')", "connect-src"),
    "worker": ("new Worker(URL.createObjectURL(new Blob([''])))", "worker-src"),
    "form": (f"add('form', {{ action: '{OTHER_HOST}/' }}).submit()", "form-action"),
}


@pytest.mark.parametrize("from_disk", [False, True], ids=["served", "disk"])
@pytest.mark.parametrize(("intrusion", "directive"), INTRUSIONS.values(), ids=INTRUSIONS)
def test_what_is_foreign_is_refused(visit, address, intrusion, directive, from_disk):
    page = visit(f"{SITE.as_uri()}/" if from_disk else address).open(f"en/{PAGE}")
    refused = page.tab.evaluate(
        f"""() => new Promise((done) => {{
          const add = (tag, values) =>
            document.body.appendChild(Object.assign(document.createElement(tag), values));
          document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
          setTimeout(done, 3000, "nothing was refused");
          try {{ {intrusion}; }} catch {{}}
        }})"""
    )
    assert refused == directive
    assert not page.tab.evaluate("window.intruded")
    assert not any(url.startswith(OTHER_HOST) for url in page.requests if not page.failures)


@pytest.mark.parametrize("path", ["", "404.html", "offline.html", "sw.js", f"en/{PAGE}"])
def test_policy_is_sent_as_headers_too(visit, path):
    page = visit(locale="de")
    headers = page.tab.request.get(f"{page.address}{path}").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_headers_allow_no_foreign_code():
    policy = headers_for("/en/index.html", (SITE / "_headers").read_text("utf-8"))["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    scripts = set(directives["script-src"].split())
    assert {source for source in scripts if not source.startswith("'sha256-")} == {
        "'self'",
        "'wasm-unsafe-eval'",
    }
    assert "'unsafe-inline'" not in directives["style-src-elem"]
    assert "//" not in policy.replace("sha256-", "").split("'self'", 1)[0]
    assert len(policy) < 2000, "Cloudflare drops longer lines"


def test_only_files_with_hashes_are_kept_for_ever():
    rules = (SITE / "_headers").read_text("utf-8")
    search = sorted(path.relative_to(SITE).as_posix() for path in (SITE / "pagefind").rglob("*.pf_fragment"))
    assert "immutable" in headers_for(f"/{search[0]}", rules)["Cache-Control"]
    for path in ("en/index.html", "sw.js", "pagefind/pagefind.js", "en/offline.json"):
        assert "Cache-Control" not in headers_for(f"/{path}", rules)


def test_code_in_an_attribute_stops_the_build():
    with pytest.raises(ValueError, match="found 'steal"):
        with_policy('<meta charset="utf-8"><button onclick="steal()">')


def test_buttons_of_the_theme_act(visit):
    page = visit(viewport=DESKTOP).open(f"en/{PAGE}")
    page.tab.evaluate("window.print = () => (window.printed = true)")
    page.tab.locator(".menu-download-buttons > summary").click()
    page.tab.locator(".btn-download-pdf-button").click()
    assert page.tab.evaluate("window.printed")
    page.tab.locator(".btn-fullscreen-button").click()
    page.until("Boolean(document.fullscreenElement)")
    assert page.messages == []


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_told_and_little_is_kept(visit, code):
    """A reader uses all that there is: no other host is asked, no cookie is set."""
    page = visit(viewport=DESKTOP).open(f"{code}/{PAGE}")
    page.tab.locator(".explorer input[type=range]").first.fill("3")
    page.tab.locator(".theme-switch-button:visible").click()
    page.tab.locator("details.answer summary").first.click()
    page.tab.keyboard.press("Control+k")
    page.tab.keyboard.type("SmoothL1Loss")
    expect(page.tab.locator("#pst-search-dialog .hits a").first).to_be_visible()
    page.tab.keyboard.press("Enter")
    page.tab.wait_for_url("**/search.html?q=*")
    expect(page.tab.locator("#search-results li a").first).to_be_visible()
    another = next(other for other in CODES if other != code)
    page.open(f"{code}/{PAGE}")
    page.tab.locator(".language-menu summary").click()
    page.tab.locator(f".language-menu a[data-language={another}]").click()
    page.tab.wait_for_url(f"**/{another}/{PAGE}*")
    page.tab.locator(".keep-offline summary").click()
    page.tab.locator(".keep-offline button:visible").click()
    expect(page.tab.locator(".keep-offline")).to_have_attribute("data-state", "done", timeout=60_000)
    assert [url for url in page.requests if not url.startswith((page.address, "data:"))] == []
    assert page.tab.context.cookies() == []
    assert set(page.tab.evaluate("Object.keys(localStorage)")) <= {"language", "mode", "theme"}
    assert set(page.tab.evaluate("Object.keys(sessionStorage)")) <= {"sidebar-scroll-top"}
    assert page.tab.evaluate("indexedDB.databases()") == []
    assert page.messages == []


@pytest.mark.parametrize("code", CODES)
def test_every_page_says_what_is_kept(visit, code):
    page = visit().open(f"{code}/{PAGE}")
    expect(page.tab.locator(".privacy")).to_have_text(languages()[code].words["privacy"])
