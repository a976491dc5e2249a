"""When a figure counts as evidence that a column knows the outcome, and why there."""

# Columns known when a lead comes in (channel, company, behaviour) rank alone at 0.80 at the very
# best in published lead data; what is above is read off the outcome, or off somebody's verdict.
HONEST_AUC = 0.80
IMPLAUSIBLE_AUC = 0.83  # HONEST_AUC with room for chance; its lower bound must exceed HONEST_AUC
NEAR_PERFECT_AUC = 0.92
NEAR_PERFECT_LOWER = 0.87

# Forms that are filled in by interested leads give a missingness AUC up to 0.65 (measured on real
# data); an AUC of 0.72 takes shares such as 60 % of one outcome and 16 % of the other.
MISSINGNESS_AUC = 0.72
MISSINGNESS_LOWER = 0.67
DECISIVE_MISSINGNESS_AUC = 0.85

# An odds factor of 19 turns a base rate of one half into 95 %. As a factor it means the same at
# every base rate: what the base rate explains is taken out.
DECISIVE_FACTOR = 19.0
DECISIVE_SHARE_OF_ONE = 0.35  # referrals convert above 90 % too, but are a quarter of the wins
DECISIVE_SHARE_OF_LOST = 0.50
PRESENT_SHARE = 0.25  # of one outcome's leads have the cell; below it is a rare channel's field
NAMED_LEVEL_SHARE = 0.10  # of one outcome's leads in levels called "converted" and the like

MUCH_MISSING = 0.20  # below this a column is not "filled in later", just imperfect
KNOWN_FILLED = 0.30
KNOWN_FACTOR = 10.0  # times as often filled in for leads whose outcome is known
FEWEST_OPEN = 50

FADING_AUC = 0.15  # lost from the oldest to the newest quarter; drift of channels takes 0.05-0.10
FADING_FROM = 0.70
FADING_ERRORS = 4.0  # standard errors; with dozens of columns, three happen by chance
FEWEST_FADING = 50  # of each outcome in a quarter; below it the standard error is itself a guess

# The AUC beside which a name that speaks of the outcome makes a suspect.
JUDGEMENT_AUC_WHERE_FILLED = 0.65
JUDGEMENT_AUC = 0.70
STATE_AUC = 0.65

LEVEL_WORDS = (
    *("won", "closed", "converted", "conversion", "purchased", "bought", "signed", "contract"),
    *("paid", "invoice", "invoiced", "sold", "lost", "deal", "onboarding", "rejected"),
    "not interested",
)
