"""What an explorer must show: the numbers of losslib. The check yields a sentence for each that it does not."""

import math
from collections.abc import Iterator

from playwright.sync_api import Locator

from tests.site.truth import Made, read_number

HALF_A_DIGIT = 5.5e-4  # of the fourth digit, the last one shown


def shows_the_numbers_of_losslib(explorer: Locator, made: Made) -> Iterator[str]:
    """Read the sliders and the readouts as a reader does, and compare."""
    explorer.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    controls = explorer.locator("input[type=range]").all()
    place = [
        values[int(control.input_value())] for values, control in zip(made.sliders, controls, strict=True)
    ]
    for value, text in zip(place, explorer.locator(".explorer-value").all_text_contents(), strict=True):
        if not isinstance(value, str) and not _agrees(read_number(text), value):  # words are translated
            yield f"at {place} a slider reads {text}"
    outputs = explorer.locator("output")
    shown = outputs.evaluate_all(
        "all => Object.fromEntries(all.map(o => [o.dataset.readout, o.textContent]))"
    )
    expected = made.numbers(*place)
    if shown.keys() != expected.keys():
        yield f"expected readouts of {sorted(expected)}, got {sorted(shown)}"
        return
    for key, value in expected.items():
        if not _agrees(read_number(shown[key]), value):
            yield f"at {place} expected {key} = {value:.6g}, got {shown[key]}"


def _agrees(shown: float, value: float) -> bool:
    return math.isclose(shown, value, rel_tol=HALF_A_DIGIT, abs_tol=1e-6) or (
        math.isnan(shown) and math.isnan(value)
    )
