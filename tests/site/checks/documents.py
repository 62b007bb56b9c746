"""What must hold for the text of a page on disk. A check yields a sentence for each thing it finds wrong."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise
from urllib.parse import urlsplit

from bs4 import Comment, Tag

from book.site.assets import content_hash
from book.site.ext.explorer_assets import STATE_TYPE
from book.site.languages import languages, source_language
from book.site.project import base_url, notebook
from losslib import palette
from tests.site.built import Page
from tests.site.fonts import layout_characters

HEADINGS = re.compile("^h[1-6]$")
LETTERS = {"ru": re.compile("[а-яё]", re.IGNORECASE), "zh": re.compile("[\u3400-\u9fff]")}
LASTING = re.compile(r"\b([0-9a-f]{12})\.\w+$")
# characters that the shortest alternative text may have; a Chinese one says as much with fewer
SHORTEST = {"zh": 20, "": 60}
# a Latin word, not a file's suffix or a part of an address; an abbreviation has no three small letters in a row
FOREIGN = re.compile(r"(?<![\w@./-])[A-Za-z]*[a-z]{3}")
NOT_PROSE = {"code", "kbd", "math", "pre", "samp", "script", "style", "svg"}
DRAWN = re.compile(r"(?:fill|stroke):(?! ?none)")
INDEX = re.compile(r"var\(--loss-(\d)")
STYLE_ADDRESS = re.compile(r"url\(\s*[\"']?([^\"')]+)")
# tag and attribute of what a browser fetches to show a page, and what others fetch to announce it
RESOURCES = {"audio": "src", "img": "src", "iframe": "src", "script": "src", "source": "src", "video": "src"}
FETCHED_LINKS = {"icon", "modulepreload", "preload", "stylesheet"}


def language_is_named(page: Page) -> Iterator[str]:
    found = page.tree.html.get("lang")
    if found != page.language.html:
        yield f"expected the language {page.language.html!r}, got {found!r}"


def page_says_what_it_is(page: Page) -> Iterator[str]:
    """A title, and for pages that are shared a description and a picture."""
    if not (page.tree.title and page.tree.title.get_text(strip=True)):
        yield "no title"
    if not page.is_chapter:
        return
    for attribute, name in (
        ("name", "description"),
        ("property", "og:title"),
        ("property", "og:description"),
    ):
        if not _meta(page, attribute, name):
            yield f"no {name}"
    picture = page.target(_meta(page, "property", "og:image") or "missing")
    if picture is None or not (page.root / picture[0]).is_file():
        yield f"the preview picture {picture} does not exist"


def languages_refer_to_each_other(page: Page) -> Iterator[str]:
    """A chapter names itself in every language, and the source language for readers of none of them."""
    if not page.is_chapter:
        return
    source = source_language()

    def named(links: Iterable[Tag]) -> dict[str, str]:
        return {link["hreflang"]: (page.target(link["href"]) or ("elsewhere",))[0] for link in links}

    expected = {language.html: f"{code}/{page.name}.html" for code, language in languages().items()}
    menu = named(page.tree.select(".language-menu a"))
    if menu != expected:
        yield f"expected a menu of {expected}, got {menu}"
    # search engines take whole addresses alone
    published = expected | {"x-default": f"{source.code}/{page.name}.html"} if base_url() else {}
    found = named(page.tree.find_all("link", rel="alternate", hreflang=True))
    if found != published:
        yield f"expected the alternates {published}, got {found}"


def headings_descend(page: Page) -> Iterator[str]:
    """One heading of the first level, and below it none that skips a level."""
    if not page.code:
        return
    levels = [(int(tag.name[1]), tag.get_text(strip=True)) for tag in page.article.find_all(HEADINGS)]
    titles = [text for level, text in levels if level == 1]
    if len(titles) != 1:
        yield f"expected one heading of the first level, got {titles}"
    for (before, _), (level, text) in pairwise(levels):
        if level > before + 1:
            yield f"heading {text!r} of level {level} follows one of level {before}"


def ids_are_unique(page: Page) -> Iterator[str]:
    for name, count in Counter(page.ids).items():
        if count > 1:
            yield f"the id {name!r} stands {count} times"


def links_lead_somewhere(page: Page) -> Iterator[str]:
    """Links within the site name a file, and their fragments an id in it."""
    for link in page.tree.find_all("a", href=True):
        target = page.target(link["href"])
        if target is None:
            if not urlsplit(link["href"]).scheme:
                yield f"the link {link['href']} leaves the folder that the site is in"
            continue
        path, fragment = target
        if not (page.root / path).is_file():
            yield f"the link {link['href']} leads nowhere"
        elif fragment and path.endswith(".html") and fragment not in Page(page.root, path).ids:
            yield f"the link {link['href']} leads to a place that {path} does not have"


def resources_are_in_the_site(page: Page) -> Iterator[str]:
    """Nothing that a page needs is missing or lies on another host."""
    for address in _resources(page):
        if address.startswith("data:"):
            continue
        target = page.target(address)
        if target is None:
            yield f"the page fetches {address}, which is not in the site"
        elif not (page.root / target[0]).is_file():
            yield f"the page needs {address}, which does not exist"


def nothing_holds_up_the_text(page: Page) -> Iterator[str]:
    """A reader sees the text before any script or style sheet has come."""
    for script in page.tree.find_all("script", src=True):
        if not ({"async", "defer"} & set(script.attrs) or script.get("type") == "module"):
            yield f"the page waits for {script['src']}"
    for link in page.tree.find_all("link", rel="stylesheet"):
        yield f"the page waits for {link['href']}"


def pictures_have_sizes(page: Page) -> Iterator[str]:
    """A picture that comes late takes the place that was kept for it."""
    for picture in page.tree.find_all("img"):
        if not (picture.get("width") and picture.get("height")):
            yield f"a picture without its size: {str(picture)[:80]}"


def names_change_with_contents(page: Page) -> Iterator[str]:
    """What a page loads may be kept for ever: were it to change, it would have another name."""
    for address in _resources(page):
        path = (page.target(address) or ("",))[0]
        if address.startswith("data:") or not (page.root / path).is_file():
            continue
        name = LASTING.search(path)
        if not name or name[1] != content_hash((page.root / path).read_bytes()):
            yield f"the name of {path} does not change with what is in it"


def pictures_are_described(page: Page) -> Iterator[str]:
    """Every picture has an alternative text in the language of the page that says what it shows."""
    english = set() if page.language == source_language() else _english_texts(page)
    for picture, text in _texts(page):
        if text is None:
            yield f"a picture without alternative text: {str(picture)[:80]}"
        elif not text.strip():
            yield f"an empty alternative text: {str(picture)[:80]}"
        elif (page.code in LETTERS and not LETTERS[page.code].search(text)) or text in english:
            yield f"an alternative text in another language: {text!r}"
        elif len(text) < SHORTEST.get(page.code, SHORTEST[""]):
            yield f"an alternative text too short to say what is shown: {text!r}"


def pictures_are_told_apart(pages: Iterable[Page]) -> Iterator[str]:
    """No alternative text stands twice, on one of the pages or on two."""
    places: dict[str, list[str]] = {}
    for page in pages:
        for _, text in _texts(page):
            places.setdefault(text or "", []).append(str(page))
    for text, where in places.items():
        if text and len(where) > 1:
            yield f"{len(where)} pictures share the text {text!r}: {', '.join(where)}"


def series_are_told_apart_without_colour(page: Page) -> Iterator[str]:
    """No two entries of an explorer's legend that stand in one panel look alike but for their colour."""
    for tag in page.tree.find_all("script", type=STATE_TYPE):
        scene = json.loads(tag.string)["scene"]
        for (name, style), (other, its) in combinations(scene["names"].items(), 2):
            together = any(_holds(panel, style) and _holds(panel, its) for panel in scene["panels"])
            # the text's own colour, black or white, is as far from the others as it can be
            inked = (style["color"] is None) != (its["color"] is None)
            if together and not inked and style | {"color": None} == its | {"color": None}:
                yield f"only colour tells {other!r} from {name!r} in an explorer: {style}"


