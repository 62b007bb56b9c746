"""Every check accepts the sample site and finds the fault that is put into it."""

import json
import re

import pytest

from tests.site import sample
from tests.site.browsing import DESKTOP, PHONE, Visit, served
from tests.site.built import Page
from tests.site.checks import documents, rendering
from tests.site.checks.explorers import shows_the_numbers_of_losslib
from tests.site.truth import explorers_of

PATH = f"en/{sample.CHAPTER}.html"
END = "</article>"
CUT = '<p style="overflow: hidden; white-space: nowrap; width: 3em">a text that is too long</p>'

# The check, what is replaced by what in the English page, and what the check says about it.
FAULTS = [
    (documents.language_is_named, 'lang="en"', 'lang="ru"', "expected the language 'en', got 'ru'"),
    (documents.page_says_what_it_is, "<title>MSE</title>", "<title></title>", "no title"),
    (documents.page_says_what_it_is, 'name="description"', 'name="d"', "no description"),
    (
        documents.page_says_what_it_is,
        '="og:image" content="../../',
        '="og:image" content="',
        "preview picture",
    ),
    (documents.languages_refer_to_each_other, 'hreflang="ru"', 'hreflang="de"', "expected the alternates"),
    (documents.languages_refer_to_each_other, '<a href="../../zh/', '<a href="../../en/', "expected a menu"),
    (documents.headings_descend, "<h1>MSE</h1>", "", "expected one heading of the first level, got []"),
    (documents.headings_descend, "h2", "h3", "of level 3 follows one of level 1"),
    (documents.ids_are_unique, END, '<p id="start"></p></article>', "the id 'start' stands 2 times"),
    (
        documents.links_lead_somewhere,
        '"#start"',
        '"#end"',
        "a place that en/regression/mse.html does not have",
    ),
    (documents.links_lead_somewhere, '"#start"', '"mae.html"', "mae.html leads nowhere"),
    (documents.links_lead_somewhere, '"#start"', '"/en/regression/mse.html"', "leaves the folder"),
    (documents.resources_are_in_the_site, 'src="../../', 'src="https://example.org/', "not in the site"),
    (documents.resources_are_in_the_site, 'src="../../', 'src="', "needs picture.svg, which does not exist"),
    (documents.resources_are_in_the_site, "style.css", "none.css", "none.css, which does not exist"),
    (documents.pictures_are_described, ' alt="residual d"', "", "without alternative text"),
    (
        documents.losses_have_their_colours,
        '<text x="5"',
        '<path style="stroke: var(--loss-0, #0072b2)"/><text x="5" y="9">MAE</text><text x="5"',
        "expected 'MAE' in the colour 1 of losslib.palette, got 0",
    ),
    (
        documents.pictures_are_described,
        'aria-label="residual r"',
        'aria-label=" "',
        "an empty alternative text",
    ),
    (documents.pictures_are_described, 'alt="residual d"', 'alt="residual r"', "2 pictures share the text"),
    (documents.figures_were_laid_out_with_their_letters, '"20">residual', '"20">残差', "has '差残'"),
    (documents.tables_have_heads, "thead", "tbody", "a table without a row of headings"),
    (documents.policy_is_stated, sample.POLICY, "", "no content security policy"),
    (documents.policy_is_stated, "'self';", "'self' https://example.org;", "lets other hosts in"),
    (documents.policy_is_stated, '<meta charset="utf-8">', "<script></script>", "stand before the policy"),
    (documents.notebook_can_be_downloaded, "mse.ipynb", "mae.ipynb", "expected a link to the notebook"),
    (
        rendering.no_other_host_is_asked,
        sample.POLICY,
        '<script src="http://localhost:9/"></script>',
        "localhost",
    ),
    (rendering.requests_succeed, "style.css", "none.css", "none.css: status 404"),
    (rendering.console_is_silent, END, "<script>f()</script>", "Content Security Policy"),
    (rendering.console_is_silent, sample.POLICY, "<script>f()</script>", "f is not defined"),
    (rendering.page_fits_a_phone, END, '<p style="width: 500px">wide</p>', "pixels wide in a window of 360"),
    (rendering.page_fits_a_phone, END, '<p style="width: 500px">wide</p>', "<p> reaches from"),
    (rendering.text_is_whole_on_a_phone, END, CUT, "is cut off by <p>"),
    (rendering.text_is_whole_on_a_phone, 'width="200"', 'width="20"', '"residual" is cut off by <svg>'),
    (
        rendering.text_is_whole_on_a_desktop,
        'class="copybtn"',
        'style="width: 2em"',
        "sticks out of its <button>",
    ),
    (rendering.text_stands_out_in_the_light, END, '<p style="color: #999">faint</p>', '"faint" in <p>'),
    (rendering.text_stands_out_in_the_dark, END, '<p style="color: #333">faint</p>', '"faint" in <p>'),
    (rendering.text_stands_out_in_the_light, "<text", '<text fill="#999"', '"residual" in <text>'),
    (rendering.every_character_has_a_glyph, END, "\u0378", "no glyph for \u0378 (U+378)"),
    (rendering.code_can_be_copied, ' class="copybtn"', "", 'no button copies "loss(r)'),
]


