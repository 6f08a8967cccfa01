"""Is this table, is this model what it seems: doctor, check, drift, verify."""
