"""What a page says of itself: its languages, description, keywords and preview picture."""

from docutils import nodes
from sphinx.transforms import SphinxTransform

from book.site import previews
from book.site.ext.api_pages import CONTENTS, api_pages
from book.site.ext.notebook_cells import read_notebook
from book.site.languages import languages, source_language
from book.site.project import base_url

DESCRIPTION_LENGTH = 200


class Keywords(SphinxTransform):
    """Words that lead to a page though it does not hold them: the `keywords` of the notebook's metadata."""

    default_priority = 700

    def apply(self, **kwargs):
        notebook = read_notebook(self.env.doc2path(self.env.docname))
        keywords = notebook["metadata"].get("keywords")
        if keywords:
            # Sphinx's search indexes this; the instant search has it from book/site/ext/search_names.py
            self.document.insert(0, nodes.meta(name="keywords", content=", ".join(keywords)))


def describe(doctree: nodes.document) -> str:
    """The first paragraph under the title of a page, cut at a word."""
    top = doctree.next_node(nodes.section)
    paragraph = next((child for child in top if isinstance(child, nodes.paragraph)), None)
    text = " ".join(paragraph.astext().split()) if paragraph else ""
    if len(text) <= DESCRIPTION_LENGTH:
        return text
    return text[:DESCRIPTION_LENGTH].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def alternates(pagename: str) -> list[tuple[str, str]]:
    """Language and address of a page in every language, for search engines.

    They take whole addresses alone, so there are none before it is known where the site is published.
    """
    if not base_url():
        return []
    codes = {language.html: language.code for language in languages().values()}
    codes["x-default"] = source_language().code
    return [(name, f"{base_url()}/{code}/{pagename}.html") for name, code in codes.items()]


def add_context(app, pagename, templatename, context, doctree):
    """Give the templates the page's language, addresses and texts."""
    here = languages()[app.srcdir.name]
    up = "../" * (pagename.count("/") + 1)
    context["here"] = here
    # the reference of losslib is in one language; the others have a page that lists it
    elsewhere = CONTENTS if pagename in api_pages() else pagename
    context["language_menu"] = [
        (language, f"{up}{language.code}/{pagename if language == here else elsewhere}.html")
        for language in languages().values()
    ]
    context["summary"] = here.description
    if doctree is None:
        return
    site = f"{base_url()}/" if base_url() else up
    context["alternates"] = alternates(pagename)
    context["summary"] = describe(doctree) or here.description
    context["preview"] = f"{site}{here.code}/_static/previews/{pagename}.png"
    context["has_math"] = any(doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block)))
    title = app.env.titles[pagename].astext()
    previews.draw(app.outdir / "_static" / "previews" / f"{pagename}.png", title, here)


def setup(app):
    app.add_transform(Keywords)
    app.connect("html-page-context", add_context, priority=100)  # before the theme renders its parts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
