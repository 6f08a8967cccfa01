"""The model of dbt in a project of dbt, which runs in an environment of its own."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import smtrain as sm

# From version 2 on dbt's own wheels download a parser from elsewhere while they are installed.
PACKAGES = ["dbt-core<2", "dbt-duckdb<2"]
PROJECT = "name: flock\nprofile: flock\nseeds:\n  +column_types: {sex: varchar}\n"
PROFILES = "flock: {target: here, outputs: {here: {type: duckdb, path: flock.duckdb}}}\n"
QUERY = """
import duckdb, json
with duckdb.connect("flock.duckdb") as database:
    print(json.dumps(database.execute("SELECT * FROM predictions ORDER BY id").fetchall()))
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The programs of an environment with dbt."""
    home = tmp_path_factory.mktemp("dbt") / "venv"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    install = [home / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile", "--only-binary=:all:", *PACKAGES]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"pip cannot install dbt here: {done.stderr.strip().splitlines()[-1]}")
    return home / "bin"


@pytest.mark.slow
@pytest.mark.parametrize("materialized", ["table", "view"])
def test_dbt_builds_what_predict_says(programs, tmp_path, materialized):
    for folder in ("models", "seeds"):
        (tmp_path / folder).mkdir()
    (tmp_path / "dbt_project.yml").write_text(f"{PROJECT}models:\n  +materialized: {materialized}\n")
    (tmp_path / "profiles.yml").write_text(PROFILES)
    model = sm.fit("sample_data/penguins.csv", target="species")
    birds = pd.read_csv("sample_data/penguins.csv", keep_default_na=False, dtype=str)
    birds.rename_axis("id").to_csv(tmp_path / "seeds" / "penguins.csv")
    statement = sm.export(model, "sql", table="penguins", keep=("id",), dbt=True)
    (tmp_path / "models" / "predictions.sql").write_bytes(statement)
    environment = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    build = [programs / "dbt", "build", "--profiles-dir", "."]
    done = subprocess.run(build, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    query = [programs / "python", "-c", QUERY]
    found = json.loads(subprocess.run(query, cwd=tmp_path, capture_output=True, check=True).stdout)
    expected = sm.predict_proba(model, "sample_data/penguins.csv")
    assert [row[0] for row in found] == list(range(len(expected)))
    assert [row[1] for row in found] == list(sm.predict(model, "sample_data/penguins.csv"))
    assert np.abs(np.array([row[2:] for row in found]) - expected).max() < 1e-9
