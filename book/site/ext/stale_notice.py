"""Tell the reader of a translation which of its sections have changed in English since."""

from docutils import nodes
from sphinx.transforms import SphinxTransform

from book.site.ext.notebook_cells import cell_index, read_notebook
from book.site.languages import languages, source_language
from book.site.project import notebook
from book.translations import stale


class StaleNotice(SphinxTransform):
    """A notice under the title that names and links the sections with stale cells."""

    default_priority = 701  # once the sections have the ids of their cells

    def apply(self, **kwargs):
        code, page = self.env.srcdir.name, self.env.docname
        if code == source_language().code:
            return
        self.env.note_dependency(str(notebook(source_language().code, page)))
        outdated = stale(code, page)
        if outdated:
            title = self.document.next_node(nodes.title)
            title.parent.insert(1, self._notice(outdated, languages()[code].words))

    def _notice(self, outdated: list[str], words: dict[str, str]) -> nodes.admonition:
        before, after = words["stale_text"].split("{sections}")
        text = nodes.paragraph("", before)
        for number, section in enumerate(self._sections_with(outdated)):
            title = section.next_node(nodes.title).astext()
            text += [nodes.Text(", " if number else ""), nodes.reference("", title, refid=section["ids"][0])]
        text += nodes.Text(after)
        return nodes.admonition("", nodes.title("", words["stale_title"]), text, classes=["stale", "warning"])

    def _sections_with(self, outdated: list[str]) -> list[nodes.section]:
        """The sections that the cells open, or else stand in."""
        order = [cell["id"] for cell in read_notebook(self.env.doc2path(self.env.docname))["cells"]]
        opened: dict[int, nodes.section] = {}
        for section in self.document.findall(nodes.section):
            opened.setdefault(cell_index(section), section)
        found = {max(i for i in opened if i <= order.index(cell)) for cell in outdated}
        return [opened[index] for index in sorted(found)]


def setup(app):
    app.add_transform(StaleNotice)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
