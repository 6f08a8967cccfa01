"""The largest first, whatever the last bits: what is listed has the same order on every processor."""

import numpy as np
import pytest

from smtrain.softmax.ranking import largest_first


def test_the_largest_first_and_equal_ones_as_they_stand():
    assert largest_first(np.array([1.0, 3.0, 2.0, 3.0, 0.0])).tolist() == [1, 3, 2, 0, 4]
    assert largest_first(np.array([])).tolist() == []


@pytest.mark.parametrize("size", [1e-200, 1.3e-9, 0.1 + 0.02, 12345.678, 1e100, 0.999999999999])
def test_last_bits_do_not_count(size):
    sizes = np.array([size, np.nextafter(size, 0), np.nextafter(size, np.inf), size])
    assert largest_first(sizes).tolist() == [0, 1, 2, 3]
    assert largest_first(np.append(sizes, size * 1.00001)).tolist() == [4, 0, 1, 2, 3]
