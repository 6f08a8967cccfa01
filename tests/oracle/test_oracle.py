"""The program and the oracle agree on generated files: rows, cells, labels, missing cells, errors and their places.

SMTRAIN_ORACLE_SEED makes other files, SMTRAIN_ORACLE_FILES more. `python -m tests.oracle SEED NUMBER` shows one.
"""

import os

import pytest

from tests.oracle.comparing import differences, later_differences, shown
from tests.oracle.files import case, case_with_later, long_case

SEED = int(os.environ.get("SMTRAIN_ORACLE_SEED", "0"))
FILES = int(os.environ.get("SMTRAIN_ORACLE_FILES", "600"))
AT_ONCE = 100


@pytest.mark.parametrize("start", range(0, FILES, AT_ONCE))
def test_the_program_agrees_with_the_oracle(tmp_path, start):
    for number in range(start, min(start + AT_ONCE, FILES)):
        agree(case(SEED, number), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 16 * FILES, AT_ONCE))
def test_the_program_agrees_with_the_oracle_on_other_files(tmp_path, start):
    for number in range(start, start + AT_ONCE):
        agree(case(SEED + 1, number), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(FILES // 12))
def test_the_program_agrees_with_the_oracle_on_long_files(tmp_path, number):
    agree(long_case(SEED, number), tmp_path)


@pytest.mark.filterwarnings("ignore::smtrain.errors.UnknownLevelWarning")
@pytest.mark.parametrize("start", range(0, FILES // 2, AT_ONCE))
def test_the_program_agrees_with_the_oracle_on_what_a_model_meets_later(tmp_path, start):
    for number in range(start, start + AT_ONCE):
        one = case_with_later(SEED, number)
        found = later_differences(one, tmp_path / "table.csv")
        assert not found, shown(one, found)


def agree(one, folder):
    path = folder / "table.csv"
    path.write_bytes(one.data)
    found = differences(path, one.options)
    assert not found, shown(one, found)
