"""Names, landmarks and marks that the theme leaves out, for readers who hear a page."""

import re
from html import escape

from book.site.languages import Language

# a folder of the list of chapters: its link, and after it the arrow that folds it out
FOLDER = re.compile(r'(<a class="[^"]*reference internal"[^>]*>(?P<title>[^<]*)</a><details[^>]*><summary)>')
SIDEBAR = '<div id="pst-primary-sidebar"'
# in the list of chapters the page itself
CHAPTERS = re.compile(r'<nav class="bd-links.*?</nav>', re.DOTALL)
OWN_LINK = re.compile(r'<a class="[^"]*" href="#"')
# the corner of a table whose rows and columns have names
CORNER = '<th class="head"><p></p></th>'
# What says on its face what it does needs no other name: a voice command could not use what one sees.
FACED = re.compile(
    r'(<(summary|button)\b[^>]*?)\s(?:title="[^"]*"\s*)?aria-label="[^"]*"([^>]*>)'
    r"(?=(?:(?!</\2>).)*?(?:admonition-title|search-button__default-text))",
    re.DOTALL,
)


def with_names(page: str, language: Language) -> str:
    """The page with its list of chapters as a landmark that says where one is, and every control named.

    A control that shows a text is named by it.
    """
    chapters = escape(language.words["chapters"])
    page = page.replace(SIDEBAR, f'{SIDEBAR} role="complementary" aria-label="{chapters}"', 1)
    page = CHAPTERS.sub(lambda nav: OWN_LINK.sub(r'\g<0> aria-current="page"', nav[0]), page)
    page = page.replace(CORNER, "<td></td>")
    page = FOLDER.sub(lambda folder: f'{folder[1]} aria-label="{folder["title"].strip()}">', page)
    return FACED.sub(r"\1\3", page)
