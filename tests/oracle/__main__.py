"""Show one generated file and what the program and the oracle make of it: `python -m tests.oracle SEED NUMBER`."""

import sys
import tempfile
from pathlib import Path

from tests.oracle.comparing import differences, shown
from tests.oracle.files import case, long_case

make = long_case if "long" in sys.argv else case
one = make(int(sys.argv[1]), int(sys.argv[2]))
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "table.csv"
    path.write_bytes(one.data)
    print(shown(one, differences(path, one.options)))
