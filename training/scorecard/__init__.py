"""The model as a table of points that a person can add up and a CRM can run."""
