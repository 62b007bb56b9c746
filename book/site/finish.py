"""From Sphinx's pages to the site: small styles, the theme's last texts, a policy, search, root pages."""

import base64
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from book.site import fonts, styles
from book.site.content_policy import with_policy
from book.site.languages import Language
from book.site.project import BUILD, SITE, digest, files_in
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
PURGED = (
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "basic.css",
    "mystnb*.css",
    "katex/katex.min.css",
)
# names, punctuation and space in code, which light and dark style both leave in the colour of plain text
PLAIN_CODE = re.compile(r'<span class="(?:n|nn|p|w)">([^<]*)</span>')
LARGE_PICTURE = re.compile(r"data:image/(png|webp|jpeg);base64,\s*([A-Za-z0-9+/=\s]{6000,})")


def finish(built: list[Language]) -> Path:
    """Make the site anew beside the old one and swap them; return its folder."""
    fresh = BUILD / "site.new"
    shutil.rmtree(fresh, ignore_errors=True)
    for language in built:
        folder = fresh / language.code
        shutil.copytree(work_folder(language.code) / "html", folder, ignore=LEFT_OUT)
        _slim(folder)
        _rewrite_catalogue(folder / "_static" / "translations.js", language)
        for page in folder.rglob("*.html"):
            text = PLAIN_CODE.sub(r"\1", translate(page.read_text("utf-8"), language))
            text = _without_pictures(text, page.parent, folder / "_static" / "pictures")
            page.write_text(with_policy(text), "utf-8")
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
    """Make the styles and fonts of a language small; small ones are kept below `_build` for the next time."""
    static = folder / "_static"
    words, characters = styles.words_in(folder), fonts.math_characters(folder)
    for explorer in static.glob("explorer-*"):  # of earlier builds
        if explorer.stem not in words:
            explorer.unlink()
    sheets = [path for pattern in PURGED for path in sorted(static.glob(pattern))]
    folders = [static / "vendor" / "fontawesome" / "webfonts", static / "katex" / "fonts"]
    names = sorted(words & _names(sheets)) + sorted(characters)
    made_from = " ".join(names) + "".join(map(Path.read_text, sheets))
    code = (Path(styles.__file__), Path(fonts.__file__))
    kept = BUILD / "slim" / folder.name / digest(*code, also=made_from)
    if not kept.is_dir():
        theme = sheets[0]
        theme.write_text(fonts.subset_icons(theme.read_text("utf-8"), folders[0], words), "utf-8")
        fonts.subset_math(folders[1], characters)
        scripts = (path for path in files_in(static) if path.suffix in (".css", ".js"))
        styles.purge(sheets, [path for path in scripts if path not in sheets], words)
        shutil.rmtree(kept.parent, ignore_errors=True)
        for path in [*sheets, *files_in(*folders)]:
            target = kept / path.relative_to(static)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    for path in folders:
        shutil.rmtree(path)
    shutil.copytree(kept, static, dirs_exist_ok=True)


def _without_pictures(text: str, here: Path, pictures: Path) -> str:
    """The page with the large pictures of its figures in files: the text no longer waits for them."""

    def to_file(picture: re.Match) -> str:
        data = base64.b64decode(picture[2])
        path = pictures / f"{hashlib.sha256(data).hexdigest()[:12]}.{picture[1]}"
        pictures.mkdir(exist_ok=True)
        path.write_bytes(data)
        return os.path.relpath(path, here)

    return LARGE_PICTURE.sub(to_file, text)


def _rewrite_catalogue(translations: Path, language: Language) -> None:
    """Complete what Sphinx's scripts say; give the rule for plurals as a function, not as a string to evaluate.

    Sphinx's catalogues hold empty texts, and the content security policy forbids to evaluate strings.
    """
    if not translations.is_file():
        return
    text = translations.read_text("utf-8")
    catalogue = json.loads(re.search(r"addTranslations\((.*)\);", text, re.DOTALL)[1])
    said = {english: language.theme.get(english, text) for english, text in catalogue["messages"].items()}
    said = {english: text for english, text in said.items() if text}
    messages = json.dumps(said, ensure_ascii=False, sort_keys=True)
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
