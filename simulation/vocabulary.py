"""The values of the simulated leads' cells, and what each is worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Texts = NDArray[np.object_]


class Level(NamedTuple):
    """One value of an attribute: how frequent it is, and its effects in logits."""

    share: float
    fit: float = 0.0
    deal: float = 0.0
    activity: float = 0.0
    seniority: str = ""
    medium: str = ""
    reaction: int = 1


INDUSTRIES = {
    "Software": Level(0.20, 0.5, 0.2),
    "Manufacturing": Level(0.15, 0.1, 0.3),
    "Finance": Level(0.11, 0.3, 0.5),
    "Healthcare": Level(0.10, -0.1, 0.3),
    "Retail": Level(0.12, 0.0, -0.2),
    "Professional Services": Level(0.10, 0.2, -0.1),
    "Education": Level(0.08, -0.9, -0.7),
    "Public Sector": Level(0.06, -0.8, 0.2),
    "Logistics": Level(0.05, 0.1, 0.1),
    "Non-profit": Level(0.03, -1.0, -0.9),
}
COUNTRIES = {
    "Germany": Level(0.26, 0.3),
    "Netherlands": Level(0.14, 0.3),
    "United Kingdom": Level(0.14, 0.2),
    "France": Level(0.12, 0.0),
    "United States": Level(0.13, 0.1),
    "Austria": Level(0.05, 0.2),
    "Switzerland": Level(0.05, 0.2),
    "Spain": Level(0.04, -0.2),
    "India": Level(0.05, -0.8),
    "Brazil": Level(0.02, -0.7),
}
SOURCES = {  # bought clicks mean little, recommendations much
    "google": Level(0.26, 0.0, 0.0, 0.1, medium="cpc"),
    "organic": Level(0.20, 0.3, 0.1, 0.3, medium="search", reaction=2),
    "linkedin": Level(0.14, 0.1, 0.0, -0.1, medium="paid social", reaction=0),
    "facebook": Level(0.10, -0.8, -0.4, -0.3, medium="paid social", reaction=0),
    "newsletter": Level(0.10, -0.2, 0.0, 0.4, medium="email"),
    "direct": Level(0.08, 0.2, 0.1, 0.2, medium="none"),
    "referral": Level(0.05, 0.8, 0.4, 0.3, medium="referral", reaction=2),
    "partner": Level(0.04, 0.7, 0.6, 0.0, medium="referral", reaction=2),
    "trade show": Level(0.03, 0.1, 0.2, -0.4, medium="offline"),
}
LANDING_PAGES = {
    "/blog": Level(0.24, -0.4, activity=-0.2),
    "/whitepaper": Level(0.22, -0.1, activity=0.1),
    "/webinar": Level(0.14, 0.1, activity=0.3),
    "/": Level(0.16, 0.0),
    "/pricing": Level(0.12, 0.5, activity=0.3),
    "/demo": Level(0.07, 0.8, activity=0.4),
    "/careers": Level(0.05, -1.2, activity=-0.5),
}
CAMPAIGN_STARTS = {  # day of the first lead; one starts mid-way, as campaigns do
    "brand-always-on": 0,
    "analyst-report": 0,
    "webinar-series": 90,
    "spring-launch-2026": 400,
}
CAMPAIGN_SOURCES = ("google", "linkedin", "facebook", "newsletter", "trade show")
SENIORITIES = ("chief", "vp", "director", "manager", "staff", "student")

_CHIEF, _VP, _DIRECTOR = (0.5, 0.6), (0.8, 0.5), (0.6, 0.3)  # fit, deal
_MANAGER, _STAFF, _STUDENT = (0.2, 0.0), (-0.4, -0.3), (-1.6, -1.0)
_MARKETING, _SALES, _OTHER, _SUPPORT = 0.5, 0.3, 0.0, -0.5  # the product is for marketing


def _title(
    share: float, seniority: str, worth: tuple[float, float], department: float = _OTHER
) -> Level:
    return Level(share, worth[0] + department, worth[1], seniority=seniority)


TITLES = {
    "CEO": _title(4, "chief", _CHIEF),
    "Chief Executive Officer": _title(1, "chief", _CHIEF),
    "Founder & CEO": _title(3, "chief", _CHIEF),
    "Owner": _title(3, "chief", _CHIEF),
    "Geschäftsführer": _title(4, "chief", _CHIEF),
    "Managing Director": _title(3, "chief", _CHIEF),
    "CMO": _title(3, "chief", _CHIEF, _MARKETING),
    "Chief Marketing Officer": _title(2, "chief", _CHIEF, _MARKETING),
    "Chief Revenue Officer": _title(1, "chief", _CHIEF, _SALES),
    "CTO": _title(3, "chief", _CHIEF, _SUPPORT),
    "CFO": _title(2, "chief", _CHIEF, _SUPPORT),
    "VP of Marketing": _title(4, "vp", _VP, _MARKETING),
    "VP Marketing": _title(2, "vp", _VP, _MARKETING),
    "Vice President, Sales": _title(3, "vp", _VP, _SALES),
    "VP Engineering": _title(2, "vp", _VP, _SUPPORT),
    "SVP Operations": _title(1, "vp", _VP),
    "Director of Marketing": _title(4, "director", _DIRECTOR, _MARKETING),
    "Director, Demand Generation": _title(2, "director", _DIRECTOR, _MARKETING),
    "Head of Marketing": _title(4, "director", _DIRECTOR, _MARKETING),
    "Head of Sales": _title(3, "director", _DIRECTOR, _SALES),
    "Sales Director": _title(2, "director", _DIRECTOR, _SALES),
    "IT Director": _title(2, "director", _DIRECTOR, _SUPPORT),
    "Leiter Marketing": _title(2, "director", _DIRECTOR, _MARKETING),
    "Directeur Commercial": _title(1, "director", _DIRECTOR, _SALES),
    "Marketing Manager": _title(8, "manager", _MANAGER, _MARKETING),
    "Senior Marketing Manager": _title(3, "manager", _MANAGER, _MARKETING),
    "Marketing Operations Manager": _title(3, "manager", _MANAGER, _MARKETING),
    "Account Manager": _title(3, "manager", _MANAGER, _SALES),
    "Sales Manager": _title(4, "manager", _MANAGER, _SALES),
    "Operations Manager": _title(3, "manager", _MANAGER),
    "Project Manager": _title(3, "manager", _MANAGER),
    "HR Manager": _title(2, "manager", _MANAGER, _SUPPORT),
    "IT Manager": _title(3, "manager", _MANAGER, _SUPPORT),
    "Marketing Specialist": _title(5, "staff", _STAFF, _MARKETING),
    "Marketing Coordinator": _title(3, "staff", _STAFF, _MARKETING),
    "Sales Representative": _title(4, "staff", _STAFF, _SALES),
    "Business Analyst": _title(4, "staff", _STAFF),
    "Consultant": _title(4, "staff", _STAFF),
    "Software Engineer": _title(5, "staff", _STAFF, _SUPPORT),
    "Sr. Software Engineer": _title(3, "staff", _STAFF, _SUPPORT),
    "Data Analyst": _title(3, "staff", _STAFF, _SUPPORT),
    "HR Assistant": _title(2, "staff", _STAFF, _SUPPORT),
    "Sachbearbeiter": _title(2, "staff", _STAFF),
    "Student": _title(4, "student", _STUDENT),
    "Marketing Intern": _title(2, "student", _STUDENT),
    "Praktikant": _title(1, "student", _STUDENT),
}

# fmt: off
_GIVEN = (
    "Anna", "Ben", "Carla", "David", "Elif", "Felix", "Grace", "Hugo", "Ines", "Jan", "Kim",
    "Lars", "Mia", "Noah", "Olga", "Paul",
)
_FAMILY = (
    "Adams", "Bakker", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Huber", "Iyer",
    "Jansen", "Klein", "Lopez",
)
_BEGINNINGS = (
    "Al", "Bel", "Cor", "Dan", "Er", "Fal", "Gran", "Hel", "In", "Jor", "Kal", "Lum", "Mar",
    "Nor", "Or", "Pel", "Quan", "Ro", "Sol", "Ter",
)
_MIDDLES = (
    "ba", "de", "fi", "go", "ka", "la", "me", "ni", "po", "ra", "sa", "te", "va", "vi", "wa",
    "xa", "ze", "lo", "mi", "tu",
)
_ENDINGS = (
    "con", "dex", "form", "gen", "line", "lux", "mart", "net", "pax", "ron", "soft", "tech",
    "tron", "vest", "wave", "works",
)
# fmt: on
_FORMS = ("GmbH", "B.V.", "Ltd", "Inc.", "S.A.", "AG")
_FREE_MAIL = ("gmail.com", "outlook.com", "yahoo.com", "gmx.de", "hotmail.com")
_NO_ADDRESS = ("", "", "none", "test@test", "n/a", "info(at)company")
MISSING_WORDS = ("", "", "unknown", "n/a")  # half of the gaps are honest ones
OFFSET_SHARE = 0.05  # one form in twenty writes its own zone
SHUFFLING_PRIME = 78_989  # shares no factor with the number of names: neighbours look unlike
IMPLAUSIBLE_SHARE = 0.01  # people who want the paper and not the call


def company_names(account: Ints) -> tuple[Texts, Texts]:
    """Name each account, no two alike, with the domain its e-mail comes from."""
    syllables = (_ENDINGS, _MIDDLES, _MIDDLES, _BEGINNINGS)
    names = math.prod(len(choice) for choice in syllables)
    rest = account % names * SHUFFLING_PRIME % names
    stem = np.where(account < names, "", (account // names).astype(str).astype(object))
    for choice in syllables:
        stem = np.array(choice, dtype=object)[rest % len(choice)] + stem
        rest = rest // len(choice)
    name = stem + " " + np.array(_FORMS, dtype=object)[account % len(_FORMS)]
    lower = np.array([text.lower() for text in stem.tolist()], dtype=object)
    domain: Texts = (lower + ".example").astype(object)
    return name, domain


def person_names(rng: np.random.Generator, size: int) -> tuple[Texts, Texts]:
    """Draw given and family names, a few of them keyboard noise, a few empty."""
    given: Texts = rng.choice(np.array(_GIVEN, dtype=object), size)
    family: Texts = rng.choice(np.array(_FAMILY, dtype=object), size)
    noise = rng.random(size) < IMPLAUSIBLE_SHARE
    gap = rng.random(size) < 0.04
    return np.where(noise, "asdf", given), np.where(noise, "asdf", np.where(gap, "", family))


def email_addresses(
    rng: np.random.Generator,
    given: Texts,
    family: Texts,
    domain: Texts,
    *,
    corporate: Flags,
    free_mail: Flags,
) -> Texts:
    """Write each lead's address: at its company, at a free provider, or none."""
    size = given.size
    person = np.array([text.lower() for text in (given + "." + family).tolist()], dtype=object)
    number = rng.integers(1, 1000, size).astype(str).astype(object)
    provider = rng.choice(np.array(_FREE_MAIL, dtype=object), size)
    private = person + ".example" + number + "@" + provider  # belongs to no person
    nothing = rng.choice(np.array(_NO_ADDRESS, dtype=object), size)
    return np.where(corporate, person + "@" + domain, np.where(free_mail, private, nothing))


