"""The first page of the book: in the PDF as it is, in the EPUB as a picture."""

from html import escape

from book.site.downloads.edition import edition
from book.site.downloads.press import Press
from book.site.languages import Language
from book.site.project import BOOK, base_url

DOCUMENT = """<!doctype html>
<html lang="{lang}" data-theme="light">
<head>
<meta charset="utf-8" />
<title>{title}</title>
{head}<link rel="stylesheet" href="/style/paper.css" />
</head>
<body>
{body}
</body>
</html>
"""


def document(language: Language, body: str, head: str = "") -> str:
    """An HTML document for the press."""
    title = escape(language.title)
    return DOCUMENT.format(lang=language.html, title=title, head=head, body=body)


def title_page(language: Language) -> str:
    """Mark, title, subtitle, and whose and which edition it is."""
    mark = (BOOK / "site" / "static" / "logo.svg").read_text("utf-8")
    mark = mark.replace("<svg ", '<svg aria-hidden="true" ', 1)
    words = language.words
    where = f'<p><a href="{base_url()}/{language.code}/index.html">{base_url()}</a></p>' if base_url() else ""
    return (
        f'<section class="title-page">\n{mark}'
        f'<p class="book-title">{escape(language.title)}</p>\n'
        f'<p class="subtitle">{escape(language.description)}</p>\n'
        f'<div class="imprint"><p>{escape(words["authors"])}</p>\n'
        f"<p>{escape(words['edition'].format(edition=edition()))}</p>\n{where}"
        f"<p>{escape(words['rights'])}</p></div>\n</section>"
    )


def cover_picture(press: Press, language: Language) -> bytes:
    """The first page as a PNG of the size that shops of e-books ask for."""
    body = title_page(language)
    with press.tab(800, 1200, document(language, f'<div class="cover">{body}</div>')) as tab:
        return tab.screenshot(scale="css")
