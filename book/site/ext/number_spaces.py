"""Numbers in prose stay on one line: 100 000, 30 %, 4 × 4. Authors type plain spaces."""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform

WITHIN = re.compile(r"(?<=\d) (?=\d{3}(?!\d)|%|×)|(?<=×) (?=\d)")
VERBATIM = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.comment)


class NumberSpaces(SphinxTransform):
    """No-break spaces between the digits of a large number, before % and beside ×."""

    default_priority = 700

    def apply(self, **kwargs):
        for text in list(self.document.findall(nodes.Text)):
            whole = WITHIN.sub("\u00a0", text)
            if whole != text and not isinstance(text.parent, VERBATIM):
                text.parent.replace(text, nodes.Text(whole))


def setup(app):
    app.add_transform(NumberSpaces)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
