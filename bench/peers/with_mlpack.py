"""mlpack's softmax regression; see common.py. Its objective is a mean, so its λ is 1 / n."""

import sys

from common import Clock, load, tell
from mlpack import softmax_regression

train, test, K = load(*sys.argv[1:4])
clock = Clock()
fitted = softmax_regression(training=train.X, labels=train.y, lambda_=1 / len(train.y), number_of_classes=K)
times = clock.trained()
tell(times, softmax_regression(input_model=fitted["output_model"], test=test.X)["probabilities"], test.y)
