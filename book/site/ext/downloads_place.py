"""Leave a place for the downloads on the first page of the book; `book/site/downloads/links.py` fills it."""

from docutils import nodes
from sphinx.transforms import SphinxTransform

from book.site.downloads.links import EMPTY
from book.site.project import pages


class DownloadsPlace(SphinxTransform):
    """An empty list after the first paragraph under the title."""

    default_priority = 701  # once the section's other content stands

    def apply(self, **kwargs):
        if self.env.docname != pages()[0]:
            return
        paragraph = next(self.document.next_node(nodes.section).findall(nodes.paragraph))
        paragraph.parent.insert(paragraph.parent.index(paragraph) + 1, nodes.raw("", EMPTY, format="html"))


def setup(app):
    app.add_transform(DownloadsPlace)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
