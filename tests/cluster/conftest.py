"""Workers that the tests share."""

import pytest

from tests.cluster.dask import Dask


@pytest.fixture(scope="session")
def dask(tmp_path_factory):
    with Dask(tmp_path_factory.mktemp("dask"), workers=2) as dask:
        yield dask
