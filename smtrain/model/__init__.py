"""What a fit leaves behind: the encoder, the weights, the record of the fit, and their file."""
