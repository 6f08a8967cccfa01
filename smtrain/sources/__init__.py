"""Where rows come from: a file, a pipe, a DataFrame, as typed rows of a table."""
