"""One lead over HTTP, through MLflow's scoring server.

What the server loads (`mlflow_pyfunc`), how a request's rows are read and refused.
"""
