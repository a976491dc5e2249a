"""What people read of a model: the HTML report and the model card.

One record of facts (`report_data`), sentences (`narrative`), tables and charts, and the templates
that both outputs share. A section of the report begins here.
"""
