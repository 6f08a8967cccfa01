"""A model applied to rows: predict, evaluate with its metrics, compare; how precisely its weights are known."""
