"""MLflow, and nothing but MLflow: versions, their artifacts, champion and history.

What is saved with a version and how (`mlflow_model`, `mlflow_run`), where the store is, and
promotions and rollbacks with who, when and why.
"""
