"""What the command line shows a person; the only place that imports Rich."""
