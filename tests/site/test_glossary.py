"""The page of terms has the marks of its language, and of the other languages what differs."""

import re

import pytest

from book.site.ext.collected_tables import GlossaryTerms, terms

# how the entries of a term begin, by language
ENTRIES = {
    "risk": {"en": "risk (риск · 风险). ", "ru": "риск (risk · 风险). ", "zh": "风险（risk · риск）。"},
    "logit": {"en": "logit (логит). ", "ru": "логит (logit). ", "zh": "logit（логит）。"},
    "recall@1": {"en": "recall@1. ", "ru": "recall@1. ", "zh": "Recall@1。"},
}


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("code", ["en", "ru", "zh"])
def test_entry_has_the_marks_of_its_language_and_no_name_twice(name, code):
    (term,) = [term for term in terms() if term["en"]["name"] == name]
    entries = GlossaryTerms.markdown(None, code).split("\n\n")
    (entry,) = [text for text in entries if term[code]["meaning"] in text]
    assert re.sub(r"<.*?>|\*", "", entry).startswith(ENTRIES[name][code] + term[code]["meaning"])
