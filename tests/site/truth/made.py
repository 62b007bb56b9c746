"""What a truth is: the places of an explorer's sliders, and the numbers at each."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Made:
    """An explorer of a chapter: the values that its sliders run through, and the numbers at each place."""

    sliders: list[list[float]]
    numbers: Callable[..., dict[str, float]]
