"""Terms of the glossary where the text uses them: a link to the entry that shows the definition on the spot.

The first use of a term in a section of a chapter becomes a link, outside headings, code, formulas, links and bold.
What a page's terms mean stands once at its end; `scripts/tips.js` shows it. Without scripts the links remain.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import pairwise

import snowballstemmer
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from book.site.ext.collected_tables import slug, terms
from book.site.ext.notebook_cells import cell_index, read_notebook
from book.site.languages import languages

GLOSSARY_PAGE = "practice/glossary"
# a place where a tip would disturb or could not be
CLOSED = (
    nodes.title,
    nodes.reference,
    addnodes.pending_xref,
    nodes.FixedTextElement,
    nodes.literal,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.thead,
    nodes.strong,
    nodes.caption,
    nodes.footnote,
    nodes.footnote_reference,
    nodes.admonition,
)
CLOSED_SECTIONS = {"quiz", "references"}  # a definition must not answer a question
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
JOINT = re.compile(r"[\s\u00a0–—-]*")
HAN = re.compile(r"[\u3400-\u9fff]")
FLEETING = re.compile(r"(?<=[а-я]{2})[ео](?=[кнц]$)")  # корень, корня


@dataclass(frozen=True)
class Found:
    start: int
    end: int
    term: str


def word_form(word: str, code: str) -> str:
    """What the forms of a word share: in Russian its stem, in English the singular. Abbreviations are what they are."""
    if word.isupper() and len(word) > 1:
        return word
    word = word.casefold().replace("ё", "е")
    if code == "ru":
        return FLEETING.sub("", snowballstemmer.stemmer("russian").stemWord(word))
    return re.sub(r"(?<=[a-z]{3}[^s])s$", "", word) if code == "en" else word


@cache
def _names(code: str) -> tuple[dict[tuple[str, ...], str], re.Pattern]:
    """The terms by the forms of their words, and for a language without spaces a pattern of all of them."""
    shown = [term for term in terms() if code not in term.get("no_tip", ())]
    called = {name: slug(term) for term in shown for name in (term[code]["name"], *term.get("also", ()))}
    forms = {
        tuple(word_form(word, code) for word in WORD.findall(name)): term for name, term in called.items()
    }
    longest = sorted(filter(HAN.search, called), key=len, reverse=True)
    pattern = "|".join(re.escape(name).replace(r"\ ", " ?") for name in longest)
    return forms, re.compile(pattern or r"(?!)")


def in_text(text: str, code: str) -> Iterator[Found]:
    """The terms that a text uses, in order, the longest where several begin."""
    forms, pattern = _names(code)
    if code == "zh":
        taken = [Found(m.start(), m.end(), _by_name(m[0])) for m in pattern.finditer(text)]
        latin = (
            found for found in _in_words(text, code, forms) if not HAN.search(text[found.start : found.end])
        )
        free = (f for f in latin if all(f.end <= t.start or t.end <= f.start for t in taken))
        yield from sorted([*taken, *free], key=lambda found: found.start)
    else:
        yield from _in_words(text, code, forms)


def _by_name(name: str) -> str:
    spaceless = name.replace(" ", "")
    return next(slug(term) for term in terms() if term["zh"]["name"].replace(" ", "") == spaceless)


def _in_words(text: str, code: str, forms: dict[tuple[str, ...], str]) -> Iterator[Found]:
    cut = re.compile(r"[A-Za-z0-9]+") if code == "zh" else WORD
    words = list(cut.finditer(text))
    own = [word_form(word[0], code) for word in words]
    longest, n = max(map(len, forms)), 0
    while n < len(words):
        for size in range(min(longest, len(words) - n), 0, -1):
            term = forms.get(tuple(own[n : n + size]))
            first, last = words[n], words[n + size - 1]
            if (
                term
                and _stands_free(text, first.start(), last.end())
                and _is_joined(text, words[n : n + size])
            ):
                yield Found(first.start(), last.end(), term)
                n += size - 1
                break
        n += 1


def _stands_free(text: str, start: int, end: int) -> bool:
    return not re.match(r"[-‑/]\w", text[end : end + 2]) and not re.search(
        r"\w[-‑/]$", text[max(0, start - 2) : start]
    )


def _is_joined(text: str, words: list[re.Match]) -> bool:
    return all(JOINT.fullmatch(text, one.end(), two.start()) for one, two in pairwise(words))


class TermTips(SphinxTransform):
    """Link the first use of each term in every section, and note for the page which terms it uses."""

    default_priority = 720  # once the sections have the ids of their cells

    def apply(self, **kwargs):
        page, code = self.env.docname, self.env.srcdir.name
        if page not in (GLOSSARY_PAGE, "index") and self.env.doc2path(page).endswith(".ipynb"):
            used = link_terms(
                self.document, page, code, introduced(page, self.env.doc2path(page), self.document)
            )
            self.env.metadata[page]["terms"] = sorted(used)


def introduced(page: str, path: str, document: nodes.document) -> dict[str, str]:
    """The terms that a page introduces, and the main section that does so; the title introduces for the whole page."""
    order = [cell["id"] for cell in read_notebook(path)["cells"]]
    starts = [(cell_index(section), section["ids"][0]) for section in main_sections(document)]
    found = {}
    for term in terms():
        where, _, cell = term["page"].partition("#")
        if where == page:
            begun = [anchor for start, anchor in starts if start <= order.index(cell)]
            found[slug(term)] = begun[-1] if begun and cell != "title" else ""
    return found


def main_sections(document: nodes.document) -> list[nodes.section]:
    top = document.next_node(nodes.section)
    return [child for child in top if isinstance(child, nodes.section)] if top else []


def link_terms(document: nodes.document, page: str, code: str, own: dict[str, str]) -> set[str]:
    """Put the links in; return the terms linked."""
    up = "../" * page.count("/")
    used: set[str] = set()
    skipped = {term for term, section in own.items() if not section}
    for section in main_sections(document):
        anchor = section["ids"][0]
        if anchor in CLOSED_SECTIONS:
            continue
        seen = skipped | {term for term, place in own.items() if place == anchor}
        for text in [node for node in section.findall(nodes.Text) if _is_open(node, section)]:
            first = [found for found in in_text(text.astext(), code) if _is_new(found.term, seen)]
            if first:
                text.parent.replace(text, list(_linked(text.astext(), first, f"{up}{GLOSSARY_PAGE}.html")))
                used |= {found.term for found in first}
    return used


def _is_new(term: str, seen: set[str]) -> bool:
    known = term in seen
    seen.add(term)
    return not known


def _is_open(node: nodes.Node, section: nodes.section) -> bool:
    while node is not section:
        node = node.parent
        if isinstance(node, CLOSED) or "cell" in node.get("classes", ()):
            return False
    return True


def _linked(text: str, found: Iterable[Found], glossary: str) -> Iterator[nodes.Node]:
    done = 0
    for part in found:
        link = f'<a class="tip" href="{glossary}#term-{part.term}" aria-describedby="tip-{part.term}">'
        yield nodes.Text(text[done : part.start])
        yield nodes.raw("", link, format="html")
        yield nodes.Text(text[part.start : part.end])
        yield nodes.raw("", "</a>", format="html")
        done = part.end
    yield nodes.Text(text[done:])


def add_meanings(app, pagename, templatename, context, doctree):
    """What the linked terms mean, after the text, for scripts and screen readers."""
    used = app.env.metadata.get(pagename, {}).get("terms", ())
    if not used:
        return
    here = languages()[app.srcdir.name]
    words = {slug(term): term[here.code] for term in terms()}
    meanings = "".join(
        f'<p id="tip-{name}"><b>{escape(words[name]["name"])}</b>: {escape(words[name]["meaning"])}</p>'
        for name in used
    )
    label = escape(here.words["tip_more"])
    context["body"] += f'<div class="tips" data-more="{label}" hidden>{meanings}</div>'


def setup(app):
    app.add_transform(TermTips)
    app.connect("html-page-context", add_meanings, priority=200)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
