"""MLflow: registered versions, their artifacts, and who promoted which."""
