"""Show one generated file and what the program and the oracle make of it: `python -m tests.oracle SEED NUMBER`."""

import sys
import tempfile
from pathlib import Path

from tests.oracle.comparing import differences, later_differences, shown
from tests.oracle.files import case, case_with_later, long_case

make = case_with_later if "later" in sys.argv else long_case if "long" in sys.argv else case
one = make(int(sys.argv[1]), int(sys.argv[2]))
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "table.csv"
    path.write_bytes(one.data)
    print(shown(one, later_differences(one, path) if one.later else differences(path, one.options)))
