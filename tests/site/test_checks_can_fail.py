"""Every check accepts the sample site and finds the fault that is put into it."""

import json
import random
import re

import pytest

from book.site.ext.explorer_assets import STATE_TYPE
from tests.site import sample
from tests.site.browsing import DESKTOP, PHONE, Visit, served
from tests.site.built import Page
from tests.site.checks import accessibility, documents, orientation, rendering
from tests.site.checks.explorers import shows_the_numbers_of_losslib
from tests.site.truth import explorers_of

PATH = f"en/{sample.CHAPTER}.html"
END = "</article>"
NOISE = random.Random(0).randbytes(200_000).hex()  # cannot be compressed below the bytes that it stands for
CUT = '<p style="overflow: hidden; white-space: nowrap; width: 3em">a text that is too long</p>'

DRAWING, PICTURE = sample.SHOWN["en"]
LINE = {"kind": "curve", "dash": 0}
NAMES = {"a": LINE | {"color": 0}, "b": LINE | {"color": 1}}
SCENE = {"names": NAMES, "panels": [{"elements": list(NAMES.values())}]}
LEGEND = f'<script type="{STATE_TYPE}">{json.dumps({"scene": SCENE})}</script>'

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
    (documents.languages_refer_to_each_other, 'hreflang="ru"', 'hreflang="de"', "expected a menu"),
    (
        documents.languages_refer_to_each_other,
        "</title>",
        '</title><link rel="alternate" hreflang="ru" href="../../ru/">',
        "expected the alternates {}",
    ),
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
    (documents.resources_are_in_the_site, 'src="../../', 'src="', f"needs {sample.PICTURE}, which does not"),
    (documents.resources_are_in_the_site, 'url("../../', 'url("', f"needs {sample.PICTURE}, which does not"),
    (documents.nothing_holds_up_the_text, END, '<script src="a.js"></script>', "the page waits for a.js"),
    (
        documents.nothing_holds_up_the_text,
        END,
        '<link rel="stylesheet" href="a.css">',
        "the page waits for a.css",
    ),
    (documents.pictures_have_sizes, ' width="8"', "", "a picture without its size"),
    (documents.names_change_with_contents, sample.PICTURE, "404.html", "404.html does not change"),
    (documents.pictures_are_described, f' alt="{PICTURE}"', "", "without alternative text"),
    (
        documents.losses_have_their_colours,
        '<text x="5"',
        '<path style="stroke: var(--loss-0, #0072b2)"/><text x="5" y="9">MAE</text><text x="5"',
        "expected 'MAE' in the colour 1 of losslib.palette, got 0",
    ),
    (documents.pictures_are_described, f'"{DRAWING}"', '" "', "an empty alternative text"),
    (documents.pictures_are_described, DRAWING, "a figure", "too short to say what is shown: 'a figure'"),
    (documents.series_are_told_apart_without_colour, END, LEGEND, "only colour tells 'b' from 'a'"),
    (documents.figures_were_laid_out_with_their_letters, '"20">residual', '"20">残差', "has '差残'"),
    (documents.tables_have_heads, "<th", "<td", "a table without headings"),
    (documents.policy_is_stated, sample.POLICY, "", "no content security policy"),
    (documents.policy_is_stated, "'self';", "'self' https://example.org;", "lets other hosts in"),
    (documents.policy_is_stated, "'none';", "*;", "lets other hosts in"),
    (
        documents.policy_is_stated,
        "script-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        "not the site's own",
    ),
    (documents.policy_is_stated, "<article>", '<article onclick="f()">', "code stands in an attribute"),
    (documents.policy_is_stated, '<meta charset="utf-8">', "<script></script>", "stand before the policy"),
    (documents.notebook_can_be_downloaded, "mse.ipynb", "mae.ipynb", "expected a link to the notebook"),
    (
        rendering.no_other_host_is_asked,
        sample.POLICY,
        '<script src="http://localhost:9/"></script>',
        "localhost",
    ),
    (rendering.requests_succeed, 'src="../../', 'src="', f"{sample.PICTURE}: status 404"),
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
    (
        accessibility.axe_finds_nothing_on_a_phone_in_the_light,
        f' alt="{PICTURE}"',
        "",
        "image-alt: img: Element does not have an alt attribute",
    ),
    (
        accessibility.axe_finds_nothing_on_a_phone_in_the_light,
        END,
        '<p style="overflow: auto; white-space: nowrap; width: 3em">a text that is too long</p>',
        "scrollable-region-focusable",
    ),
    (
        accessibility.axe_finds_nothing_on_a_desktop_in_the_dark,
        "<nav>",
        '<nav><span style="color: #333">faint</span>',
        "color-contrast",
    ),
    (
        accessibility.enlarged_page_is_read_without_scrolling_sideways,
        END,
        '<p style="width: 340px">wide</p>',
        "pixels wide in a window of 320",
    ),
    (
        accessibility.keys_lead_through_the_page_in_sight,
        END,
        '<button style="outline: none">faint</button>',
        "nothing marks the focus on <button> faint",
    ),
    (
        accessibility.keys_lead_through_the_page_in_sight,
        END,
        '<button style="position: fixed; left: -9em">away</button>',
        "the focus is out of sight, on <button> away",
    ),
    (rendering.code_can_be_copied, ' class="copybtn"', "", 'no button copies "loss(r)'),
    (rendering.page_is_light, END, f"<!-- {NOISE} -->", "at most 200 KB of all, got"),
]