def some(kind) -> list:
    return [fault for fault in FAULTS if fault[0] in kind.CHECKS]


def break_page(root, old: str, new: str) -> None:
    page = root / PATH
    text = page.read_text("utf-8")
    assert old in text
    page.write_text(text.replace(old, new + old if old == END else new), "utf-8")


@pytest.fixture
def root(tmp_path):
    return sample.make(tmp_path)


@pytest.fixture
def opened(visit, root):
    """Opens the sample's English page as it is then."""
    with served(root) as address:

        def open_page() -> Visit:
            sight = visit(address, viewport=PHONE).open(PATH)
            sight.unfold()
            return sight

        yield open_page


def test_every_check_has_a_fault():
    assert {check for check, *_ in FAULTS} == {*documents.CHECKS, *rendering.CHECKS}


@pytest.mark.parametrize("code", sample.WORDS)
def test_documents_of_the_sample_are_accepted(root, code):
    page = Page(root, f"{code}/{sample.CHAPTER}.html")
    assert [line for check in documents.CHECKS for line in check(page)] == []


def test_sample_in_the_browser_is_accepted(opened):
    sight = opened()
    assert [line for check in rendering.CHECKS for line in check(sight)] == []


@pytest.mark.parametrize(
    ("check", "old", "new", "expected"), some(documents), ids=lambda part: getattr(part, "__name__", "")
)
def test_check_of_documents_finds_the_fault(root, check, old, new, expected):
    break_page(root, old, new)
    assert any(expected in found for found in check(Page(root, PATH)))


@pytest.mark.parametrize(
    ("check", "old", "new", "expected"), some(rendering), ids=lambda part: getattr(part, "__name__", "")
)
def test_check_in_the_browser_finds_the_fault(root, opened, check, old, new, expected):
    break_page(root, old, new)
    found = list(check(opened()))
    assert any(expected in line for line in found), found


@pytest.mark.parametrize("code", ["ru", "zh"])
def test_description_in_english_is_found_in_a_translation(root, code):
    page = root / code / f"{sample.CHAPTER}.html"
    page.write_text(page.read_text("utf-8").replace(f"{sample.WORDS[code]} r", "residual"), "utf-8")
    found = documents.pictures_are_described(Page(root, f"{code}/{sample.CHAPTER}.html"))
    assert list(found) == ["an alternative text in another language: 'residual'"]


def one_digit_off(scene: dict) -> None:
    """Every number of the first readout a thousandth larger."""
    texts = scene["readouts"][0]["texts"].split(" ")
    scene["readouts"][0]["texts"] = " ".join(
        re.sub(r"[0-8](?=\D*$)", lambda d: str(int(d[0]) + 1), t) for t in texts
    )


def another_slider(scene: dict) -> None:
    scene["controls"][0]["texts"] = scene["controls"][0]["texts"][::-1]


def other_readouts(scene: dict) -> None:
    scene["readouts"].pop()


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (one_digit_off, "expected MSE.slope ="),
        (another_slider, "a slider reads"),
        (other_readouts, "expected readouts of"),
    ],
)
def test_wrong_number_in_an_explorer_is_found(visit, tamper, expected):
    state = re.compile(
        r'(<script type="application/vnd.jupyter.widget-state\+json">)(.*?)(</script>)', re.DOTALL
    )

    def change(found: re.Match) -> str:
        models = json.loads(found[2])
        tamper(next(iter(models["state"].values()))["state"]["scene"])
        return found[1] + json.dumps(models).replace("</", "<\\/") + found[3]

    sight = visit(viewport=DESKTOP)
    sight.tab.route("**/mse.html", lambda route: route.fulfill(body=state.sub(change, route.fetch().text())))
    sight.open("en/regression/mse.html")
    explorer, made = sight.tab.locator(".explorer").first, explorers_of("regression/mse")[0]
    assert any(expected in line for line in shows_the_numbers_of_losslib(explorer, made))
