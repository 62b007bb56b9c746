"""Citations that join authors' names in the language of the page: Koenker and Bassett, Koenker и Bassett."""

from dataclasses import dataclass, field
from functools import cache

import pybtex.plugin
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import PersonStyle
from sphinxcontrib.bibtex.style.referencing.foot import FootReferenceStyle

from book.site.languages import languages


def _configure(app, config):
    words = languages()[app.srcdir.name].words
    between = f" {words['and']} "

    @dataclass
    class Citations(FootReferenceStyle):
        person: PersonStyle = field(
            default_factory=lambda: PersonStyle(sep2=between, last_sep=between, other=f" {words['others']}")
        )

    register_plugin("sphinxcontrib.bibtex.style.referencing", "book", Citations)
    config.bibtex_foot_reference_style = "book"


def setup(app):
    # else every citation looks through all installed packages several times: a fifth of the build
    pybtex.plugin._load_entry_point = cache(pybtex.plugin._load_entry_point)
    app.connect("config-inited", _configure, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