def some(checks) -> list:
    return [fault for fault in FAULTS if fault[0] in checks]


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
    checks = {*documents.CHECKS, *rendering.CHECKS, *accessibility.CHECKS, *accessibility.SOME}
    assert {check for check, *_ in FAULTS} == checks - {documents.foreign_words_are_marked}


@pytest.mark.parametrize("code", sample.WORDS)
def test_documents_of_the_sample_are_accepted(root, code):
    page = Page(root, f"{code}/{sample.CHAPTER}.html")
    assert [line for check in documents.CHECKS for line in check(page)] == []


def test_sample_in_the_browser_is_accepted(opened):
    sight = opened()
    assert [line for check in rendering.CHECKS + accessibility.CHECKS for line in check(sight)] == []


@pytest.mark.parametrize(
    ("check", "old", "new", "expected"),
    some(documents.CHECKS),
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_check_of_documents_finds_the_fault(root, check, old, new, expected):
    break_page(root, old, new)
    assert any(expected in found for found in check(Page(root, PATH)))


@pytest.mark.parametrize(
    ("check", "old", "new", "expected"),
    some(rendering.CHECKS + accessibility.CHECKS + accessibility.SOME),
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_check_in_the_browser_finds_the_fault(root, opened, check, old, new, expected):
    break_page(root, old, new)
    found = list(check(opened()))
    assert any(expected in line for line in found), found


@pytest.mark.parametrize("code", ["ru", "zh"])
@pytest.mark.parametrize("text", ["residual", f"{DRAWING} Ж 差"])
def test_description_in_english_is_found_in_a_translation(root, code, text):
    own, english = root / code / f"{sample.CHAPTER}.html", root / PATH
    own.write_text(own.read_text("utf-8").replace(sample.SHOWN[code][0], text), "utf-8")
    english.write_text(english.read_text("utf-8").replace(DRAWING, text), "utf-8")
    found = documents.pictures_are_described(Page(root, f"{code}/{sample.CHAPTER}.html"))
    assert list(found) == [f"an alternative text in another language: {text!r}"]


def test_repeated_description_is_found_on_one_page_and_on_two(root):
    page, other = Page(root, PATH), Page(root, "en/other.html")
    (root / other.path).write_text((root / PATH).read_text("utf-8").replace(PICTURE, DRAWING), "utf-8")
    (found,) = documents.pictures_are_told_apart([page, other])
    assert found == f"3 pictures share the text {DRAWING!r}: {page}, {other}, {other}"


@pytest.mark.parametrize("code", ["ru", "zh"])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('<span lang="en">focal loss</span>', []),
        ("focal loss", ["English words that are not marked: 'focal loss'"]),
    ],
)
def test_english_word_without_a_mark_is_found_in_a_translation(root, code, words, expected):
    page = root / code / f"{sample.CHAPTER}.html"
    page.write_text(page.read_text("utf-8").replace(END, f"<p>{words}</p>{END}"), "utf-8")
    assert list(documents.foreign_words_are_marked(Page(root, f"{code}/{sample.CHAPTER}.html"))) == expected


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
    kept = re.compile(rf'(<script type="{re.escape(STATE_TYPE)}">)(.*?)(</script>)', re.DOTALL)

    def change(found: re.Match) -> str:
        state = json.loads(found[2])
        tamper(state["scene"])
        return found[1] + json.dumps(state).replace("</", "<\\/") + found[3]

    sight = visit(viewport=DESKTOP)
    sight.tab.route(
        "**/mse.html", lambda route: route.fulfill(body=kept.sub(change, route.fetch().text(), count=1))
    )
    sight.open("en/regression/mse.html")
    explorer, made = sight.tab.locator(".explorer").first, explorers_of("regression/mse")[0]
    assert any(expected in line for line in shows_the_numbers_of_losslib(explorer, made))


