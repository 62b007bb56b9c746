"""The Sphinx configuration of one language, made from the book's one `_config.yml`."""

import copy
from pathlib import Path

from jupyter_book.config import get_final_config

from book.site.languages import Language
from book.site.project import BOOK, ROOT, base_url, book_config, digest

SITE_SOURCES = BOOK / "site"

# Loaded by jupyter-book for features that the book does not use; most put scripts or styles on every page.
UNUSED = {
    "sphinx.ext.intersphinx",
    "sphinx_comments",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_jupyterbook_latex",
    "sphinx_multitoc_numbering",
    "sphinx_thebe",
    "sphinx_togglebutton",
}
OURS = sorted(f"book.site.ext.{path.stem}" for path in (SITE_SOURCES / "ext").glob("[a-z]*.py"))


def sphinx_config(language: Language, outputs: Path) -> dict:
    """What Sphinx is given in place of a conf.py; `outputs` is the folder of the executed notebooks."""
    book = copy.deepcopy(book_config())
    known = bool(book["repository"]["url"])
    book["repository"]["path_to_book"] = f"book/{language.code}"
    if not known:
        del book["repository"], book["launch_buttons"]
    book["html"] |= dict.fromkeys(
        ("use_edit_page_button", "use_issues_button", "use_repository_button"), known
    )
    config, _ = get_final_config(user_yaml=book, cli_config={"latex_individualpages": False})
    del config["comments_config"]  # of an extension that is left out
    config["extensions"] = [name for name in config["extensions"] if name not in UNUSED] + OURS
    return config | _language_config(language, outputs, config["html_theme_options"])


def _language_config(language: Language, outputs: Path, theme_options: dict) -> dict:
    words = language.words
    return {
        "language": language.sphinx,
        "project": language.title,
        "html_title": language.title,
        "html_baseurl": f"{base_url()}/{language.code}/" if base_url() else "",
        "html_favicon": str(SITE_SOURCES / "static" / "logo.svg"),
        "html_logo": str(SITE_SOURCES / "static" / "logo.svg"),
        "html_static_path": [str(SITE_SOURCES / "static")],
        "templates_path": [str(SITE_SOURCES / "templates")],
        "html_css_files": ["site.css"],
        "html_theme_options": theme_options
        | {
            "search_bar_text": words["search"],
            "toc_title": words["contents"],
            "logo": {"text": language.title},
            "primary_sidebar_end": ["keep-offline.html"],
            "footer_content_items": ["copyright.html"],
            "article_header_end": ["language-menu.html", "article-header-buttons.html"],
        },
        "external_toc_path": str(ROOT / "_toc.yml"),
        "bibtex_bibfiles": [str(ROOT / path) for path in book_config()["bibtex_bibfiles"]],
        "site_code": digest(SITE_SOURCES / "ext"),
        "nb_execution_cache_path": str(outputs),
        "nb_code_prompt_show": words["show_code"],
        "nb_code_prompt_hide": words["hide_code"],
    }
