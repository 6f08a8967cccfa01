"""What a fit leaves behind: the encoder (how each kind of column becomes numbers), weights, record, and their file."""
