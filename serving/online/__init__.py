"""One lead over HTTP, through MLflow's scoring server."""
