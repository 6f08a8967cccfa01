"""What is the same on every processor, and what verify says of the rest.

OpenBLAS takes the kernels of the processor that OPENBLAS_CORETYPE names, numpy leaves out what
NPY_DISABLE_CPU_FEATURES does. The old ones here run on any x86; elsewhere the variables do nothing, and all is equal.
"""

import json
import os

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from tests.cli import smtrain

pytestmark = pytest.mark.bits

SIMD = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
PROCESSORS = {
    "as it is": {},
    "prescott": {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": " ".join(SIMD)},
    "nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Rows of numbers with gaps, words and weights; a model of them, made on each processor."""
    path, rng = tmp_path_factory.mktemp("processors"), np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(50, 20, size=(12_000, 7)) ** 3, columns=[*"abcdefg"])
    frame = frame.mask(rng.random(frame.shape) < 0.02)
    frame["word"], frame["v"] = rng.choice(["up", "down"], 12_000), rng.integers(1, 9, 12_000)
    frame["y"] = np.where(frame["a"] + rng.normal(0, 1e5, 12_000) > 1e5, "yes", rng.choice(["no", "perhaps"], 12_000))
    frame.to_csv(path / "rows.csv", index=False)
    frame[:300].assign(a=frame["b"][:300]).to_csv(path / "others.csv", index=False)
    for name, env in PROCESSORS.items():
        smtrain("fit", "rows.csv", "-t", "y", "--weight", "v", "-q", "-o", f"{name}.npz", cwd=path, env=env)
    return path


def test_means_scales_contract_and_digest_are_the_same(folder):
    one, *others = (sm.load(str(folder / f"{name}.npz")) for name in PROCESSORS)
    for other in others:
        assert other.encoder == one.encoder
        assert other.data == one.data
        np.testing.assert_array_equal(other.contract.numbers, one.contract.numbers)
        np.testing.assert_array_equal(other.contract.levels, one.contract.levels)


@pytest.mark.slow
def test_verify_on_every_other_processor(folder):
    for made in PROCESSORS:
        for name, env in PROCESSORS.items():
            said = smtrain("verify", f"{made}.npz", "rows.csv", "-q", cwd=folder, env=env).stdout
            assert said.startswith("verified: the same "), (made, name)


def test_logits_are_the_same(folder):
    """Of one model, that is; probabilities hang on the exponential function."""
    found = [
        json.loads(
            smtrain("explain", "others.csv", "-m", "nehalem.npz", "--row", "7", "--json", cwd=folder, env=env).stdout
        )
        for env in PROCESSORS.values()
    ]
    assert found[1]["z"] == found[2]["z"] == found[0]["z"]
    np.testing.assert_allclose(found[1]["s"], found[0]["s"], rtol=1e-14)


def test_the_processors_are_others(folder):
    """Else the tests above show nothing."""
    if os.uname().machine != "x86_64" or "openblas" not in str(np.show_config(mode="dicts")).lower():
        pytest.skip("not an x86 with OpenBLAS")
    models = {(folder / f"{name}.npz").read_bytes() for name in PROCESSORS}
    assert len(models) > 1


def test_metrics_hang_on_no_blas(folder):
    """Of one model, where numpy's exponential function is the same."""
    found = [
        smtrain("evaluate", "others.csv", "-m", "prescott.npz", "--json", cwd=folder, env=PROCESSORS[name]).stdout
        for name in ("as it is", "nehalem")
    ]
    assert found[0] == found[1]
