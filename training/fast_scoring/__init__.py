"""LightGBM's trees as machine code; imports nothing else of the product.

Raw scores and exact SHAP values, equal to LightGBM's; `dispatch` falls back to LightGBM for a
model that it does not know.
"""
