"""Quantities that are not written as plain numbers: what a person wrote as a number and a parser takes for a word.

Each text has a sort of its own; whether a column is one of quantities is a matter of all its texts, because "5m" may be
a length and "5A" is a seat.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from enum import Enum


class Sort(Enum):
    """How a text is a quantity: surely; or only if the other texts of its column are like it, as they decide."""

    SURE = "another notation"
    LETTER = "a number and one letter, which may be a unit"
    BOUND = "a number and a sign for less, more or about"
    BLOCKS = "blocks of three digits, which may be a code"
    COUNT = "a number and a word, or two numbers"


# A longer text is none. What people see as nothing, as a blank, as a sign, a point or a comma.
LONGEST = 60
NOTHING = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
BLANKS = "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
SAME = {
    **dict.fromkeys(NOTHING, ""),
    **dict.fromkeys(BLANKS, " "),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2018\u2019\u02bc\u00b4`\u2032\uff07", "'"),
    **dict.fromkeys("\u201c\u201d\u2033", '"'),
    **dict.fromkeys("\uff05\u066a", "%"),
    **dict.fromkeys("\uff0e\u066b\u00b7", "."),
    **dict.fromkeys("\uff0c\u066c", ","),
}
LIKE = {"\uff0b": "+", "\uff1c": "<", "\uff1e": ">", "\u00d7": "x", "\u03bc": "\u00b5", "\u00ba": "\u00b0"}
PLAIN = str.maketrans(SAME | LIKE)
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")

SIGN = r"[-+]?\ *"
GROUPED = r"(?:[1-9]\d{0,2}(?:(?:,\d{2})*,\d{3}|(?:\.\d{3}){2,}|(?:['_ ]\d{3})+|\.\d{3}(?=,))(?:[.,]\d+)?)"
DIGITS = rf"(?:{GROUPED}|\d+(?:[.,]\d*)?|[.,]\d+|(?i:inf(?:inity)?))"
POWER = r"(?:[eE][-+]?\d+|\ ?[x*.]\ ?10\ ?(?:\^|\*\*)?\ ?[-+]?\d+)"
FORTRAN = r"(?:(?:\d+\.\d*|\.\d+)[dD][-+]?\d+|\d+[dD][-+]\d+)"
NUMBER = rf"(?:{FORTRAN}|{DIGITS}{POWER}?)"
CODES = (
    "EUR|USD|GBP|JPY|CHF|CNY|RMB|INR|AUD|CAD|NZD|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|BGN|TRY|RUB|UAH|ILS|BRL|MXN|ARS|CLP|COP"
    "|ZAR|KRW|SGD|HKD|TWD|THB|IDR|MYR|PHP|VND|AED|SAR|EGP|NGN|KES"
)
SYMBOL = (
    r"(?:(?:US|AU?|CA?|NZ?|HK|S|R|MX|NT)?\$|[\u00a2-\u00a5\u058f\u060b\u0e3f\u20a0-\u20cf\ufdfc\uffe0\uffe1\uffe5])"
)
CODE = rf"(?:{CODES}|{CODES.lower()})"
BEFORE = rf"(?:{SYMBOL}\ *{SIGN}|(?:{CODE}|Rs\.?|(?:[Kk]r|S?Fr|SFR)(?:\.|\ ))(?:\ *\ [-+])?\ *)"
LOCAL = r"z\u0142|K\u010d|Ft|lei|TL|Lt|\u0440\u0443\u0431\.?|\u5143|\u5186|\uc6d0"
AFTER = rf"(?:{SYMBOL}|{CODE}|Rs\.?|[Kk]r\.?|S?Fr\.?|{LOCAL})"
PERCENT = r"(?:%|\u2030|pct\.?|percent|per\ cent)"
LENGTH = r"nm|\u00b5m|um|mm|cm|dm|km|[Kk]ms|KMS?|mi|miles?|ft|feet|foot|in|inch(?:es)?|yds?|yards?|met(?:er|re)s?"
AREA = (
    r"(?:mm|cm|dm|km|m|ft|in)(?:\^?[23]|[\u00b2\u00b3])|sq\.?\ ?(?:ft|m|km|mi|feet|met(?:er|re)s)\.?|sqft|sqm|ha"
    r"|acres?|hectares?"
)
MASS = r"ng|\u00b5g|ug|mcg|mg|[Kk]gs?|KGS?|[Gg]rams?|[Kk]ilos?|lbs?\.?|pounds?|oz\.?|ounces?|[Tt]ons?|[Tt]onnes?"
VOLUME = r"\u00b5[lL]|ul|m[lL]|c[lL]|d[lL]|hl|lit(?:er|re)s?|gal|gallons?|cc|CC"
TIME = (
    r"ns|\u00b5s|ms|[Ss]ecs?|[Ss]econds?|[Mm]ins?|[Mm]inutes?|[Hh]rs?|[Hh]ours?|[Dd]ays?|[Ww]eeks?|[Ww]ks?|[Mm]onths?|mos|[Yy]ears?|[Yy]rs?"
    r"|Tage?|Jahre?|Monate?"
    r"|ans?|jours?|mois|a\u00f1os?|meses|d\u00edas?"
)
PHYSICS = (
    r"\u00b0\ ?[CFK]?|deg|degC|degF|[kMhG]?Pa|m?bar|psi|mmHg|atm|[kMG]?Hz|[kmMG]W|[kMGm]?Wh|k?J|kcal|[km]V|mA|mAh|Ah"
    r"|[mn\u00b5]?mol|[kKMGT]i?B|[kMG]bps|[kKMG]bit/s|mph|km/h|kmh|kph|m/s|bpm|rpm|dBm?|pp[mb]|hp|bhp|PS|px|IU|kmpl|km/l|km/kg|mpg|MPG|Nm|[Ll]akhs?|[Ll]acs?|[Cc]rores?|Cr"
)
OVER = r"(?:[munpk\u00b5]?(?:g|mol|U|IU|kat)|cells|counts|lbs?|mi|\$|\u20ac|MB|GB|k?Wh)"
UNDER = r"(?:[md\u00b5]?[lL]|kg|c?m[23\u00b2\u00b3]|gal|hr?|s|min|day|d|hpf|kWh)"
OF_UNITS = rf"{OVER}/{UNDER}"
UNIT = rf"(?:{OF_UNITS}|{LENGTH}|{AREA}|{MASS}|{VOLUME}|{TIME}|{PHYSICS})"
FEET = r"""\d+\ ?'(?:\ ?\d+(?:\.\d+)?\ ?(?:"|'')?)?|\d+(?:\.\d+)?\ ?(?:"|'')"""
MONEY_OR_SHARE = rf"(?:{BEFORE}{NUMBER}(?:\ ?[kKMB]|\ ?(?:mn|bn|million|billion))?|{PERCENT}\ *{NUMBER})"

