"""English words on pages of another script, marked as English, so that a screen reader changes its voice for them.

What is written in Latin letters on a Russian or Chinese page is an English term, a title or a name. Code, formulas
and drawings are left alone, and so are abbreviations such as MSE, which every language reads in its own way.
"""

import re

from book.site.languages import Language, source_language

WORD = r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ\d]*(?:['’–-][A-Za-zÀ-ɏ\d]+)*"
# an entity such as &amp; is not a word; one that stays out of the group is put back as it was
ENGLISH = re.compile(rf"&#?\w+;|(?<![\w@./])({WORD}(?: {WORD})*)")
SPELLED = re.compile("[a-zà-ɏ]{3}")  # an abbreviation has no three small letters in a row
LATIN = re.compile(WORD)

PIECES = re.compile(r"<!--.*?-->|<(script|style|head)\b.*?</\1>|<[^>]*>|[^<]+", re.DOTALL)
TAG = re.compile(r"<(/?)([a-z][\w-]*)([^>]*)>", re.IGNORECASE)
LEFT_ALONE = {"code", "pre", "svg", "math", "kbd", "samp"}
NOT_PROSE = re.compile(r'\slang=|class="(?:katex|highlight)\b')
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
REFERENCE = re.compile(r'(<aside class="footnote[^>]*>.*?)<p>', re.DOTALL)


def needs_marks(language: Language) -> bool:
    """Whether a language has a script of its own, so that Latin letters on its pages are foreign."""
    return not LATIN.search(language.name)


def mark_foreign_words(page: str, language: Language) -> str:
    """The page with every run of English words in `<span lang="en">`, and references marked as a whole."""
    if not needs_marks(language):
        return page
    english = source_language().html
    page = REFERENCE.sub(rf'\g<1><p lang="{english}">', page)
    done, inside, depth = [], "", 0  # the element that is left alone, and how many of its name are open
    start = page.find("<body")
    for piece in PIECES.finditer(page, start):
        text = piece[0]
        if tag := TAG.fullmatch(text):
            name = tag[2].lower()
            if inside:
                depth += (name == inside) * (-1 if tag[1] else 1)
                inside = inside if depth else ""
            elif not tag[1] and name not in VOID and (name in LEFT_ALONE or NOT_PROSE.search(tag[3])):
                inside, depth = name, 1
        elif not inside and not text.startswith("<"):
            text = ENGLISH.sub(lambda run: _marked(run, english), text)
        done.append(text)
    return page[:start] + "".join(done)


def _marked(run: re.Match, english: str) -> str:
    words = run[1]
    return f'<span lang="{english}">{words}</span>' if words and SPELLED.search(words) else run[0]
