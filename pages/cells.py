"""How the values of the runs table are written: the same digits down a column, the whole value on hover."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from pages.templatetags.assay import number

SIGNIFICANT = 4
NUM_SHADES = 5
MAX_DOUBLE = 1.7976931348623157e308


class Cell(NamedTuple):
    """One cell: its text, what stands on hover, and its classes."""

    text: str = ""
    title: str = ""
    css: str = ""
    delta: "Cell | None" = None
    note: str = ""


EMPTY = Cell()


class Digits:
    """Writes the numbers of one column alike, so that their points stand below each other.

    >>> write = Digits([0.94123, 0.9, 12])
    >>> [write(value) for value in (0.94123, 0.9, 12)]
    ['0.9412', '0.9000', '12.0000']
    >>> Digits([1, 20])(20)
    '20'
    """

    def __init__(self, values: Iterable[float]):
        numbers = sorted(abs(value) for value in values if is_finite(value))
        sized = [value for value in numbers if value]
        self.is_whole = all(value == int(value) for value in numbers) and (not sized or sized[-1] < 1e9)
        # within six orders of magnitude one fixed point serves all, beyond that each number takes its own
        self.is_fixed = bool(sized) and sized[-1] < 1e6 and sized[0] >= 1e-4
        # the one in the middle shows SIGNIFICANT digits
        exponent = math.floor(math.log10(sized[len(sized) // 2])) if sized else 0
        self.decimals = min(max(SIGNIFICANT - 1 - exponent, 0), 6)

    def __call__(self, value: float) -> str:
        if not is_finite(value) or not (self.is_whole or self.is_fixed):
            return number(value)
        return f"{value:.0f}" if self.is_whole else f"{value:.{self.decimals}f}"


def shades(values: Iterable[float | None], *, is_turned: bool = False) -> list[str]:
    """Return a class for each value by its rank among them, shade-1 to shade-5; none for None, nor where all are equal.

    >>> shades([0.5, None, 0.7, 0.9]), shades([0.5, 0.9], is_turned=True), shades([1, 1])
    (['shade-1', '', 'shade-3', 'shade-5'], ['shade-5', 'shade-1'], ['', ''])
    """
    values = list(values)
    ranked = sorted({value for value in values if value is not None}, reverse=is_turned)
    if len(ranked) < 2:
        return [""] * len(values)
    shade = {value: f"shade-{1 + rank * (NUM_SHADES - 1) // (len(ranked) - 1)}" for rank, value in enumerate(ranked)}
    return [shade.get(value, "") for value in values]


def signed(delta: float, write: Digits) -> str:
    """Return a difference in the digits of its column, or in its own where these would make it 0.

    >>> signed(-0.25, Digits([0.5, 0.25])), signed(0.00001, Digits([0.5]))
    ('−0.2500', '+1e-05')
    """
    text = write(abs(delta))
    if not float(text):
        text = number(float(f"{abs(delta):.2g}"))
    return ("+" if delta > 0 else "−") + text


def deviation(std: float, write: Digits) -> str:
    """Return a standard deviation in the digits of its column, or in its own where these would make it 0.

    >>> deviation(0.25, Digits([0.5])), deviation(0.000001, Digits([0.5]))
    ('0.2500', '1e-06')
    """
    text = write(std)
    return text if not std or (text and not math.isclose(float(text), 0)) else number(float(f"{std:.2g}"))


def is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and abs(value) < MAX_DOUBLE


def is_number(text: str) -> bool:
    """Tell whether a param reads as a number; such cells stand to the right.

    >>> [is_number(text) for text in ("1e-3", "64", "adam", "nan", "1_0", "")]
    [True, True, False, False, False, False]
    """
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