def foreign_words_are_marked(page: Page) -> Iterator[str]:
    """English words in the text of a page with another script stand in an element that says so."""
    if page.code not in LETTERS:
        return
    for text in page.tree.body.find_all(string=FOREIGN):
        parents = {parent.name for parent in text.parents}
        marked = next((parent["lang"] for parent in text.parents if parent.has_attr("lang")), "")
        if isinstance(text, Comment) or parents & NOT_PROSE or text.find_parent(class_="katex"):
            continue
        if marked == page.language.html:
            yield f"English words that are not marked: {text.strip()[:60]!r}"


def figures_were_laid_out_with_their_letters(page: Page) -> Iterator[str]:
    """A letter that no font of matplotlib's has was measured as an empty box, whatever the browser draws."""
    known = layout_characters(page.code)
    for text in page.article.select("svg text"):
        missing = "".join(sorted(set(text.get_text()) - known))
        if missing:
            yield f"no font of the figures has {missing!r}, in {text.get_text()!r}"


def losses_have_their_colours(page: Page) -> Iterator[str]:
    """A loss in a legend is drawn as `losslib.palette` says. Translations have the same figures."""
    if page.code != source_language().code:
        return
    for text in page.article.select("svg text"):
        label = text.get_text()
        if palette.names_a_loss(label) and (color := INDEX.search(_style_of_mark_before(text))):
            found, expected = int(color[1]), palette.color(label)
            if found != expected:
                yield f"expected {label!r} in the colour {expected} of losslib.palette, got {found}"


