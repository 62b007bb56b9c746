"""The arithmetic of the benchmarks of the site and of its building."""

import pytest

from benchmarks.build import growth, verdicts
from benchmarks.site import table
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


@pytest.mark.parametrize(("spent", "slope", "deviation"), [([5, 7, 9], 2, 0), ([1, 2, 9], 4, 1)])
def test_growth_is_a_line_and_what_lies_off_it(spent, slope, deviation):
    found = growth({n: {"seconds": 1.0, "processor": s} for n, s in enumerate(spent, 1)})
    assert found["slope"] == slope
    assert found["deviation"] == pytest.approx(deviation, abs=0.001)


def test_bound_that_is_not_kept_is_told():
    names = ("cold", "nothing changed", "one prose cell", "one code cell")
    builds = {name: {"seconds": 1.0, "memory_gib": 1.0, "ran": []} for name in names}
    builds["one code cell"]["ran"] = ["en/regression/mae"]
    result = {"builds": builds, "languages": {"deviation": 0.0}, "pages": {"deviation": 0.0}}
    assert all(kept for *_, kept in verdicts(result))
    builds["cold"]["seconds"], builds["one prose cell"]["ran"] = 361.0, ["en/regression/mse"]
    result["pages"]["deviation"] = 0.5
    broken = [name for name, *_, kept in verdicts(result) if not kept]
    assert broken == ["cold", "one prose cell: runs", "pages: off the line"]
