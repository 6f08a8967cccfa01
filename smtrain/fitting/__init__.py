"""From a table to a model: options, reading, learning the encoder, rows set aside, training."""
