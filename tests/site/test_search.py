"""Search as readers use it: real queries in each language, by keyboard, on the web and from a file."""

import gzip
import json
import re
import tomllib
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from book.site.languages import languages, source_language
from book.site.project import SITE, notebook, pages
from losslib import functional, nn
from tests.site.browsing import DESKTOP, PHONE

TABLE = tomllib.loads((Path(__file__).parent / "queries.toml").read_text("utf-8"))
AMONG = {"first": 1, "among": 3}
# in the dialog, each of them in a browser of its own
TYPED = [
    ("en", "absolute errors", "regression/mae"),
    ("en", "L1 loss", "regression/mae"),
    ("en", "SmoothL1Loss", "regression/huber"),
    ("en", "cros entropy", "classification/cross-entropy"),
    ("en", "imbalanced classes", "classification/focal"),
    ("ru", "медианы", "regression/mae"),
    ("ru", "перекрёстной энтропией", "classification/cross-entropy"),
    ("ru", "nn.BCEWithLogitsLoss", "classification/binary-cross-entropy"),
    ("ru", "ьыу", "regression/mse"),
    ("zh", "L1损失", "regression/mae"),
    ("zh", "交叉商", "classification/cross-entropy"),
    ("zh", "TripletMarginLoss", "ranking/triplet"),
]
# in the text alone: no name says so
IN_TEXT = [
    ("en", "tumours", "classification/nll"),
    ("ru", "диабетом", "regression/mse"),
    ("zh", "患者", "regression/mse"),
]
HOSTILE = [
    '"',
    '"cross entropy',
    "<img src=x onerror=alert(1)>",
    "a.*(b|",
    "\\",
    "%",
    "🙂",
    "loss " * 200,
    "‮abc",
]
each_typed = pytest.mark.parametrize(
    ("code", "query", "expected"), TYPED, ids=[f"{code}-{query}" for code, query, _ in TYPED]
)
HITS = "#pst-search-dialog .hits a"


def open_search(visit, code: str, address: str | None = None, **options):
    reader = visit(address, **options) if address else visit(**options)
    reader.open(f"{code}/index.html")
    reader.tab.keyboard.press("Control+k")
    return reader


def names_found(visit, code: str, queries: list[str]) -> dict[str, list[str]]:
    """What each query leads to by name, in the form in which the dialog would ask for it."""
    reader = open_search(visit, code, viewport=DESKTOP)
    reader.tab.evaluate(
        "async () => { while (!window.nameSearch) await new Promise((r) => setTimeout(r, 50)) }"
    )
    found = reader.tab.evaluate(
        "(queries) => queries.map((q) => nameSearch.find(nameSearch.meant(q) ?? q).map(({ url }) => url))",
        queries,
    )
    return dict(zip(queries, found, strict=True))


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize("kind", AMONG)
def test_query_leads_to_its_page(visit, code, kind):
    wanted = [(query, page) for page, queries in TABLE[code][kind].items() for query in queries]
    found = names_found(visit, code, [query for query, _ in wanted])
    missed = [
        f"{query!r}: expected {page}, got {found[query][:3]}"
        for query, page in wanted
        if f"{page}.html" not in {url.partition("#")[0] for url in found[query][: AMONG[kind]]}
    ]
    assert not missed, "\n" + "\n".join(missed)


def treated() -> dict[str, str]:
    """Where the notebooks treat each loss: {"quantile_loss": "regression/mae.html#many-kinks"}."""
    found = {}
    for page in pages():
        for cell in json.loads(notebook(source_language().code, page).read_text("utf-8"))["cells"]:
            for name in cell["metadata"].get("losses", ()):
                assert name not in found, f"{name} is treated in {found[name]} and in {page}#{cell['id']}"
                found[name] = f"{page}.html" + (f"#{cell['id']}" if cell["id"] != "title" else "")
    return found


def test_every_loss_of_losslib_is_treated_in_one_place():
    modules = {
        name for name, kind in vars(nn).items() if isinstance(kind, type) and issubclass(kind, nn.Loss)
    }
    assert {*functional.__all__, *modules - {"Loss"}} <= treated().keys()


def test_every_loss_of_pytorch_that_the_book_names_is_treated_in_one_place():
    import torch

    text = "\n".join(notebook(source_language().code, page).read_text("utf-8") for page in pages())
    named = {name for name in re.findall(r"\b[A-Z]\w+Loss\b", text) if hasattr(torch.nn, name)}
    named |= set(
        re.findall(r"torch\.nn\.functional\.(\w*(?:loss|entropy|entropy_with_logits|kl_div))\b", text)
    )
    assert len(named) > 20
    assert named <= treated().keys()


