"""Tables whose first column names the rows, written in Markdown under an empty head."""

from docutils import nodes
from sphinx.transforms import SphinxTransform


class RowHeads(SphinxTransform):
    """The cells of the first column as headings of their rows, in place of a head without words."""

    default_priority = 700

    def apply(self, **kwargs):
        for group in list(self.document.findall(nodes.tgroup)):
            for head in list(group.findall(nodes.thead)):
                if not head.astext().strip():
                    group.remove(head)
                    next(group.findall(nodes.colspec))["stub"] = 1


def setup(app):
    app.add_transform(RowHeads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
