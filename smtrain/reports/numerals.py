"""Many numbers as text at a time, with the digits and in the notation of Python's repr; and rounded to some digits."""

import numpy as np
import orjson
from numpy.typing import NDArray

from smtrain.softmax.design import Floats

# In every version orjson has the notation of repr below the first, and from the second to the third.
TINY, SMALL, LARGE = 1e-9, 1e-4, 1e16
# The powers of ten that are doubles, and how many digits an integer may have so that every one is a double.
POWERS = np.array([float(10**exponent) for exponent in range(23)])
EXACT_DIGITS = 15


def number_texts(values: Floats) -> list[list[str]]:
    """The shortest text of each number of a matrix, not empty, that reads back exactly, by lines: what repr gives.

    orjson finds the digits several times as fast as repr does.
    """
    flat = np.asarray(values, np.float64).ravel()
    texts = orjson.dumps(flat, option=orjson.OPT_SERIALIZE_NUMPY).decode()[1:-1].split(",")
    sizes = np.abs(flat)
    for i in np.flatnonzero((sizes >= TINY) & (sizes < SMALL)).tolist():
        texts[i] = _with_two_digits_of_exponent(texts[i])
    for i in np.flatnonzero(~(sizes < LARGE)).tolist():
        texts[i] = repr(float(flat[i]))
    length = values.shape[1]
    return [texts[start : start + length] for start in range(0, len(texts), length)]


def _with_two_digits_of_exponent(text: str) -> str:
    """1.23e-5 or 0.0000123 as 1.23e-05; what is so already stays."""
    if text[-2] == "-":
        return f"{text[:-1]}0{text[-1]}"
    sign, found, digits = text.partition("0.0000")
    if not found:
        return text
    return f"{sign}{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e-05"


@np.errstate(divide="ignore", invalid="ignore")  # of 0, and of what is not finite
def rounded(values: Floats, digits: int | None) -> Floats:
    """Numbers that are not negative, to `digits` significant digits, 1 to 17; None leaves them as they are.

    Each becomes the double that is nearest to the decimal number that is nearest to it; of two, the even one.
    """
    if digits is None:
        return values
    shifts = digits - 1 - np.floor(np.log10(values))
    powers = POWERS[np.clip(np.nan_to_num(shifts), 0, len(POWERS) - 1).astype(np.intp)]
    scaled = values * powers
    nearest = np.rint(scaled)
    # The quotient of two exact numbers is the nearest double; but the product is rounded, so nearly a tie may be none.
    sure = np.abs(np.abs(scaled - nearest) - 0.5) > scaled * np.finfo(np.float64).eps
    sure &= (shifts >= 0) & (shifts < len(POWERS)) & (digits <= EXACT_DIGITS) | (values == 0)
    found: NDArray[np.float64] = nearest / powers
    found[~sure] = [float(f"{value:.{digits - 1}e}") for value in values[~sure].tolist()]
    return found
