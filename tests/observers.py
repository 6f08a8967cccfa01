"""Observers of a fit that are for tests."""

from smtrain.fitting.fit import Observer


class StopAt(Observer):
    """Presses Ctrl-C at an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch(self, record):
        if record.epoch >= self.epoch:
            raise KeyboardInterrupt
