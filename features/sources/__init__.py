"""Files and database tables, opened as they are.

A file format, an encoding, a delimiter, a database to read from: each is a file here and gives a
table of the user's own columns. What the columns mean is decided in `tables`.
"""
