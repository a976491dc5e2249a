"""The words by which columns of leads tables are known, and the forms of personal cells."""

from __future__ import annotations

ID_WORDS = (
    "id",
    "ids",
    "uuid",
    "guid",
    "key",
    "number",
    "no",
    "nr",
    "num",
    "code",
    "ref",
    "reference",
)
ID_NOUNS = (
    *("lead", "prospect", "contact", "customer", "client", "user", "person", "opportunity", "deal"),
    *("case", "record", "application", "inquiry"),
)
INDEX_WORDS = ("unnamed", "index", "row", "rownum", "row number", "column 1")

# Identifiers differ from lead to lead; a repeated row or two does not make them anything else.
IDENTIFIER_SHARE = 0.97
# Text of which every other cell is new names leads, not kinds of leads.
FREE_TEXT_SHARE = 0.5
FREE_TEXT_CELLS = 20  # in fewer cells, all different means nothing
PATTERN_SHARE = 0.6  # most e-mails or phone numbers look like one; the rest are typing errors

EMAIL_FORM = r"[^@\s]+@[^@\s]+"
PHONE_FORM = r"[+(]?\d[\d\s()./+-]{5,}(\s*(x|ext)\.?\s*\d+)?"
LINK_FORM = r"(https?://|www\.)\S+"
UUID_FORM = r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?"
LETTERS_FORM = r"[^\W\d_][^\d@/]*"

EMAIL_WORDS = ("email", "e mail", "mail", "email address")
PHONE_WORDS = (
    "phone",
    "mobile",
    "telephone",
    "telefon",
    "tel",
    "cell",
    "fax",
    "whatsapp",
    "msisdn",
)
NAME_TERMS = {
    "first_name": ("first name", "given name", "forename", "fname", "vorname", "prenom", "nombre"),
    "last_name": ("last name", "surname", "family name", "lname", "nachname", "apellido"),
    "full_name": (
        *("full name", "contact name", "contact person", "person name", "lead name"),
        *("customer name", "ansprechpartner", "ansprechpartnerin", "kontaktperson"),
        *("contactpersoon", "nombre completo", "nom complet", "persona de contacto"),
    ),
}
PERSONAL_WORDS = (
    *("birth", "birthday", "birthdate", "dob", "street", "address", "ip", "ip address", "ssn"),
    *("linkedin", "twitter", "facebook profile", "skype", "passport", "postal address", "initials"),
)

# Names of what is written when the deal is closed or lost: its date, its value, its reason.
ENDINGS_WORDS = (
    "close",
    "closed",
    "closing",
    "won",
    "win",
    "lost",
    "loss",
    "converted",
    "conversion",
    "churn",
)
FACTS_OF_ENDINGS_WORDS = (
    "date",
    "value",
    "amount",
    "reason",
    "time",
    "at",
    "on",
    "revenue",
    "by",
    "day",
)

VALUE_WORDS = (
    *("amount", "acv", "tcv", "arr", "mrr", "deal size", "budget amount"),
    *(
        f"{deal} {value}"
        for deal in (
            "deal",
            "opportunity",
            "opp",
            "order",
            "contract",
            "expected",
            "estimated",
            "quote",
        )
        for value in ("value", "revenue", "price")
    ),
)

CHANNEL_TERMS = {
    "source": ("source", "utm source", "lead source", "traffic source", "quelle", "fuente"),
    "medium": ("medium", "utm medium"),
    "campaign": ("campaign", "utm campaign", "campaign name", "kampagne", "campana"),
    "landing_page": ("landing page", "landing url", "entry page", "landingpage", "lp url"),
}
CHANNEL_WORDS = (
    *(
        "channel",
        "platform",
        "origin",
        "referrer",
        "referer",
        "referral",
        "utm",
        "keyword",
        "ad group",
    ),
    *(
        "adset",
        "ad set",
        "ad name",
        "creative",
        "how did you hear",
        "hear about",
        "acquisition",
        "kanal",
    ),
)
LATEST_WORDS = ("last", "latest", "recent", "current")
# Counters of clicks on a channel's buttons are engagement, not the channel.
COUNT_WORDS = (
    *(
        "click",
        "clicks",
        "clicked",
        "count",
        "visits",
        "views",
        "opens",
        "total",
        "times",
        "duration",
    ),
    *("minutes", "seconds", "hours", "days", "number of", "avg", "average"),
)

FIRMOGRAPHIC_TERMS = {
    "company_size": (
        *("employees", "employee count", "headcount", "head count", "company size", "team size"),
        *("organization size", "organisation size", "number of employees", "no of employees"),
    ),
    "revenue": (
        "annual revenue",
        "company revenue",
        "yearly revenue",
        "revenue",
        "turnover",
        "umsatz",
    ),
    "industry": ("industry", "sector", "branche", "vertical", "industry type"),
    "country": ("country", "country code", "country name", "land", "pais", "pays", "nation"),
    "region": ("region", "province", "county", "territory", "bundesland", "us state"),
    "job_title": ("job title", "jobtitle", "position", "designation", "job role", "job function"),
}
ACCOUNT_WORDS = {
    *("company", "account", "organization", "organisation", "employer", "firm", "firma", "domain"),
    *("website", "company name", "account name", "account id", "company id", "organization name"),
    *("organisation name", "company domain", "email domain", "web domain", "business name"),
    *("unternehmen", "entreprise", "empresa", "societe", "azienda", "bedrijf"),
}
CODE_WORDS = (
    "id",
    "zip",
    "zip code",
    "zipcode",
    "postal code",
    "postcode",
    "pin code",
    "code",
    "plz",
)
