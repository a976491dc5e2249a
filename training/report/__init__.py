"""What people read of a model: the HTML report and the model card."""