@pytest.mark.parametrize("code", languages())
def test_every_loss_is_found_first_by_its_names_in_code(visit, code):
    wanted = {}
    for name, place in treated().items():
        prefixes = ("nn.", "torch.nn.", "losslib.nn.") if name[0].isupper() else ("F.", "losslib.functional.")
        wanted |= {f"{prefix}{name}": place for prefix in ("", *prefixes)}
    found = names_found(visit, code, list(wanted))
    missed = [
        f"{query}: expected {place}, got {found[query][:2]}"
        for query, place in wanted.items()
        if found[query][:1] != [place]
    ]
    assert not missed, "\n" + "\n".join(missed)


@pytest.mark.parametrize("code", languages())
def test_reference_follows_the_chapter(visit, code):
    found = names_found(visit, code, functional.__all__)
    assert [
        name for name, urls in found.items() if not any("api/" in u and u.endswith(f"#{name}") for u in urls)
    ] == []


@each_typed
def test_dialog_shows_first_what_is_asked_for(visit, code, query, expected):
    reader = open_search(visit, code, viewport=DESKTOP)
    reader.tab.keyboard.type(query)
    expect(reader.tab.locator(HITS).first).to_have_attribute("href", re.compile(expected))
    assert reader.messages + reader.failures == []


@pytest.mark.parametrize(("code", "query", "expected"), IN_TEXT, ids=[code for code, *_ in IN_TEXT])
def test_dialog_finds_words_of_the_text(visit, code, query, expected):
    reader = open_search(visit, code, viewport=DESKTOP)
    reader.tab.keyboard.type(query)
    expect(reader.tab.locator(f"{HITS}[href*='{expected}']").first).to_be_visible()


def test_mended_query_is_said_and_can_be_taken_literally(visit):
    words = languages()["en"].words
    reader = open_search(visit, "en", viewport=DESKTOP)
    reader.tab.keyboard.type("hubber")
    status = reader.tab.locator("#pst-search-dialog .status")
    expect(status).to_contain_text(words["search_meant"].replace("{query}", "huber"))
    instead = reader.tab.get_by_role("button", name=words["search_instead"].replace("{query}", "hubber"))
    instead.click()
    expect(status).not_to_contain_text("huber”")
    expect(instead).to_be_hidden()
    expect(reader.tab.locator("#pst-search-dialog input")).to_be_focused()


def test_word_of_the_text_is_not_mended(visit):
    reader = open_search(visit, "en", viewport=DESKTOP)
    reader.tab.keyboard.type("tumours")
    expect(reader.tab.locator(HITS).first).to_be_visible()
    expect(reader.tab.locator("#pst-search-dialog .instead")).to_be_hidden()


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_no_query_breaks_the_dialog(visit, query):
    reader = open_search(visit, "en", viewport=DESKTOP)
    reader.tab.locator("#pst-search-dialog input").fill(query)
    expect(reader.tab.locator("#pst-search-dialog .status")).not_to_be_empty()
    expect(reader.tab.locator("#pst-search-dialog .status")).not_to_have_text(
        languages()["en"].words["search_offline"]
    )
    assert reader.tab.locator("#pst-search-dialog :is(img, script)").count() == 0
    assert reader.messages + reader.failures == []


def test_words_in_composition_are_not_searched_for(visit):
    reader = open_search(visit, "zh", viewport=DESKTOP)
    keyboard = reader.tab.context.new_cdp_session(reader.tab)
    keyboard.send("Input.imeSetComposition", {"text": "jiaocha", "selectionStart": 7, "selectionEnd": 7})
    expect(reader.tab.locator("#pst-search-dialog input")).to_have_value("jiaocha")
    reader.tab.wait_for_timeout(600)
    assert reader.tab.locator("#pst-search-dialog .status").text_content() == ""
    keyboard.send("Input.insertText", {"text": "交叉熵"})
    expect(reader.tab.locator(HITS).first).to_have_attribute(
        "href", re.compile("classification/cross-entropy")
    )


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_long_results_leave_the_query_in_sight(visit, viewport):
    reader = open_search(visit, "en", viewport=viewport)
    reader.tab.keyboard.type("outliers")
    hits = reader.tab.locator(HITS)
    expect(hits.nth(5)).to_be_attached()
    expect(reader.tab.locator("#pst-search-dialog input")).to_be_in_viewport(ratio=1)
    hits.last.focus()
    expect(hits.last).to_be_in_viewport(ratio=0.5)


