"""From a table to a model: options, reading, learning the encoder, rows held out for validation, training."""
