"""The arithmetic of the benchmarks of the site and of its building."""

import pytest

from benchmarks.lighthouse import CATEGORIES, scores, shortcomings
from benchmarks.site_report import BOUNDS, SLOW, figure, ratios, redraw_table, table, text, verdicts
from benchmarks.visits import LINES, Site, blocking_time, layout_shift


@pytest.mark.parametrize(
    ("shifts", "expected"),
    [
        ([], 0),
        ([(0, 0.1), (900, 0.2)], 0.3),
        ([(0, 0.1), (1000, 0.2)], 0.2),  # a pause of a second begins anew
        ([(900 * i, 0.1) for i in range(8)], 0.6),  # and so do five seconds without one
    ],
)
def test_layout_shift_is_the_worst_run_of_shifts(shifts, expected):
    assert layout_shift(shifts) == pytest.approx(expected)


def test_blocking_time_is_what_tasks_take_beyond_50_ms_after_the_first_paint():
    assert blocking_time([(0, 100), (200, 60), (300, 90)], since=150) == 50


def test_files_of_other_hosts_are_told_from_the_sites_own():
    site = Site("http://127.0.0.1:1/", cdn="cdn/")
    addresses = {
        "http://127.0.0.1:1/en/a.js": False,
        "http://127.0.0.1:1/cdn/a.js": True,
        "https://a.b/c": True,
    }
    assert {address: site.is_elsewhere(address) for address in addresses} == addresses
    assert not Site("http://127.0.0.1:1/").is_elsewhere("http://127.0.0.1:1/cdn/a.js")


def test_table_shows_median_spread_and_ratio():
    sites = {"ours": {"transferred": [2, 1, 3], "image": [0]}, "stock": {"transferred": [5], "image": [7]}}
    lines = [line.split() for line in table({LINES[0].name: sites}).splitlines()]
    assert ["transferred,", "KB", "2", "(1-3)", "5", "2.5"] in lines
    assert ["image,", "KB", "0", "7", "-"] in lines


def page_with(ours: dict, stock: dict | None = None) -> dict:
    """What is measured of a page, the same on both lines."""
    sites = {"ours": {name: [value] for name, value in ours.items()}}
    if stock:
        sites["stock"] = {name: [value] for name, value in stock.items()}
    values = {line.name: sites for line in LINES}
    return {"path": "en/index.html", "kind": "contents", "explorers": 0, "values": values, "missing": []}


def test_ratios_are_of_what_both_sites_have():
    values = page_with({"transferred": 50, "requests": 4, "blocking time": 0.2}, {"transferred": 200})[
        "values"
    ]
    assert ratios(values) == {"transferred": 4}
    assert ratios(page_with({"transferred": 50})["values"]) == {}


def test_what_is_above_its_bound_is_said():
    bound = BOUNDS[SLOW]["transferred"]
    for value, word in ((bound, "within"), (bound + 1, "ABOVE")):
        assert f"transferred: {value} KB is {word} the bound" in verdicts(
            page_with({"transferred": value})["values"]
        )


def test_bars_are_as_long_as_the_ratios():
    lines = text(
        page_with({"transferred": 1, "requests": 10}, {"transferred": 8, "requests": 20})
    ).splitlines()
    found = {line.split()[0]: line.count("█") for line in lines if "█" in line}
    assert found == {"transferred": 40, "requests": 10}


def test_explorers_slower_than_a_frame_are_named():
    *_, quick, slow = redraw_table({"a": [20.0], "b": [3.0, 1.0]}).splitlines()
    assert quick.split() == ["b,", "1", "3.0", "ms"]
    assert slow.split() == ["a,", "1", "20.0", "ms", "ABOVE"]


def test_figure_marks_every_page_that_both_sites_have():
    pages = [page_with({"transferred": 1}, {"transferred": 8}), page_with({"transferred": 1})]
    (axes,) = figure({"pages": pages}).axes
    assert [list(line.get_xdata()) for line in axes.lines] == [
        [8],
        [1, 1],
    ]  # the pages, and the line of one to one


def test_lighthouse_is_read():
    audit = {"id": "a", "title": "Pictures have texts", "score": 0.5, "displayValue": "2 s"}
    report = {
        "categories": {name: {"score": 0.98, "auditRefs": [{"id": "a", "weight": 1}]} for name in CATEGORIES},
        "audits": {"a": audit},
    }
    assert scores(report) == dict.fromkeys(CATEGORIES, 98)
    assert shortcomings(report) == ["a: Pictures have texts 2 s"]
