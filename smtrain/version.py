"""The version of smtrain, at the bottom of everything: the build, the models and the command line read it."""

__version__ = "0.1.0"
