"""What people read: the sections and tables of each result, on a terminal, as Markdown or JSON. Computes nothing."""
