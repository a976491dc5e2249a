"""A feature frame as numbers: words by a stored vocabulary, or by how earlier leads fared."""

from leadscore.training.encoding.feature_columns import FeatureColumns, Features, listed
from leadscore.training.encoding.logistic_design import LinearDesign
from leadscore.training.encoding.ordered_target_encoder import WordRates
from leadscore.training.encoding.text_dictionary import as_categories, distinct_words
from leadscore.training.encoding.text_encoder import TextEncoder

__all__ = [
    "FeatureColumns",
    "Features",
    "LinearDesign",
    "TextEncoder",
    "WordRates",
    "as_categories",
    "distinct_words",
    "listed",
]
