"""H2O's multinomial GLM, on a server of its own in this machine; see common.py for the line that it prints.

It reads and prepares the files itself. Its objective is a mean, so its λ is 1 / n. Starting the server counts.
"""

import json
import os
import sys

os.setsid = lambda: None  # h2o gives its server a session of its own: then stopping ours would leave the server behind

import h2o
from common import Clock
from h2o.estimators import H2OGeneralizedLinearEstimator

train_path, test_path, target = sys.argv[1:4]
h2o.init(bind_to_localhost=True, verbose=False)
h2o.no_progress()
train, test = (h2o.import_file(path, col_types={target: "enum"}) for path in (train_path, test_path))
names = [name for name in train.columns if name != target]
model = H2OGeneralizedLinearEstimator(family="multinomial", alpha=0, lambda_=1 / train.nrow, standardize=True)
clock = Clock()
model.train(x=names, y=target, training_frame=train)
times = clock.trained()
told = model.model_performance(test)
scores = {"nll": told.logloss(), "accuracy": told.hit_ratio_table()["hit_ratio"][0]}
print(json.dumps(times | scores))
h2o.cluster().shutdown()
