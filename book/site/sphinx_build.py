"""Build the pages of one language with Sphinx.

    python -m book.site.sphinx_build ru OUTPUTS

OUTPUTS is the folder of the executed notebooks.
One process per language: Sphinx loads its catalogues once for a process. Warnings are errors.
"""

import gc
import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from book.site.configure import sphinx_config
from book.site.ext.api_pages import api_pages
from book.site.languages import languages
from book.site.project import BOOK, BUILD


def work_folder(code: str) -> Path:
    """Where Sphinx keeps the pages and parsed documents of a language between builds."""
    return BUILD / "sphinx" / code


def build_language(code: str, outputs: Path) -> int:
    """Write the pages that changed below `work_folder(code)/html`; return Sphinx's status."""
    work, status = work_folder(code), 1
    try:
        with patch_docutils(), docutils_namespace():
            app = Sphinx(
                srcdir=BOOK / code,
                confdir=None,
                outdir=work / "html",
                doctreedir=work / "doctrees",
                buildername="html",
                confoverrides=sphinx_config(languages()[code], outputs),
                status=None,
                warning=sys.stderr,
                warningiserror=True,
                keep_going=True,
            )
            app.build()
        _remove_old_pages(work / "html", app.env.found_docs | {"search", *api_pages()})
        status = app.statuscode
    finally:
        if status:
            # pages that were read are not read again, and would not warn again
            shutil.rmtree(work / "doctrees", ignore_errors=True)
    return status


def _remove_old_pages(html: Path, pages: set[str]) -> None:
    """Sphinx leaves the pages of notebooks that are gone."""
    for path in html.rglob("*.html"):
        if path.relative_to(html).with_suffix("").as_posix() not in pages:
            path.unlink()


if __name__ == "__main__":
    gc.disable()  # it would walk through all documents again and again, and the process is soon over
    sys.exit(build_language(sys.argv[1], Path(sys.argv[2])))