# A chapter that tells where it is and what its words mean, and how that can go wrong.
TERM = '<a class="tip" href="../practice/glossary.html#term-residual" aria-describedby="tip-residual">residual</a>'
ORIENTED = f"""<nav class="bd-sidebar-primary"><details open><a href="#" aria-current="page">MSE</a></details></nav>
<article><section><h1>MSE</h1><section id="formula">
<h2>Definition<a class="headerlink" href="#formula" title="Link to this heading">#</a></h2><p>The {TERM}.</p>
</section></section></article>
<div class="tips" hidden><p id="tip-residual"><b>residual</b>: Prediction minus target.</p></div>
"""
ORIENTATION_FAULTS = [
    (orientation.sidebar_marks_the_page, ' aria-current="page"', "", "expected the page marked once"),
    (
        orientation.sidebar_marks_the_page,
        'href="#" aria',
        'href="mae.html" aria',
        "expected the page marked once",
    ),
    (orientation.sidebar_marks_the_page, "<details open>", "<details>", "the family of the page is closed"),
    (
        orientation.every_section_has_a_link_to_itself,
        'href="#formula"',
        'href="#end"',
        "no link to the section",
    ),
    (orientation.every_section_has_a_link_to_itself, 'class="headerlink"', "", "no link to the section"),
    (orientation.terms_have_their_meanings, "Prediction minus target.", "", "is not what the glossary says"),
    (
        orientation.terms_have_their_meanings,
        'id="tip-residual"',
        'id="tip-risk"',
        "expected the meanings of the terms",
    ),
    (
        orientation.terms_have_their_meanings,
        "#term-residual",
        "#term-risk",
        "leads to ../practice/glossary.html",
    ),
    (orientation.terms_have_their_meanings, TERM, f"<strong>{TERM}</strong>", "is linked within a <strong>"),
    (orientation.a_term_is_linked_once_in_a_section, TERM, f"{TERM} {TERM}", "linked 2 times in formula"),
]


def test_every_check_of_orientation_has_a_fault():
    assert {check for check, *_ in ORIENTATION_FAULTS} == set(orientation.CHECKS)


@pytest.mark.parametrize(
    ("check", "old", "new", "expected"), ORIENTATION_FAULTS, ids=lambda part: getattr(part, "__name__", "")
)
def test_check_of_orientation_finds_the_fault(tmp_path, check, old, new, expected):
    path = tmp_path / PATH
    path.parent.mkdir(parents=True)
    (tmp_path / "faulty" / PATH).parent.mkdir(parents=True)
    path.write_text(ORIENTED, "utf-8")
    assert [line for each in orientation.CHECKS for line in each(Page(tmp_path, PATH))] == []
    assert old in ORIENTED
    (tmp_path / "faulty" / PATH).write_text(ORIENTED.replace(old, new), "utf-8")
    found = list(check(Page(tmp_path / "faulty", PATH)))
    assert any(expected in line for line in found), found
