"""From Sphinx's pages to the site: small styles, the theme's last texts, a policy, search, root pages."""

import base64
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from book.site import fonts, styles
from book.site.content_policy import with_policy, write_headers
from book.site.languages import Language
from book.site.offline import write_offline
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
FONTS = ("vendor/fontawesome/webfonts", "katex/fonts")
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
        style = _slim(folder)
        _rewrite_catalogue(folder / "_static" / "translations.js", language)
        for page in folder.rglob("*.html"):
            text = PLAIN_CODE.sub(r"\1", translate(page.read_text("utf-8"), language))
            text = _without_pictures(text, page.parent, folder / "_static" / "pictures")
            text = styles.with_one_sheet(text, os.path.relpath(folder / "_static" / style, page.parent))
            page.write_text(with_policy(text), "utf-8")
    write_root_pages(fresh, built)
    build_index(fresh, built)
    write_offline(fresh, built)
    write_headers(fresh)
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


def _slim(folder: Path) -> str:
    """Give a language one small style sheet and small fonts, kept below `_build` for the next time.

    Returns the address of the style sheet below `_static`; a browser that has it asks again when it changes.
    """
    static = folder / "_static"
    words, letters = styles.words_in(folder), fonts.letters_in(folder)
    for explorer in static.glob("explorer-*"):  # of earlier builds
        if explorer.stem not in words:
            explorer.unlink()
    sheets, icons, math = styles.sheets_in(static), *(static / name for name in FONTS)
    css = styles.joined(sheets, static)
    used = sorted(words & set(re.findall(r"[\w-]+", css)))
    code = (Path(styles.__file__), Path(fonts.__file__))
    kept = BUILD / "slim" / folder.name / digest(*code, also=f"{used} {letters} {css}")
    if not (kept / styles.STYLE).is_file():
        css = fonts.subset_icons(css, icons, words)
        fonts.subset_math(math, letters)
        shutil.rmtree(kept.parent, ignore_errors=True)
        for path in (icons, math):
            shutil.copytree(path, kept / path.relative_to(static))
        (kept / styles.STYLE).write_text(styles.small(css, words), "utf-8")
    for path in (icons, math):
        shutil.rmtree(path)
    for path in sheets:
        path.unlink()
    shutil.copytree(kept, static, dirs_exist_ok=True)
    return f"{styles.STYLE}?v={kept.name}"


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
    catalogue = json.loads(re.findall(r"addTranslations\((.*)\);", text, re.DOTALL)[0])
    said = {english: language.theme.get(english, text) for english, text in catalogue["messages"].items()}
    said = {english: text for english, text in said.items() if text}
    messages = json.dumps(said, ensure_ascii=False, sort_keys=True)
    translations.write_text(
        f"Object.assign(Documentation.TRANSLATIONS, {messages});\n"
        f"Documentation.PLURAL_EXPR = (n) => Number({catalogue['plural_expr']});\n"
        f"Documentation.LOCALE = {json.dumps(catalogue['locale'])};\n",
        "utf-8",
    )
