"""The benchmark of building: growth, and bounds that are kept or not."""

import pytest

from benchmarks.build import growth, verdicts


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
