"""The words of Sphinx's own search, whose index a reader loads whole: only those that a query can ask for.

Sphinx looks for no word that is a number, so the digits of results are left out. Chinese has no spaces: index and query
are cut into pairs of characters and single ones; a pair with a particle, as at the seam of two words, is left out.
"""

import json
import re

from sphinx.search import SearchLanguage, js_index
from sphinx.search.en import SearchEnglish
from sphinx.search.ru import SearchRussian

HAN = r"\u3400-\u9fff\uf900-\ufaff"
HAN_RUN = re.compile(f"[{HAN}]+")
LATIN_WORD = re.compile(r"[^\W_]+")
PARTICLES = "的是在了就它都也把这而吗呢着么那该且却仍很又让被们还才没只来会从所里但不与或以为于给之其此再更哪"
RESULT = re.compile(r"\d+|\d\w{3,}")


class FewWords(SearchLanguage):
    """Leaves results out, and asks for the stem of a word once."""

    def init(self, options):
        super().init(options)
        self.stems: dict[str, str] = {}

    def stem(self, word):
        if word not in self.stems:
            self.stems[word] = super().stem(word)
        return self.stems[word]

    def word_filter(self, word):
        return not RESULT.fullmatch(word) and super().word_filter(word)


class SearchEnglishWords(FewWords, SearchEnglish):
    """English stems."""


class SearchRussianWords(FewWords, SearchRussian):
    """Russian stems."""


class SearchChinesePairs(SearchEnglishWords):
    """Pairs and single characters for Chinese, English stems for the rest."""

    lang = "zh"
    language_name = "Chinese"
    js_splitter_code = r"""
var splitQuery = (query) => {
  const terms = [];
  for (const word of query.split(/[^\p{Letter}\p{Number}_]+/gu))
    for (const part of word.match(/[HAN]+|[^HAN]+/gu) || []) {
      if (!/^[HAN]{2,}$/u.test(part)) terms.push(part);
      else
        for (let i = 0; i + 1 < part.length; i++) {
          const pair = part.slice(i, i + 2);
          const kept = pair.match(/[^PARTICLES]/gu) || []; // what the index has of a pair that it lacks
          terms.push(...(kept.length === 2 ? [pair] : kept));
        }
    }
  return terms;
};
""".replace("HAN", HAN).replace("PARTICLES", PARTICLES)

    def split(self, text):
        runs = HAN_RUN.findall(text)
        pairs = [run[i : i + 2] for run in runs for i in range(len(run) - 1)]
        characters = [character for run in runs for character in run]
        return pairs + characters + LATIN_WORD.findall(HAN_RUN.sub(" ", text))

    def stem(self, word):
        return word if HAN_RUN.match(word) else super().stem(word)

    def word_filter(self, word):
        if HAN_RUN.match(word):
            return not any(character in PARTICLES for character in word)
        return bool(word) and super().word_filter(word)


class CompactIndex(type(js_index)):  # type: ignore[misc]
    """The index without spaces and escapes, which are half of it in Chinese, and without words that no page has now."""

    def dumps(self, data):
        for kind in ("terms", "titleterms"):
            data[kind] = {word: where for word, where in data[kind].items() if where != []}
        compact = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return self.PREFIX + compact + self.SUFFIX


def write_compactly(app):
    app.builder.indexer_format = CompactIndex()


def setup(app):
    for language in (SearchEnglishWords, SearchRussianWords, SearchChinesePairs):
        app.add_search_language(language)
    app.connect("builder-inited", write_compactly)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
