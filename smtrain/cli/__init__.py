"""The command line: each command is options in, one call of the Python API (smtrain/__init__.py), a report out."""
