"""Every released version of the model format keeps loading, and keeps predicting what it predicted."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import smtrain as sm

pytestmark = pytest.mark.bits

GOLDEN = sorted((Path(__file__).parent / "golden").glob("model-*.npz"))
PENGUINS = "sample_data/penguins.csv"


def naive_probabilities(path):
    """Softmax of the weights as plain numpy reads them, on the first row: 39.1, 18.7, 181, 3750, Torgersen, male."""
    with np.load(path) as file:
        W, b, means, scales = (file[name] for name in ("W", "b", "means", "scales"))
        features, classes = (json.loads(bytes(file[name])) for name in ("features", "classes"))
    x = {"bill_length_mm": 39.1, "bill_depth_mm": 18.7, "flipper_length_mm": 181, "body_mass_g": 3750}
    x |= {"island=Torgersen": 1, "island is other": 1, "sex=male": 1}  # the level, or its column of the rare ones
    z = (np.array([x.get(name, 0) for name in features]) - means) / scales @ W + b
    e = np.exp(z - z.max())
    return dict(zip(classes, e / e.sum(), strict=True))


def test_there_is_a_file_for_every_version():
    from smtrain.model.model import FORMAT_VERSION

    assert [path.stem for path in GOLDEN] == [f"model-{version}" for version in range(1, FORMAT_VERSION + 1)]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_model(path):
    model = sm.load(str(path))
    p = sm.predict_proba(model, PENGUINS)[0]
    naive = naive_probabilities(path)
    np.testing.assert_allclose(p, [naive[name] for name in model.classes], rtol=1e-12)
    assert sm.evaluate(model, PENGUINS).metrics["accuracy"] > 0.98


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_seal_is_the_sha256_of_all_before_it(path):
    import hashlib

    data = path.read_bytes()
    assert zipfile.ZipFile(path).comment.decode() == hashlib.sha256(data[:-64]).hexdigest()
