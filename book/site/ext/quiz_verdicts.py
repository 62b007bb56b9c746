"""Say in the page's language whether the answer that a reader opened is the right one."""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform

from book.site.languages import languages

ANSWER = re.compile(r'<details class="answer (right|wrong)">\s*<summary>.*?</summary>', re.DOTALL)
MARKS = {"right": "✓", "wrong": "✗"}


class QuizVerdicts(SphinxTransform):
    """A verdict in words and with a mark, under the summary of every answer."""

    default_priority = 700

    def apply(self, **kwargs):
        words = languages()[self.env.srcdir.name].words

        def with_verdict(answer: re.Match) -> str:
            kind = answer[1]
            mark = f'<span aria-hidden="true">{MARKS[kind]}</span>'
            return f'{answer[0]}<p class="verdict">{mark} {words[kind]}</p>'

        for raw in list(self.document.findall(nodes.raw)):
            if "answer" in raw.astext():
                raw.replace_self(nodes.raw("", ANSWER.sub(with_verdict, raw.astext()), format=raw["format"]))


def setup(app):
    app.add_transform(QuizVerdicts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
