"""Values written in many formats are read back as they were, or `init` says what it cannot tell."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from leadscore.features.cells import YES, flag_cell, list_cell, measure_cell, number_cell, time_cell
from leadscore.features.contract import Reading
from leadscore.features.onboarding.profiles.cell_forms import choose_day_order, decimal_mark
from leadscore.features.onboarding.profiles.column_profile import missing_words, profile_columns
from leadscore.features.onboarding.profiles.file_sample import Sample

# Each example has several columns: profiling a table costs hardly more than a column.
EXAMPLES = int(os.environ.get("LEADSCORE_EXAMPLES", "10"))  # of each property
COLUMNS = 30  # an example
counted = Counter()  # columns by what they hold, and whether their cells told how they are read
drawn = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # messages name the cells; shrinking whole tables takes minutes
    suppress_health_check=list(HealthCheck),
)


def tables_of(column):
    """Draw tables of several columns."""
    return st.lists(column, min_size=1, max_size=COLUMNS)


def drafted(columns, name, **reading):
    """Profile columns of cells, each called `name`, and choose the reading of each by itself."""
    length = max(map(len, columns))
    names = [f"{name} {place}" for place in range(len(columns))]
    padded = [[*cells, *[""] * (length - len(cells))] for cells in columns]
    frame = pd.DataFrame(dict(zip(names, padded, strict=True)), dtype="str")
    profiles = profile_columns(frame, missing_words([Sample("", frame)]))
    found = []
    for each in names:
        decimal, order = decimal_mark([profiles[each]]), choose_day_order([profiles[each]], None)
        chosen = Reading(decimal=decimal.value, day_first=order.value, **reading)
        found.append((profiles[each], chosen, decimal.told and order.told))
    return found


def read_all(cell, columns):
    """Read several columns of cells, each with its own reading; one query a reading."""
    found = [[] for _ in columns]
    for reading in {reading for _cells, reading in columns}:
        places = [place for place, (_cells, own) in enumerate(columns) if own == reading]
        cells = [text for place in places for text in columns[place][0]]
        values = iter(read(cell, cells, reading))
        for place in places:
            found[place] = [next(values) for _ in columns[place][0]]
    return found


def read(cell, cells, reading):
    table = ibis.memtable(pa.table({"cell": pa.array(cells, type=pa.string())}))
    return cell(table.cell, reading).name("read").to_pyarrow().to_pylist()


# ---- Numbers and money --------------------------------------------------------------------

GROUPS = {
    ".": ("", ",", "'", " ", "\u202f", "\u00a0"),
    ",": ("", ".", "'", "\u2019", " ", "\u202f"),
}
MONEY = ("", "$", "€", "£", "USD", "EUR", "CHF", "SEK", "kr", "US$", "R$")
NEGATIVE = ("-{}", "\u2212{}", "({})", "{}-", "{} -")


@st.composite
def number_style(draw):
    decimal = draw(st.sampled_from([".", ","]))
    group = draw(st.sampled_from(GROUPS[decimal]))
    money = draw(st.sampled_from(MONEY))
    gap = draw(st.sampled_from(["", " ", "\u00a0"]))
    before = draw(st.booleans())
    negative = draw(st.sampled_from(NEGATIVE))
    places = draw(st.integers(0, 4))

    def written(number):
        whole, _, fraction = f"{abs(number):,.{places}f}".partition(".")
        text = whole.replace(",", group) + (decimal + fraction if fraction else "")
        if money:
            text = f"{money}{gap}{text}" if before else f"{text}{gap}{money}"
        return negative.format(text) if float(f"{number:.{places}f}") < 0 else text

    return decimal, group, places, written


numbers = st.one_of(
    st.floats(-1e9, 1e9, allow_nan=False),
    st.floats(-5000, 5000, allow_nan=False),
    st.integers(-20_000, 10_000_000).map(float),
)


@drawn
@given(table=tables_of(st.tuples(number_style(), st.lists(numbers, min_size=1, max_size=20))))
def test_money_is_read_back_or_init_says_that_the_mark_is_not_told(table):
    columns = [[written(each) for each in values] for (*_style, written), values in table]
    found = drafted(columns, "amount")
    readings = [(cells, reading) for cells, (_, reading, _) in zip(columns, found, strict=True)]
    back = read_all(number_cell, readings)
    for (style, values), cells, (column, _, told), got in zip(
        table, columns, found, back, strict=True
    ):
        counted["money", told] += 1
        assert column.kind == "number", cells
        if told:
            expected = [float(f"{each:.{style[2]}f}") for each in values]
            assert got == pytest.approx(expected, rel=1e-12), cells


UNITS = [("k", 1e3), ("K", 1e3), ("Tsd.", 1e3), ("M", 1e6), ("Mio.", 1e6), ("mn", 1e6), ("B", 1e9)]
UNITS += [("bn", 1e9), ("Mrd.", 1e9), ("million", 1e6), ("milliards", 1e9), ("Mio", 1e6)]
AROUND = ["{}", "€{}", "{} €", "${}", "USD {}", "{} EUR", "{}€"]


@drawn
@given(
    table=tables_of(
        st.tuples(
            st.sampled_from([".", ","]),
            st.sampled_from(UNITS),
            st.sampled_from(["", " ", "\u00a0"]),
            st.sampled_from(AROUND),
            st.lists(st.integers(0, 9_999), min_size=1, max_size=10),
        )
    )
)
def test_units_multiply(table):
    columns = [
        [money.format(f"{each / 10:.1f}".replace(".", mark) + gap + unit[0]) for each in tenths]
        for mark, unit, gap, money, tenths in table
    ]
    found = drafted(columns, "revenue")
    readings = [(cells, reading) for cells, (_, reading, _) in zip(columns, found, strict=True)]
    for drawn_column, cells, (column, _, _), got in zip(
        table, columns, found, read_all(number_cell, readings), strict=True
    ):
        _, (_, factor), _, _, tenths = drawn_column
        assert column.kind == "number", cells
        assert got == pytest.approx([each / 10 * factor for each in tenths], rel=1e-12), cells


BANDS = ("{}-{}", "{} - {}", "{} – {}", "{}–{}", "{} to {}", "{} bis {}", "{} à {}", "{} a {}")
OPEN_BANDS = (
    "{}+",
    "{} +",
    "{} and more",
    "ab {}",
    "> {}",
    "more than {}",
    "über {}",
    "plus de {}",
)
LOWEST = (
    "<{}",
    "< {}",
    "under {}",
    "unter {}",
    "less than {}",
    "bis {}",
    "moins de {}",
    "up to {}",
)


@st.composite
def bands(draw):
    edges = sorted(draw(st.sets(st.integers(1, 200_000), min_size=3, max_size=8)))
    group = draw(st.sampled_from(["", ",", ".", " ", "'", "\u202f"]))
    style, top = draw(st.sampled_from(BANDS)), draw(st.sampled_from(OPEN_BANDS))
    bottom = draw(st.sampled_from(LOWEST))
    around = draw(st.sampled_from(["{}", "{} employees", "{} Mitarbeiter", "{} people"]))
    texts = [f"{edge:,}".replace(",", group) for edge in edges]
    pairs = pairwise(texts)
    cells = [bottom.format(texts[0]), *(style.format(*each) for each in pairs)]
    cells = [around.format(cell) for cell in [*cells, top.format(texts[-1])]]
    return edges, cells, Reading(decimal=draw(st.sampled_from([".", ","])))


@drawn
@given(table=tables_of(bands()))
def test_bands_keep_their_order_and_begin_at_their_lower_end(table):
    back = read_all(measure_cell, [(cells, reading) for _, cells, reading in table])
    for (edges, cells, _), got in zip(table, back, strict=True):
        assert got[1:] == edges, cells
        assert got[0] == edges[0] / 2, cells


# ---- Moments --------------------------------------------------------------------------------

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
GERMAN = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August",
    "September", "Oktober", "November", "Dezember",
)  # fmt: skip
FRENCH = (
    "janv.", "févr.", "mars", "avr.", "mai", "juin",
    "juil.", "août", "sept.", "oct.", "nov.", "déc.",
)  # fmt: skip
SPANISH = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")
UNIT_OF = {"": "D", " %H:%M": "m", " %H:%M:%S": "s", ", %H:%M": "m", " %I:%M %p": "m"}
UNIT_OF |= {" %I:%M:%S %p": "s", ", %I:%M\u202f%p": "m", "T%H:%M:%S.000": "s"}
LOCAL = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d.%m.%y", "%m/%d/%y", "%d-%m-%Y", "%Y-%m-%d")
LOCAL += (
    "%Y/%m/%d",
    "%b %d, %Y",
    "%d %b %Y",
    "%d-%b-%y",
    "%B %d, %Y",
    "german",
    "french",
    "spanish",
)
INSTANTS = ("%Y-%m-%dT%H:%M:%S.000+0000", "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%dT%H:%M:%SZ")
INSTANTS += ("offset", "rfc", "s", "ms", "us", "ns")

moments = st.datetimes(datetime(2002, 1, 1), datetime(2032, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)


def by_name(moment, style):
    names, form = {
        "german": (GERMAN, "{}. {} {}"),
        "french": (FRENCH, "{} {} {}"),
        "spanish": (SPANISH, "{} {} {}"),
    }[style]
    return form.format(moment.day, names[moment.month - 1], moment.year)


def as_instant(moment, style, offset_minutes):
    """Write a moment in UTC so that the cell names its zone."""
    at = moment.replace(tzinfo=UTC)
    if style == "offset":
        return at.astimezone(timezone(timedelta(minutes=offset_minutes))).isoformat()
    if style == "rfc":
        local = at.astimezone(timezone(timedelta(minutes=offset_minutes)))
        return local.strftime("%a, %d %b %Y %H:%M:%S %z")
    digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}
    if style in digits:
        return f"{int(at.timestamp())}{'0' * digits[style]}"
    return at.strftime(style)


@st.composite
def local_dates(draw):
    """Draw moments to the unit that their clock shows, and their cells."""
    style = draw(st.sampled_from(LOCAL))
    clocks = [each for each in sorted(UNIT_OF) if style == "%Y-%m-%d" or each[:1] != "T"]
    clock = draw(st.sampled_from(clocks))
    found = [
        datetime.fromisoformat(str(np.datetime64(each).astype(f"M8[{UNIT_OF[clock]}]")))
        for each in draw(st.lists(moments, min_size=1, max_size=20))
    ]
    written = (each.strftime(style) if "%" in style else by_name(each, style) for each in found)
    return found, [date + at.strftime(clock) for date, at in zip(written, found, strict=True)]


@drawn
@given(table=tables_of(local_dates()), zone=st.sampled_from(ZONES))
def test_dates_are_read_back_or_init_says_that_the_order_is_not_told(table, zone):
    columns = [cells for _, cells in table]
    found = drafted(columns, "created at", timezone=zone)
    readings = [(cells, reading) for cells, (_, reading, _) in zip(columns, found, strict=True)]
    for (values, cells), (column, _, told), got in zip(
        table, found, read_all(time_cell, readings), strict=True
    ):
        counted["dates", told] += 1
        assert column.kind == "date", cells
        if told:
            pairs = zip(got, values, strict=True)
            wrong = [one for one, other in pairs if not same_wall_clock(one, other, zone)]
            assert not wrong, (cells, wrong)


def same_wall_clock(moment, local, zone):
    """Compare a moment in UTC with a local one; a change of summer time has no one answer."""
    at = local.replace(tzinfo=ZoneInfo(zone))
    if at.utcoffset() != at.replace(fold=1).utcoffset():
        return moment is not None
    return moment == at.astimezone(UTC).replace(tzinfo=None)


@st.composite
def instants(draw):
    style, quarters = draw(st.sampled_from(INSTANTS)), draw(st.integers(-44, 52))
    found = draw(st.lists(moments, min_size=1, max_size=10))
    return found, [as_instant(moment, style, 15 * quarters) for moment in found]


@drawn
@given(table=tables_of(instants()), zone=st.sampled_from(ZONES))
def test_a_cell_with_a_zone_or_since_1970_is_the_same_instant_in_any_zone(table, zone):
    found = drafted([cells for _, cells in table], "Created Date", timezone=zone)
    readings = [(cells, each[1]) for (_, cells), each in zip(table, found, strict=True)]
    for (values, cells), (column, _, told), got in zip(
        table, found, read_all(time_cell, readings), strict=True
    ):
        assert (column.kind, told) == ("date", True), cells
        assert got == values, cells


@drawn
@given(found=st.lists(moments, min_size=1, max_size=50), mark=st.sampled_from([".", ","]))
def test_days_of_excel_are_dates_in_a_column_that_says_so(found, mark):
    days = [(moment - datetime(1899, 12, 30)) / timedelta(days=1) for moment in found]
    cells = [f"{day:.10f}".replace(".", mark) for day in days]
    ((column, reading, _told),) = drafted([cells], "Created Date")
    assert column.kind == "date", cells
    assert read(time_cell, cells, reading) == found


# ---- Yes and no, and lists ------------------------------------------------------------------

FLAGS = (("yes", "no"), ("ja", "nein"), ("oui", "non"), ("sí", "no"), ("sim", "não"), ("1", "0"))
FLAGS += (("true", "false"), ("wahr", "falsch"), ("vrai", "faux"), ("verdadero", "falso"))
FLAGS += (("ja", "nee"), ("vero", "falso"), ("t", "f"), ("y", "n"), ("1.0", "0.0"))


@drawn
@given(
    words=st.sampled_from(FLAGS),
    case=st.sampled_from([str, str.upper, str.title]),
    flags=st.lists(st.one_of(st.booleans(), st.none()), min_size=1, max_size=20),
)
def test_yes_and_no_are_read_back_in_any_language_and_case(words, case, flags):
    cells = [None if flag is None else case(words[not flag]) for flag in flags]
    assert read(flag_cell, [*cells, "maybe"], Reading()) == [*flags, None]


@drawn
@given(
    choices=st.lists(st.sampled_from(["Email", "Phone", "Web Site", "Öl"]), min_size=2, max_size=6),
    separator=st.sampled_from([";", "; ", "|", " | "]),
    shuffled=st.randoms(use_true_random=False),
)
def test_choices_in_a_cell_are_a_set(choices, separator, shuffled):
    again = list(choices)
    shuffled.shuffle(again)
    found = read(list_cell, [separator.join(choices), separator.join(again)], Reading())
    assert found[0] == found[1] == ";".join(sorted(set(choices)))


def test_a_word_for_yes_is_none_for_no():
    assert read(flag_cell, list(YES), Reading()) == [True] * len(YES)
