"""An executor for tests: workers played by this process, with a pickle between any two of them, that forget results."""

import pickle
import random
import weakref

from smtrain.partitions.spread import SpreadHome


class Pickled:
    """A task: what to call, and the pickle of its result while that is not lost."""

    def __init__(self, function, arguments):
        self.call, self.result, self.runs = (function, arguments), None, 0


class Forgetful:
    """Computes each task when its result is asked for, twice, and forgets some results, as workers that are lost do."""

    def __init__(self, threads=2, *, forgets=0.1, seed=0):
        self.description = "a process that forgets"
        self.threads, self._forgets, self._chance = threads, forgets, random.Random(seed)
        self.alive, self.closed = weakref.WeakSet(), False
        # Tasks that were submitted, how often one ran, and bytes that went out and came back.
        self.tasks = self.runs = self.sent = self.received = 0

    def submit(self, function, *arguments):
        tasks = [isinstance(one, Pickled) for one in arguments]
        kept = [one if task else pickle.dumps(one) for one, task in zip(arguments, tasks, strict=True)]
        self.tasks += 1
        self.sent += sum(len(one) for one in kept if isinstance(one, bytes))
        task = Pickled(pickle.dumps(function), kept)
        self.alive.add(task)
        return task

    def share(self, thing):
        return self.submit(pickle.loads, pickle.dumps(thing))

    def results(self, tasks):
        for task in [*tasks]:
            result = self._result(task)
            self.received += len(result)
            yield pickle.loads(result)

    def close(self):
        self.closed = True

    def _result(self, task):
        if task.result is None or self._chance.random() < self._forgets:
            function, arguments = task.call
            arguments = [self._result(one) if isinstance(one, Pickled) else one for one in arguments]
            once, again = (pickle.loads(function)(*map(pickle.loads, arguments)) for _ in range(2))
            del once
            task.result = pickle.dumps(again)
            self.runs += 1
        return task.result


def open_home(options):
    return SpreadHome(Forgetful())