def _style_of_mark_before(text: Tag) -> str:
    """How the last line or mark before a label is drawn; a mark used again has its style where it is defined."""
    svg = text.find_parent("svg")
    for tag in text.find_all_previous(["path", "use"]):
        if svg not in tag.parents:
            break
        defined = svg.find(id=tag.get("xlink:href", "#")[1:]) if tag.name == "use" else None
        style = tag.get("style") or (defined.get("style") if defined else "") or ""
        if DRAWN.search(style):
            return style
    return ""


def tables_have_heads(page: Page) -> Iterator[str]:
    for table in page.article.find_all("table"):
        if not (table.select("thead th") or all(row.th for row in table.select("tr"))):
            yield f"a table without headings of columns or rows: {table.get_text(' ', strip=True)[:60]!r}"


def policy_is_stated(page: Page) -> Iterator[str]:
    """The policy stands before whatever it is to govern, and lets no other host in."""
    policy = page.tree.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    if policy is None:
        yield "no content security policy"
        return
    directives = [part.strip() for part in policy["content"].split(";")]
    if "//" in re.sub(r"'sha256-[^']*'", "", policy["content"]) or "default-src 'none'" not in directives:
        yield f"the policy lets other hosts in: {policy['content']}"
    for directive in directives:
        if directive.startswith(("script-src", "style-src-elem")) and "'unsafe-" in directive:
            yield f"the policy lets in what is not the site's own: {directive}"
    for tag in page.tree.find_all(lambda tag: any(name.startswith("on") for name in tag.attrs)):
        yield f"code stands in an attribute of {str(tag)[:80]}"
    if policy.find_previous(["script", "link", "style"]):
        yield "scripts or styles stand before the policy"


def notebook_can_be_downloaded(page: Page) -> Iterator[str]:
    """The notebook behind a chapter is linked, and is the one of the book."""
    if not page.is_chapter:
        return
    targets = {page.target(a["href"]) for a in page.tree.find_all("a", href=re.compile(r"\.ipynb$"))} - {None}
    files = {page.root / path for path, _ in targets}
    source = notebook(page.code, page.name).read_bytes()
    if not any(path.is_file() and path.read_bytes() == source for path in files):
        yield f"expected a link to the notebook, got {sorted(map(str, files))}"


def _meta(page: Page, attribute: str, name: str) -> str:
    tag = page.tree.find("meta", attrs={attribute: name})
    return tag.get("content", "").strip() if tag else ""


def _resources(page: Page) -> Iterator[str]:
    """The address of everything that is fetched for a page."""
    for tag in page.tree.find_all(list(RESOURCES)):
        if address := tag.get(RESOURCES[tag.name]):
            yield address
    for link in page.tree.find_all("link", href=True):
        if FETCHED_LINKS & set(link["rel"]):
            yield link["href"]
    for style in page.tree.find_all("style"):
        addresses = STYLE_ADDRESS.findall(style.string or "")
        yield from (address for address in addresses if not address.startswith("#"))


def _holds(panel: dict, style: dict) -> bool:
    return any(element == element | style for element in panel["elements"])


def _texts(page: Page) -> list[tuple[Tag, str | None]]:
    """The pictures of a page, but for ornaments, and their alternative texts."""
    found = [(tag, tag.get("aria-label", tag.get("alt"))) for tag in page.article.find_all(_is_picture)]
    return [(tag, text) for tag, text in found if not (tag.name == "img" and text == "")]


def _english_texts(page: Page) -> set[str | None]:
    """The alternative texts of the page's counterpart in English."""
    source = f"{source_language().code}/{page.name}.html"
    return {text for _, text in _texts(Page(page.root, source))} if (page.root / source).is_file() else set()


def _is_picture(tag: Tag) -> bool:
    """Images and drawings that are not part of another one, of a formula or of a control."""
    if tag.name not in ("img", "svg", "figure") or tag.find_parent("svg") or tag.get("aria-hidden") == "true":
        return False
    if tag.name == "figure":
        return tag.get("role") == "img" or "explorer-fallback" in tag.get("class", [])
    named = tag.find_parent(class_="explorer-fallback")
    return named is None and not tag.find_parent(class_="katex")


CHECKS = [
    language_is_named,
    page_says_what_it_is,
    languages_refer_to_each_other,
    headings_descend,
    ids_are_unique,
    links_lead_somewhere,
    resources_are_in_the_site,
    nothing_holds_up_the_text,
    pictures_have_sizes,
    names_change_with_contents,
    pictures_are_described,
    series_are_told_apart_without_colour,
    foreign_words_are_marked,
    figures_were_laid_out_with_their_letters,
    losses_have_their_colours,
    tables_have_heads,
    policy_is_stated,
    notebook_can_be_downloaded,
]
