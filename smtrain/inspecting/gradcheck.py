"""The gradient of a table's rows held against central differences."""

from dataclasses import replace

from smtrain import partitions
from smtrain.fitting.contradictions import check_options
from smtrain.fitting.learn import learn
from smtrain.fitting.options import FitConfig
from smtrain.model.features import intercept_name
from smtrain.softmax.differences import GradientCheck, check_gradient
from smtrain.softmax.objective import Objective
from smtrain.sources.opening import Data, open_table


def gradcheck(data: Data, config: FitConfig, *, most: int) -> GradientCheck:
    """Σ X ⊗ (S − Y) against central differences at a random W, on `data`; at most `most` parameters, drawn by seed."""
    check_options(config)
    config = replace(config, precision="float64")  # differences need every digit
    with partitions.home(config) as home:
        learned = learn(open_table(data, config.dialect, fitting=True), config, home, lambda *_: None)
        objective = Objective(learned.encoded, len(learned.encoder.classes), config.ridge)
        features = learned.encoder.features
        names = (*features, intercept_name(features, "intercept"))
        return check_gradient(objective, names, learned.encoder.classes, config.seed, most)
