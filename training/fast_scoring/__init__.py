"""LightGBM's trees as machine code; imports nothing else of the product.

Raw scores and exact SHAP values, equal to LightGBM's; `dispatch` falls back to LightGBM for a
model that it does not know.
"""

from leadscore.training.fast_scoring.compiled_trees import CompiledTrees, MatrixRows
from leadscore.training.fast_scoring.dispatch import contributions, raw_score

__all__ = [
    "CompiledTrees",
    "MatrixRows",
    "contributions",
    "raw_score",
]