# Of numbers with units in a row, as in 3d 4h, there are four at most: more would be tried in every combination.
SURE = re.compile(
    rf"""{SIGN}(?:{MONEY_OR_SHARE}|{FEET}
    |{NUMBER}\ *(?:{PERCENT}|{AFTER}|{UNIT})?(?:\ ?(?:\u00b1|\+/-|\+-)\ ?{NUMBER}\ *{UNIT}?)?
    |(?:{NUMBER}\ ?(?:{UNIT}|[dhms])(?:\ |,\ )?){{2,4}}
    |{NUMBER}(?:,-+|\.-+)|{NUMBER}\ ?(?:mn|bn|million|billion|thousand)\ *{AFTER}?)|{GROUPED}\+|\d+[.,]\d+-""",
    re.VERBOSE,
)
FRACTION = "fraction"
LETTER = re.compile(rf"(?!\d*0s){SIGN}{NUMBER}\ ?(?P<letter>[mglLshWVAFxkKMB])")
BOUND = re.compile(
    r"(?P<bound><=?|>=?|\u2264|\u2265|\u2a7d|\u2a7e|~|\u2248|&lt;|&gt;|ca?\.|ca\b|approx\.?|about|circa)\ *(?P<rest>.+)"
)
BLOCKS = re.compile(r"\d{3}(?:\ \d{3})+")
NOT_COUNTED = r"(?:st|nd|rd|th|am|pm|jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)\b"
COUNT = re.compile(rf"{SIGN}{NUMBER}(?:\ (?!{NOT_COUNTED})(?P<word>[^\W\d_]{{2,}})\.?|\ ?/\ ?\d+)", re.IGNORECASE)
DIGIT = re.compile(r"\d|inf", re.IGNORECASE)
QUOTED = re.compile(r"""=?"(.*)"|'(.+)'|\((.+)\)|=(.+)""")


def sort_of(text: str) -> tuple[Sort, str] | None:
    """How a text that is no plain number is a quantity, and what it shares with others of that sort; None if it is not.

    Digits of any script are digits, blanks of any kind are blanks, and those of no width are nothing.
    """
    if len(text) > LONGEST or not DIGIT.search(text):
        return None
    plain = _plain(text)
    inner = QUOTED.fullmatch(plain)
    if inner is not None:
        plain = next(group for group in inner.groups() if group is not None).strip()
    if BLOCKS.fullmatch(plain):
        return Sort.BLOCKS, re.sub(r"\d", "0", plain)
    if SURE.fullmatch(plain):
        return Sort.SURE, ""
    return _doubtful(plain)


def _plain(text: str) -> str:
    text = text.translate(PLAIN).strip()
    if text.isascii():
        return text
    text = re.sub(r"(?<=10)[⁺⁻]?[⁰¹²³⁴-⁹]+", lambda power: "^" + power[0].translate(SUPERSCRIPTS), text)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _doubtful(plain: str) -> tuple[Sort, str] | None:
    letter, bound = LETTER.fullmatch(plain), BOUND.fullmatch(plain)
    if letter is not None:
        return Sort.LETTER, FRACTION if "." in plain or "," in plain else letter["letter"]
    if bound is not None and (SURE.fullmatch(bound["rest"]) or LETTER.fullmatch(bound["rest"])):
        return Sort.BOUND, bound["bound"]
    count = COUNT.fullmatch(plain)
    return None if count is None else (Sort.COUNT, count["word"] or "")


def quantities(texts: Iterable[str]) -> tuple[int, int]:
    """How many of the texts of a column are quantities nearly for certain, and how many may be.

    A letter is a unit if one of the numbers has a fraction. Signs for less or more are those of quantities, not of
    classes, if more than one text has the same, or others are quantities. Blocks of three digits are one number if they
    are not all of one length. A number and a word, or two numbers, may be a quantity if others are like it.
    """
    met: dict[Sort, Counter[str]] = {sort: Counter() for sort in Sort}
    for sort in map(sort_of, texts):
        if sort is not None:
            met[sort[0]][sort[1]] += 1
    sure, bounds, blocks = met[Sort.SURE].total(), met[Sort.BOUND], met[Sort.BLOCKS]
    bounded = bounds.total() if sure > bounds.total() or max(bounds.values(), default=0) > 1 else 0
    letters, unit = met[Sort.LETTER], met[Sort.LETTER].total() if met[Sort.LETTER][FRACTION] else 0
    surely = sure + bounded + unit + (blocks.total() if len(blocks) > 1 or sure else 0)
    alike = max([*met[Sort.COUNT].values(), *(letters.values() if not unit else ())], default=0)
    return surely, surely + (alike if alike > 1 else 0)
