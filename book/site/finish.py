"""From Sphinx's pages to the site: small styles, the theme's last texts, a policy, search, root pages."""

import json
import re
import shutil
from pathlib import Path

from book.site import styles
from book.site.content_policy import with_policy
from book.site.languages import Language
from book.site.project import BUILD, SITE, digest
from book.site.root_pages import write_root_pages
from book.site.search_index import build_index
from book.site.sphinx_build import work_folder

LEFT_OUT = shutil.ignore_patterns(
    "*.map",
    "*.LICENSE.txt",
    "fontawesome.js",
    "html-manager",
    ".buildinfo*",
    "objects.inv",
    "reports",
    "jupyter_execute",
)
PURGED = ("styles/pydata-sphinx-theme.css", "styles/sphinx-book-theme.css", "basic.css", "mystnb*.css")


def finish(built: list[Language]) -> Path:
    """Make the site anew beside the old one and swap them; return its folder."""
    fresh = BUILD / "site.new"
    shutil.rmtree(fresh, ignore_errors=True)
    for language in built:
        folder = fresh / language.code
        shutil.copytree(work_folder(language.code) / "html", folder, ignore=LEFT_OUT)
        _slim(folder)
        _without_eval(folder / "_static" / "translations.js")
        for page in folder.rglob("*.html"):
            page.write_text(with_policy(translate(page.read_text("utf-8"), language)), "utf-8")
    write_root_pages(fresh, built)
    build_index(fresh, built)
    shutil.rmtree(SITE, ignore_errors=True)
    fresh.rename(SITE)
    return SITE


def translate(page: str, language: Language) -> str:
    """The page with the texts translated that the theme leaves in English."""
    for english, text in language.theme.items():
        attribute = rf'((?:title|aria-label|data-bs-title)=")({re.escape(english)})(")'
        page = re.sub(attribute, rf"\g<1>{text}\g<3>", page)
        page = re.sub(rf"(>\s*){re.escape(english)}(\s*<)", rf"\g<1>{text}\g<2>", page)
    return page


def _slim(folder: Path) -> None:
    """Purge the styles of a language's pages; purged ones are kept below `_build` for the next time."""
    static = folder / "_static"
    words = styles.words_in(folder)
    sheets = [path for pattern in PURGED for path in sorted(static.glob(pattern))]
    fonts = static / "vendor" / "fontawesome" / "webfonts"
    made_from = " ".join(sorted(words & _names(sheets))) + "".join(map(Path.read_text, sheets))
    kept = BUILD / "styles" / folder.name / digest(Path(styles.__file__), also=made_from)
    if not kept.is_dir():
        theme = sheets[0]
        theme.write_text(styles.subset_icons(theme.read_text("utf-8"), fonts, words), "utf-8")
        for sheet in sheets:
            sheet.write_text(styles.purge(sheet.read_text("utf-8"), words), "utf-8")
        shutil.rmtree(kept.parent, ignore_errors=True)
        for path in [*sheets, *fonts.iterdir()]:
            target = kept / path.relative_to(static)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    else:
        shutil.rmtree(fonts)
        shutil.copytree(kept, static, dirs_exist_ok=True)


def _without_eval(translations: Path) -> None:
    """Write the rule for plurals as a function; Sphinx makes one from a string, which the policy forbids."""
    if not translations.is_file():
        return
    text = translations.read_text("utf-8")
    catalogue = json.loads(re.search(r"addTranslations\((.*)\);", text, re.DOTALL)[1])
    messages = json.dumps(catalogue["messages"], ensure_ascii=False, sort_keys=True)
    translations.write_text(
        f"Object.assign(Documentation.TRANSLATIONS, {messages});\n"
        f"Documentation.PLURAL_EXPR = (n) => Number({catalogue['plural_expr']});\n"
        f"Documentation.LOCALE = {json.dumps(catalogue['locale'])};\n",
        "utf-8",
    )


def _names(sheets: list[Path]) -> set[str]:
    """Every word that is the name of a class or an id in the style sheets."""
    name = re.compile(r"[.#](-?[A-Za-z_][\w-]*)")
    return {word for sheet in sheets for word in name.findall(sheet.read_text("utf-8"))}
