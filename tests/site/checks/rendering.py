"""What must hold for a page in the browser. A check yields a sentence for each thing it finds wrong.

The visit comes with all that folds out opened. What is drawn is measured by measure.js beside this file.
"""

from collections.abc import Iterator

from tests.site.browsing import DESKTOP, PHONE, Visit
from tests.site.checks.weight import page_is_light


def no_other_host_is_asked(visit: Visit) -> Iterator[str]:
    own = (visit.address, "data:", f"blob:{visit.address.rstrip('/')}")
    yield from (f"a request for {url}" for url in visit.requests if not url.startswith(own))


def requests_succeed(visit: Visit) -> Iterator[str]:
    yield from visit.failures


def console_is_silent(visit: Visit) -> Iterator[str]:
    """No error, no warning, nothing that the page's own policy forbids."""
    yield from visit.messages


def page_fits_a_phone(visit: Visit) -> Iterator[str]:
    visit.look(PHONE)
    yield from visit.measure("overflowing")


def text_is_whole_on_a_phone(visit: Visit) -> Iterator[str]:
    visit.look(PHONE)
    yield from visit.measure("cutTexts")


def text_is_whole_on_a_desktop(visit: Visit) -> Iterator[str]:
    visit.look(DESKTOP)
    yield from visit.measure("cutTexts")


def text_stands_out_in_the_light(visit: Visit) -> Iterator[str]:
    visit.look(DESKTOP)
    yield from visit.measure("faintTexts")


def text_stands_out_in_the_dark(visit: Visit) -> Iterator[str]:
    visit.look(DESKTOP, "dark")
    yield from visit.measure("faintTexts")


def every_character_has_a_glyph(visit: Visit) -> Iterator[str]:
    yield from visit.measure("missingGlyphs")


def code_can_be_copied(visit: Visit) -> Iterator[str]:
    yield from visit.measure("uncopiable")


CHECKS = [
    no_other_host_is_asked,
    requests_succeed,
    console_is_silent,
    page_fits_a_phone,
    text_is_whole_on_a_phone,
    text_is_whole_on_a_desktop,
    text_stands_out_in_the_light,
    text_stands_out_in_the_dark,
    every_character_has_a_glyph,
    code_can_be_copied,
    page_is_light,
]
