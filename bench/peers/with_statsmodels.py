"""statsmodels' MNLogit; see common.py. Its Newton method needs a regular Hessian: L-BFGS where there is none."""

import sys
import warnings

import numpy as np
from common import Clock, load, tell
from statsmodels.api import MNLogit, add_constant

warnings.simplefilter("ignore")
train, test, K = load(*sys.argv[1:4])
clock = Clock()
model = MNLogit(train.y, add_constant(train.X, has_constant="add"))
try:
    fitted = model.fit(disp=0)
except np.linalg.LinAlgError:
    fitted = None
if fitted is None or not np.isfinite(fitted.params).all():
    fitted = model.fit(method="lbfgs", maxiter=1000, disp=0)
times = clock.trained()
tell(times, fitted.predict(add_constant(test.X, has_constant="add")), test.y)
