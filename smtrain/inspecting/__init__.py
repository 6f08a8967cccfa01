"""Can this table be learned from (doctor), is it like the training data (check), is a model its data's (verify)."""
