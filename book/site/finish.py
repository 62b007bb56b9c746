"""From Sphinx's pages to the site: small styles, the theme's last texts, lasting names, policy, search, root pages."""

import base64
import json
import os
import re
import shutil
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from book.site import fonts, styles
from book.site.assets import Assets, content_hash
from book.site.content_policy import with_policy, write_headers
from book.site.drawings import with_compact_drawings
from book.site.foreign_words import mark_foreign_words
from book.site.languages import Language
from book.site.node import minify_scripts
from book.site.offline import write_offline
from book.site.project import BOOK, BUILD, SITE, digest
from book.site.root_pages import write_root_pages
from book.site.search_index import build_index
from book.site.sphinx_build import work_folder
from book.site.theme_names import with_names

LEFT_OUT = shutil.ignore_patterns(
    "*.map",
    "*.LICENSE.txt",
    "fontawesome.js",
    "html-manager",
    ".buildinfo*",
    "objects.inv",
    "reports",
    "jupyter_execute",
    "scripts",
    "locales",
)
PREVIEWS = "previews"  # announce a page elsewhere, under a name that lasts
FONTS = ("vendor/fontawesome/webfonts", "katex/fonts")
# names, punctuation, operators and space in code, which stay in the colour of plain text
PLAIN_CODE = re.compile(r'<span class="(?:n|nn|o|p|w)">([^<]*)</span>')
PICTURE = re.compile(r"data:image/(png|webp|jpeg);base64,\s*([A-Za-z0-9+/=\s]+)")
REWORDING = (BOOK / "site", BOOK / "languages.toml")  # decide what the pages become
LARGE = 6000  # characters of a picture that the text is not to wait for
SMALL = 600  # and of one that weighs less than a request


def finish(built: list[Language]) -> Path:
    """Make the site anew beside the old one and swap them; return its folder."""
    fresh = BUILD / "site.new"
    shutil.rmtree(fresh, ignore_errors=True)
    with ProcessPoolExecutor(len(built)) as pool:
        list(pool.map(_put_language, built, repeat(fresh)))
    write_root_pages(fresh, built)
    build_index(fresh, built)
    write_offline(fresh, built)
    write_headers(fresh)
    shutil.rmtree(SITE, ignore_errors=True)
    fresh.rename(SITE)
    return SITE


def _put_language(language: Language, site: Path) -> None:
    """Put the pages of a language into a site, and into its assets what they load."""
    assets, folder = Assets(site), site / language.code
    shutil.copytree(work_folder(language.code) / "html", folder, ignore=LEFT_OUT)
    static = folder / "_static"
    css = _slim(folder).read_text("utf-8")
    _rewrite_catalogue(static / "translations.js", language)
    minify_scripts(static)
    code = digest(*REWORDING)
    for page in folder.rglob("*.html"):
        kept = BUILD / "reworded" / language.code / page.relative_to(folder)
        text = reworded(page.read_text("utf-8"), language, code, kept)
        text = _without_pictures(text, page.parent, static / "pictures")
        text = styles.with_one_sheet(text, css, os.path.relpath(static, page.parent))
        page.write_text(with_policy(assets.linked(text, page)), "utf-8")
    _keep_previews(static)


def reworded(page: str, language: Language, code: str, kept: Path) -> str:
    """The page with its last texts and small figures, kept for as long as the page and this code stay the same."""
    mark = content_hash(f"{code} {page}".encode())
    if kept.is_file():
        made_for, _, text = kept.read_text("utf-8").partition("\n")
        if made_for == mark:
            return text
    text = translate(with_names(page, language), language)
    text = with_compact_drawings(mark_foreign_words(PLAIN_CODE.sub(r"\1", text), language))
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")  # a build that is broken off leaves no half of a page
    part.write_text(f"{mark}\n{text}", "utf-8")
    part.replace(kept)
    return text


def translate(page: str, language: Language) -> str:
    """The page with the texts translated that the theme leaves in English."""
    # in one pass: there are many texts, on every page
    english = "|".join(map(re.escape, language.theme)) or "(?!)"
    whole = rf'((?:title|aria-label)=")({english})(?=")|(>\s*)({english})(?=\s*<)'
    return re.sub(whole, lambda found: (found[1] or found[3]) + language.theme[found[2] or found[4]], page)


def _slim(folder: Path) -> Path:
    """Give a language one small style sheet, which is returned, and small fonts; both are kept for the next time."""
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
    for path in (*sheets, *static.glob("basic.css")):
        path.unlink()
    shutil.copytree(kept, static, dirs_exist_ok=True)
    return static / styles.STYLE


def _keep_previews(static: Path) -> None:
    """Remove what pages do not load, or load from elsewhere by now."""
    for path in static.iterdir():
        if path.is_dir() and path.name != PREVIEWS:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()


def _without_pictures(text: str, here: Path, pictures: Path) -> str:
    """The page with the pictures of its figures in files that are large, or that it shows more than once."""
    times = Counter(found[0] for found in PICTURE.finditer(text))

    def to_file(picture: re.Match) -> str:
        if len(picture[0]) < (LARGE if times[picture[0]] == 1 else SMALL):
            return picture[0]
        data = base64.b64decode(picture[2])
        path = pictures / f"{content_hash(data)}.{picture[1]}"
        pictures.mkdir(exist_ok=True)
        path.write_bytes(data)
        return os.path.relpath(path, here)

    return PICTURE.sub(to_file, text)


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