def phone_numbers(rng: np.random.Generator, size: int) -> Texts:
    """Write phone numbers, a third left empty and a few made up by the lead."""
    digits = rng.integers(10_000_000, 99_999_999, size).astype(str).astype(object)
    prefix = rng.choice(np.array(["+49 30 ", "+31 20 ", "+44 20 ", "030/"], dtype=object), size)
    kind = rng.random(size)
    return np.where(kind < IMPLAUSIBLE_SHARE, "00000", np.where(kind < 0.33, "", prefix + digits))


def text_cells(rng: np.random.Generator, names: tuple[str, ...], codes: Ints) -> Texts:
    """Write the names of levels; missing ones empty or as a word for it."""
    words = rng.choice(np.array(MISSING_WORDS, dtype=object), codes.size)
    return np.where(codes < 0, words, np.array(names, dtype=object)[codes])


def number_cells(rng: np.random.Generator, numbers: Ints, *, separated: float) -> Texts:
    """Write numbers, a share of them with separators; 0 is missing."""
    words = rng.choice(np.array(MISSING_WORDS, dtype=object), numbers.size)
    plain = numbers.astype(str).astype(object)
    commas = np.array([f"{number:,}" for number in numbers.tolist()], dtype=object)
    written = np.where(rng.random(numbers.size) < separated, commas, plain)
    return np.where(numbers == 0, words, written)


def time_cells(rng: np.random.Generator, instants: NDArray[np.datetime64]) -> Texts:
    """Write instants in ISO 8601, most in UTC and some with an offset."""
    hour_on = instants + np.timedelta64(1, "h")
    in_utc: Texts = np.char.add(np.datetime_as_string(instants, unit="s"), "Z").astype(object)
    in_zone: Texts = np.char.add(np.datetime_as_string(hour_on, unit="s"), "+01:00").astype(object)
    return np.where(rng.random(instants.size) < OFFSET_SHARE, in_zone, in_utc)
