"""A feature frame as numbers: words by a stored vocabulary, or by how earlier leads fared."""

from leadscore.training.encoding.feature_columns import FeatureColumns, Features, listed
from leadscore.training.encoding.logistic_design import LinearDesign
from leadscore.training.encoding.ordered_target_encoder import WordRates
from leadscore.training.encoding.text_dictionary import as_categories, distinct_words
from leadscore.training.encoding.text_encoder import TextEncoder
from leadscore.training.encoding.tree_rows import (
    SeenRows,
    TextColumns,
    TrainingMatrix,
    lay_out,
    lay_out_training,
    owners,
    places,
    training_matrix,
)

__all__ = [
    "FeatureColumns",
    "Features",
    "LinearDesign",
    "SeenRows",
    "TextColumns",
    "TextEncoder",
    "TrainingMatrix",
    "WordRates",
    "as_categories",
    "distinct_words",
    "lay_out",
    "lay_out_training",
    "listed",
    "owners",
    "places",
    "training_matrix",
]
