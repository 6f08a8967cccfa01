"""Seconds to read an array of BYTES from memory once: python stream.py BYTES. Prints {"one": …, "all": …} cores."""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

REPEATS = 7


def seconds(job):
    """The best of several runs, after one that fetches the memory."""
    job()
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        job()
        best = min(best, time.perf_counter() - start)
    return best


X = np.ones(max(1, int(sys.argv[1]) // 8))
parts = np.array_split(X, os.cpu_count())
with ThreadPoolExecutor(len(parts)) as pool:
    print(json.dumps({"one": seconds(X.sum), "all": seconds(lambda: list(pool.map(np.sum, parts)))}))
