"""Multiclass (softmax) logistic regression: a CSV in, a certified, portable, reproducible classifier out."""

__version__ = "0.1.0"