def test_keys_lead_from_the_query_to_the_page(visit):
    reader = visit(viewport=DESKTOP).open("en/index.html")
    reader.tab.locator(".search-button__button:visible, .search-button:visible").first.click()
    reader.tab.keyboard.type("outliers")
    first = reader.tab.locator(HITS).first
    expect(first).to_be_visible()
    reader.tab.keyboard.press("ArrowDown")
    expect(first).to_be_focused()
    reader.tab.keyboard.press("ArrowUp")
    expect(reader.tab.locator("#pst-search-dialog input")).to_be_focused()
    reader.tab.keyboard.press("ArrowDown")
    address = first.get_attribute("href")
    reader.tab.keyboard.press("Enter")
    reader.tab.wait_for_url(f"**{address.removeprefix(reader.address)}")


def test_escape_closes_and_nothing_is_remembered(visit):
    reader = open_search(visit, "en", viewport=DESKTOP)
    reader.tab.keyboard.type("outliers")
    expect(reader.tab.locator(HITS).first).to_be_visible()
    reader.tab.keyboard.press("Escape")
    expect(reader.tab.locator("#pst-search-dialog")).to_be_hidden()
    assert "outliers" not in reader.tab.evaluate(
        "JSON.stringify([{ ...localStorage }, { ...sessionStorage }])"
    )


def test_nothing_found_is_said(visit):
    reader = open_search(visit, "ru", viewport=DESKTOP)
    reader.tab.keyboard.type("щщщъъъ")
    expect(reader.tab.locator("#pst-search-dialog .status")).to_have_text("Ничего не найдено")


@pytest.mark.parametrize("code", languages())
def test_what_the_search_loads_is_small(code):
    page = (SITE / code / "index.html").read_text("utf-8")
    (names,) = re.findall(r"assets/names-\w+\.js", page)
    assert (SITE / names).stat().st_size < 100_000


@pytest.mark.parametrize(("code", "most"), [("en", 70), ("ru", 100), ("zh", 170)])
def test_index_of_the_search_page_is_small(code, most):
    """It is loaded whole, so it holds what queries ask for, once."""
    text = (SITE / code / "searchindex.js").read_text("utf-8")
    assert len(gzip.compress(text.encode())) < 1000 * most
    terms = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))["terms"]
    assert "huber" in terms
    assert [word for word, pages in terms.items() if pages == [] or re.fullmatch(r"\d{5,}", word)] == []


@each_typed
def test_search_page_shows_names_first(visit, code, query, expected):
    reader = visit(viewport=DESKTOP)
    reader.tab.goto(f"{reader.address}{code}/search.html?q={quote(query)}")
    expect(reader.tab.locator(".hits a").first).to_have_attribute("href", re.compile(expected))


@pytest.mark.parametrize(
    ("code", "query"),
    [
        ("en", "outlier"),
        ("ru", "энтропией"),
        ("ru", "функциями потерь"),
        ("ru", "выбросами"),
        ("zh", "中位数"),
        ("zh", "存在"),  # with a particle in it
        ("zh", "损失函数的梯度"),
    ],
)
def test_search_page_knows_inflected_words(visit, code, query):
    reader = visit(viewport=DESKTOP)
    reader.tab.goto(f"{reader.address}{code}/search.html?q={quote(query)}")
    expect(reader.tab.locator("#search-results li a").nth(2)).to_be_visible()


@pytest.mark.parametrize("code", languages())
def test_search_page_says_the_truth_about_names(visit, code):
    reader = visit(viewport=PHONE)
    reader.tab.goto(f"{reader.address}{code}/search.html")
    hint = reader.tab.locator(".search-hint")
    expect(hint).to_have_text(languages()[code].words["search_hint"])
    named = re.findall("[“«](.+?)[”»]", hint.inner_text())
    assert len(named) == 3
    firsts = {found[0] for found in names_found(visit, code, named).values()}
    assert firsts == {"classification/binary-cross-entropy.html"}


@pytest.mark.parametrize(("code", "query", "expected"), TYPED[3::4])
def test_search_works_from_a_file(visit, code, query, expected):
    reader = open_search(visit, code, f"{SITE.as_uri()}/", viewport=DESKTOP)
    reader.tab.keyboard.type(query)
    expect(reader.tab.locator(HITS).first).to_have_attribute("href", re.compile(expected))
    reader.tab.keyboard.press("Enter")
    reader.tab.wait_for_url("**/search.html?q=*")
    expect(reader.tab.locator(".hits a").first).to_have_attribute("href", re.compile(expected))


def test_search_from_a_file_says_what_it_lacks(visit):
    reader = open_search(visit, "en", f"{SITE.as_uri()}/", viewport=DESKTOP)
    reader.tab.keyboard.type("tumours")
    expect(reader.tab.locator("#pst-search-dialog .status")).to_have_text(
        languages()["en"].words["search_offline"]
    )
