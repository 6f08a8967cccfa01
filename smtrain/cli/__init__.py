"""The command line: options in, one call of the API, a report out."""
