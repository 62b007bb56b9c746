"""Checks of plain arguments, and their error texts: what NumPy and PyTorch have in common."""

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(name: str, reduction: str) -> None:
    if reduction not in REDUCTIONS:
        raise ValueError(f"{name}: expected reduction 'mean', 'sum' or 'none', got {reduction!r}")


def check_shape(name: str, argument: str, expected, got) -> None:
    """Shapes must be equal: broadcasting (N, 1) against (N,) silently compares every pair."""
    if tuple(expected) != tuple(got):
        raise ValueError(f"{name}: expected {argument} {tuple(expected)}, got {tuple(got)}")


def check_positive(name: str, argument: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name}: expected {argument} > 0, got {value}")


def check_between_0_and_1(name: str, argument: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name}: expected 0 < {argument} < 1, got {value}")
