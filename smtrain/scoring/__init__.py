"""A model applied to rows: predict, evaluate, compare, explain, and what its weights are known to."""
