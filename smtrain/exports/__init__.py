"""The whole prediction of a model in another language: a file for each, none of which knows another."""
