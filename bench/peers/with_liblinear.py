"""liblinear's L2-regularised logistic regression, one class against the rest; see common.py."""

import sys

import numpy as np
from common import Clock, load, tell
from liblinear.liblinearutil import predict, problem, train
from scipy.sparse import csr_matrix

seen, unseen, K = load(*sys.argv[1:4])
clock = Clock()
model = train(problem(seen.y, csr_matrix(seen.X), bias=1), "-s 0 -c 1 -B 1 -q")
times = clock.trained()
P = np.array(predict([], csr_matrix(unseen.X), model, "-b 1 -q")[2])[:, np.argsort(model.get_labels())]
tell(times, P, unseen.y)
