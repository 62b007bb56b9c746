"""Set formulas with KaTeX at build time; a formula with an error is a warning.

The page arrives with HTML and MathML: no script has to run before a reader sees a formula.
"""

import json
import re
import shutil
import subprocess
from functools import cache

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.locale import _
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from book.site.node import PACKAGES, node
from book.site.project import BUILD

KATEX = PACKAGES / "katex" / "dist"
STATIC = BUILD / "static"
SHORT = 40  # characters of LaTeX that fit on a line of any screen
# the LaTeX once more, which no reader sees, the pair that it came in, and what the browser knows of every <math>
NEEDLESS = re.compile(r'<annotation.*?</annotation>|</?semantics>|(?<=<math) xmlns="[^"]*"', re.DOTALL)
CLOSING = re.compile(r"[.,:;!?)\]”»。，、：；！？）]+")
logger = logging.getLogger(__name__)


# One formula per line comes in, one answer per line goes out.
SERVER = """
const katex = require(process.argv[1]);
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  let answer;
  try { answer = { html: katex.renderToString(...JSON.parse(line)) }; }
  catch (error) { answer = { error: error.message }; }
  console.log(JSON.stringify(answer));
});
"""


class FormulaError(ValueError):
    """KaTeX cannot set a formula; the message is KaTeX's own."""


@cache
def _server() -> subprocess.Popen:
    """A Node.js process that lasts as long as this one."""
    command = [node(), "-e", SERVER, str(KATEX / "katex.min.js")]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")


@cache
def katex(latex: str, display: bool) -> str:
    """The HTML and MathML of a formula; raises FormulaError where KaTeX finds an error."""
    options = {"displayMode": display, "throwOnError": True, "strict": "ignore"}
    server = _server()
    print(json.dumps([latex, options]), file=server.stdin, flush=True)
    assert server.stdout  # a pipe
    answer = json.loads(server.stdout.readline())
    if "error" in answer:
        raise FormulaError(answer["error"])
    return NEEDLESS.sub("", answer["html"])


def _set_formula(node, display: bool) -> str:
    latex = node.astext()
    try:
        return katex(latex, display)
    except FormulaError as error:
        reason = str(error).splitlines()[0]
        logger.warning("KaTeX cannot set %r: %s", latex, reason, location=node)
        return f"<code>{latex}</code>"


def _visit_inline(writer, node):
    kind = "math long" if len(node.astext()) > SHORT else "math"
    writer.body.append(f'<span class="{kind}">{_set_formula(node, display=False)}</span>')
    raise nodes.SkipNode


def _visit_display(writer, node):
    writer.body.append(writer.starttag(node, "div", CLASS="math"))
    if node["number"]:
        writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})')
        writer.add_permalink_ref(node, _("Link to this equation"))
        writer.body.append("</span>")
    writer.body.append(f"{_set_formula(node, display=True)}</div>")
    raise nodes.SkipNode


class KeepMarks(SphinxPostTransform):
    """Keep a short formula and the mark after it on one line: browsers would break the line between them."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs):
        for formula in list(self.document.findall(nodes.math)):
            after = formula.next_node(descend=False, siblings=True)
            if len(formula.astext()) > SHORT or not isinstance(after, nodes.Text):
                continue
            mark = CLOSING.match(after)
            if mark:
                # By its place: texts that read alike are equal, and an earlier one would be found instead.
                parent, place = formula.parent, formula.parent.index(formula)
                together = nodes.inline(classes=["unbroken"])
                parent[place] = together
                parent[place + 1] = nodes.Text(after[mark.end() :])
                together += [formula, nodes.Text(mark[0])]


def copy_style() -> None:
    """KaTeX's style sheet and its woff2 fonts, the one format that every browser in use reads."""
    if not KATEX.is_dir():
        raise ExtensionError(f"expected KaTeX in {KATEX}, found nothing: run `make book`")
    target = STATIC / "katex"
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    for font in KATEX.glob("fonts/*.woff2"):
        shutil.copy2(font, target / "fonts")
    style = (KATEX / "katex.min.css").read_text("utf-8")
    style = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("(?:woff|truetype)"\)', "", style)
    (target / "katex.min.css").write_text(style, "utf-8")


def _configure(app, config):
    copy_style()
    config.html_static_path = [*config.html_static_path, str(STATIC)]
    config.html_css_files = ["katex/katex.min.css", *config.html_css_files]
    config.html_math_renderer = "katex"


def setup(app):
    app.add_html_math_renderer("katex", (_visit_inline, None), (_visit_display, None))
    app.add_post_transform(KeepMarks)
    app.connect("config-inited", _configure, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
