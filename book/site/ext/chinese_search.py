"""Sphinx's own search for Chinese, which has no spaces: index and query are cut into pairs of characters."""

import re

from sphinx.search.en import SearchEnglish

HAN = r"\u3400-\u9fff\uf900-\ufaff"
HAN_RUN = re.compile(f"[{HAN}]+")
LATIN_WORD = re.compile(r"[^\W_]+")


class SearchChinesePairs(SearchEnglish):
    """Pairs and single characters for Chinese, English stems for the rest."""

    lang = "zh"
    language_name = "Chinese"
    js_splitter_code = r"""
var splitQuery = (query) => {
  const terms = [];
  for (const word of query.split(/[^\p{Letter}\p{Number}_]+/gu))
    for (const part of word.match(/[HAN]+|[^HAN]+/gu) || []) {
      if (!/^[HAN]{2,}$/u.test(part)) terms.push(part);
      else for (let i = 0; i + 1 < part.length; i++) terms.push(part.slice(i, i + 2));
    }
  return terms;
};
""".replace("HAN", HAN)

    def split(self, text):
        pairs = [run[i : i + 2] for run in HAN_RUN.findall(text) for i in range(len(run) - 1)]
        characters = [character for run in HAN_RUN.findall(text) for character in run]
        return pairs + characters + LATIN_WORD.findall(HAN_RUN.sub(" ", text))

    def stem(self, word):
        return word if HAN_RUN.match(word) else super().stem(word)

    def word_filter(self, word):
        return bool(word) and (bool(HAN_RUN.match(word)) or super().word_filter(word))


def setup(app):
    app.add_search_language(SearchChinesePairs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
