"""Checks of plain arguments, and their error texts: what NumPy and PyTorch have in common."""

REDUCTIONS = ("mean", "sum", "none")


def check_choice(name: str, argument: str, value, choices: tuple) -> None:
    if value not in choices:
        *most, last = map(repr, choices)
        raise ValueError(f"{name}: expected {argument} {', '.join(most)} or {last}, got {value!r}")


def check_reduction(name: str, reduction: str, choices: tuple = REDUCTIONS) -> None:
    check_choice(name, "reduction", reduction, choices)


def check_shape(name: str, argument: str, expected, got) -> None:
    """Shapes must be equal: broadcasting (N, 1) against (N,) silently compares every pair."""
    if tuple(expected) != tuple(got):
        raise ValueError(f"{name}: expected {argument} {tuple(expected)}, got {tuple(got)}")


def check_axes(name: str, argument: str, axes: str, got) -> None:
    """The number of axes must be the one that `axes` spells: "(n, m)" is two, "(N, C, *)" two or more."""
    named = axes.strip("()").replace(" ", "").rstrip(",").split(",")
    if not (len(got) >= len(named) - 1 if named[-1] == "*" else len(got) == len(named)):
        raise ValueError(f"{name}: expected {argument} {axes}, got {tuple(got)}")


def check_classes(name: str, argument: str, input, target) -> bool:
    """Whether a target of shape (N, *) holds class indices, rather than a value for each entry of (N, C, *)."""
    check_axes(name, argument, "(N, C, *)", input)
    indices = (*input[:1], *input[2:])
    if tuple(target) not in (indices, tuple(input)):
        raise ValueError(f"{name}: expected target {indices} or {tuple(input)}, got {tuple(target)}")
    return tuple(target) == indices


def check_positive(name: str, argument: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name}: expected {argument} > 0, got {value}")


def check_not_negative(name: str, argument: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{name}: expected {argument} >= 0, got {value}")


def check_between_0_and_1(name: str, argument: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name}: expected 0 < {argument} < 1, got {value}")


def check_from_0_to_1(name: str, argument: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name}: expected 0 <= {argument} <= 1, got {value}")


def check_at_least_1(name: str, argument: str, value: float) -> None:
    if not value >= 1:
        raise ValueError(f"{name}: expected {argument} >= 1, got {value}")


def check_vectors(name: str, argument: str, shape) -> None:
    if not shape:
        raise ValueError(f"{name}: expected {argument} (*, D), got ()")


def check_activation(name: str, activation: str | None, smooth: float) -> None:
    check_choice(name, "activation", activation, (None, "sigmoid", "softmax"))
    check_not_negative(name, "smooth", smooth)


def check_regions(name: str, input, target, activation: str | None = None) -> None:
    """One class comes with a mask: read as class indices, the foreground would be class 0 and 1 out of range."""
    if tuple(input[1:2]) == (1,):
        check_shape(name, "target", input, target)
        if activation == "softmax":
            raise ValueError(f"{name}: expected 2 classes or more with activation 'softmax', got 1")


def check_boxes(name: str, argument: str, shape) -> None:
    if tuple(shape[-1:]) != (4,):
        raise ValueError(f"{name}: expected {argument} (*, 4), got {tuple(shape)}")


def check_maps(name: str, maps, weights) -> list:
    """The weight of each feature map, 1 where None are given. A lone array would be taken apart along its batch."""
    if not isinstance(maps, list | tuple):
        raise TypeError(f"{name}: expected features to return a list of maps, got {type(maps).__name__}")
    weights = [1.0] * len(maps) if weights is None else list(weights)
    if len(weights) != len(maps):
        raise ValueError(f"{name}: expected weights for {len(maps)} maps, got {len(weights)}")
    for weight in weights:
        check_not_negative(name, "weights", weight)
    return weights


def check_samples(name: str, u, v) -> None:
    """Two samples on the line; nothing cannot be moved onto something."""
    check_axes(name, "u_values", "(n,)", u)
    check_axes(name, "v_values", "(m,)", v)
    if (u[0] == 0) != (v[0] == 0):
        raise ValueError(
            f"{name}: expected both samples or neither to be empty, got {u[0]} and {v[0]} values"
        )


def check_transport(name: str, a, b, cost) -> None:
    """The shapes of a transport problem. Without sources or sinks there is no plan."""
    check_axes(name, "a", "(n,)", a)
    check_axes(name, "b", "(m,)", b)
    check_shape(name, "cost", (*a, *b), cost)
    if 0 in cost:
        raise ValueError(f"{name}: expected at least one source and one sink, got cost {tuple(cost)}")
