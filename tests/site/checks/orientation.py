"""What tells a reader of a chapter where they are and what a word means. A check yields a sentence for each fault."""

import re
from collections import Counter
from collections.abc import Iterator

from book.site.ext.collected_tables import slug, terms
from tests.site.built import Page

HEADINGS = re.compile("^h[2-6]$")
# what a link cannot stand in, or where a definition would disturb
CLOSED = ["a", "button", "summary", "h1", "h2", "h3", "h4", "code", "thead", "strong", "label"]


def sidebar_marks_the_page(page: Page) -> Iterator[str]:
    """The page itself, and no other, is the current one, and what it stands in is open."""
    current = page.tree.select(".bd-sidebar-primary [aria-current=page]")
    if [page.target(link["href"]) for link in current] != [(page.path, "")]:
        yield f"expected the page marked once in the sidebar, got {current}"
    for link in current:
        yield from ("the family of the page is closed" for _ in link.find_parents("details", open=False))


def every_section_has_a_link_to_itself(page: Page) -> Iterator[str]:
    for heading in page.article.find_all(HEADINGS):
        link = heading.find("a", class_="headerlink")
        if link is None or link["href"].removeprefix("#") not in page.ids:
            yield f"no link to the section {heading.get_text()!r}"
        elif link["title"] != page.language.theme.get("Link to this heading", link["title"]):
            yield f"a link with a name in another language: {link['title']!r}"


def terms_have_their_meanings(page: Page) -> Iterator[str]:
    """Every term that is linked has its meaning on the page, in its language; no other stands there."""
    meanings = {meaning["id"]: meaning.get_text() for meaning in page.tree.select(".tips > p")}
    known = {f"tip-{slug(term)}": term[page.code]["meaning"] for term in terms()}
    links = page.article.select("a.tip")
    if {link["aria-describedby"] for link in links} != meanings.keys():
        yield f"expected the meanings of the terms that are linked, got {sorted(meanings)}"
    for name, text in meanings.items():
        if not text.endswith(known.get(name, "?")):
            yield f"{name} is not what the glossary says: {text!r}"
    for link in links:
        if link.find_parent(CLOSED):
            yield f"the term {link.get_text()!r} is linked within a <{link.find_parent(CLOSED).name}>"
        if page.target(link["href"])[1] != link["aria-describedby"].replace("tip-", "term-"):
            yield f"the term {link.get_text()!r} leads to {link['href']}"


def a_term_is_linked_once_in_a_section(page: Page) -> Iterator[str]:
    for section in page.article.select("article > section > section"):
        counts = Counter(link["aria-describedby"] for link in section.select("a.tip"))
        yield from (f"{name} is linked {n} times in {section['id']}" for name, n in counts.items() if n > 1)


CHECKS = [
    sidebar_marks_the_page,
    every_section_has_a_link_to_itself,
    terms_have_their_meanings,
    a_term_is_linked_once_in_a_section,
]
