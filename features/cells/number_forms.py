"""How people write numbers: digits in groups, a decimal mark, words for millions, currencies.

Each step replaces once in the text of the step before. An expression that asks a text twice would
compute all steps before it twice, and so on for each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import ibis.expr.types as ir

Mark = Literal[".", ","]

# Written out: the escapes for them differ from engine to engine.
SPACE = "[\\s\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]+"

_FORMS = (  # a group of thousands never begins with 0
    r"[1-9][0-9]{0,2}(?: [0-9]{3})+(?:[.,][0-9]+)?",
    r"[1-9][0-9]{0,2}(?:'[0-9]{3})+(?:[.,][0-9]+)?",
    r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?",
    r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]+)?",
    r"[0-9]+(?:[.,][0-9]*)?(?:e[+-]?[0-9]{1,2})?",
    r"[.,][0-9]+",
)
NUMBER = f"(?:{'|'.join(_FORMS)})"

# By their power of ten, the longest first: engines differ in whether they look for the longest.
# `mil` is left out, a thousand in Spanish and a million in English.
UNITS = {
    3: "thousands|thousand|tausend|duizend|mille|mila|teur|tsd|t€|k",
    5: "lakhs|lakh",
    6: "millionen|millones|millions|million|millón|millon|milione|milioni|milhões|milhão|miljoen|"
    "mill|mio|mln|mn|mm|m",
    7: "crores|crore",
    9: "milliarden|milliardi|milliards|milliarde|milliard|miliardi|miliardo|miljard|billions|"
    "billion|mrd|mia|mds|md|bln|bn|b",
}
UNIT = "|".join(UNITS.values())

# Of ISO 4217 those that companies bill in; more would let any three letters pass for money.
CURRENCY = (
    r"[a-z]{0,2}\$|[€£¥₹₽₺₩₪₫₴₦฿₱]|us-dollar|dollars|dollar|euros|euro|pounds|kr|zł|kč|ft|lei|rs|sfr|"
    "usd|eur|gbp|chf|jpy|cny|rmb|cad|aud|nzd|sek|nok|dkk|isk|pln|czk|huf|ron|bgn|try|rub|uah|inr|"
    "pkr|bdt|lkr|hkd|sgd|krw|twd|thb|idr|myr|php|vnd|brl|mxn|ars|clp|cop|pen|uyu|zar|ngn|ghs|kes|"
    "egp|mad|tnd|aed|sar|qar|kwd|ils"
)

_TIDY = (
    (SPACE, " "),
    ("[−–—‒]", "-"),
    ("[’‘`´]", "'"),
)
_MONEY = (
    (r"^([^()0-9]*)\(([^()]*)\)([^()0-9]*)$", r"-\1\2\3"),  # an accountant's negative number
    (rf"^([+-]?) ?(?:{CURRENCY})\.? ?([+-]?) ?([0-9.,])", r"\1\2\3"),
    (rf"([0-9.,]) ?(-?) ?({UNIT})?\.? ?(?:{CURRENCY})\.? ?(-?)$", r"\1\3\2\4"),
    (r"^([^+-](?:.*[^ +-])?) ?-$", r"-\1"),
    (r"^([+-]) ", r"\1"),
    (r" ?%$", ""),
    *((rf"([0-9.,]) ?(?:{words})\.?$", rf"\1e{power}") for power, words in UNITS.items()),
)
_HEAD, _GROUP = "^([+-]?[1-9][0-9]{0,2})", "([0-9]{3})"
_FRACTION, _UNIT_POWER = "[.,][0-9]+", "(?:e[0-9])?"


def _joined(between: str, groups: int, end: str) -> tuple[str, str]:
    """Match a number of so many groups of thousands, and write them together."""
    pattern = f"{_HEAD}{f'{between}{_GROUP}' * groups}({end})$"
    return pattern, "".join(rf"\{group}" for group in range(1, groups + 3))


_BLANKS_BETWEEN = tuple(
    _joined("[ ']", groups, f"(?:{_FRACTION})?{_UNIT_POWER}") for groups in (4, 3, 2, 1)
)
_DIGITS = "[0-9]{1,60}"  # more would be beyond all numbers
_WRITTEN_PLAINLY = rf"^[+-]?(?:{_DIGITS}(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]{{1,2}})?$"


def tidied(text: ir.StringValue) -> ir.StringValue:
    """Write one kind of blank, minus and apostrophe, in lower case."""
    return _replaced(text.lower(), _TIDY).strip()


def amount(
    text: ir.StringValue, decimal: Mark, *, thousands: tuple[Mark, ...] = ()
) -> ir.FloatingValue:
    """Read a tidied text that is one number as float64; null where it is anything else.

    The mark that is not `decimal` parts thousands where that is ambiguous, as in 1.234 and
    1,234; in numbers without a unit those of `thousands` do so too.
    """
    plain = _replaced(text, (*_MONEY, *_BLANKS_BETWEEN))
    for mark, other in ((",", r"\."), (r"\.", ",")):
        plain = _replaced(plain, _marks_between(mark, other))
        if mark[-1] != decimal:
            plain = plain.re_replace(f"{_HEAD}{mark}{_GROUP}({_UNIT_POWER})$", r"\1\2\3")
        elif mark[-1] in thousands:
            plain = plain.re_replace(f"{_HEAD}{mark}{_GROUP}$", r"\1\2")
    with_point = plain.re_replace("^([+-]?[0-9]*),([0-9e]*)$", r"\1.\2")
    # Where nothing matches this is null or empty, by engine; NULLIF would compute all of it twice.
    return with_point.re_extract(_WRITTEN_PLAINLY, 0).try_cast("float64")


def _marks_between(mark: str, other: str) -> tuple[tuple[str, str], ...]:
    """Join thousands where the form leaves no doubt: two marks or more, or another one behind."""
    behind = rf"{other}[0-9]+"
    told = (_joined(mark, groups, f"(?:{behind})?{_UNIT_POWER}") for groups in (4, 3, 2))
    return *told, _joined(mark, 1, f"{behind}{_UNIT_POWER}")


def _replaced(text: ir.StringValue, steps: tuple[tuple[str, str], ...]) -> ir.StringValue:
    for pattern, replacement in steps:
        text = text.re_replace(pattern, replacement)
    return text
