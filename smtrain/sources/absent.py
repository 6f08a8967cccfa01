"""Texts that people write where there is no value."""

import re

# Texts that people write for a missing value, in small letters, beside those that are always taken for one.
NA_WORDS = r"""
? ?? ??? - -- --- . .. ... * # n.a. n.a n/a na n\a nan -nan null nil none nul empty blank unknown unk unkn. missing
undefined unspecified unavailable tbd tba tbc n.d. nd n/d nr n.r. k.a. #na #n/a #n/a! #ref! #value! #div/0! #name?
#null! #num! #spill! #calc! #getting_data #error! nat pd.na \n 1.#ind -1.#ind 1.#qnan -1.#qnan 1.#inf -1.#inf 1.#snan
'' "" --none--
"""
NA_LIKE = {
    *("", "not available", "not applicable", "not known", "no data", "not specified", "not recorded", "not reported"),
    *("not stated", "no value", "no answer", "no response", "don't know", "prefer not to say", "#n/a n/a", "no info"),
    *NA_WORDS.split(),
}
BRACKETS = re.compile(r"[(<\[{](.*)[)>\]}]")


def means_missing(text: str) -> bool:
    """Whether people write a text for a missing value: nothing but blanks, a word for it, such a word in brackets."""
    plain = text.strip().casefold()
    inner = BRACKETS.fullmatch(plain)
    return plain in NA_LIKE or (inner is not None and inner[1].strip() in NA_LIKE)
