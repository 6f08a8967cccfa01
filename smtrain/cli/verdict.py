"""The end of a command that looks for faults: print what was found, and fail if it is bad enough."""

import sys
from collections.abc import Set as AbstractSet
from json import dumps
from typing import TYPE_CHECKING

from smtrain.cli.options import stdout_console
from smtrain.cli.output import data_output, print_data
from smtrain.errors import CheckError

if TYPE_CHECKING:
    from smtrain.diagnosis import Diagnosis


def conclude(found: "Diagnosis", name: str, fails: AbstractSet[str], *, json: bool) -> None:
    """Print the diagnosis. Raises CheckError if there is a finding of a severity that fails."""
    from smtrain.reports.diagnosis import annotate, document, failures, print_diagnosis

    if json:
        print_data(dumps(document(found, fails), ensure_ascii=False))
    else:
        with data_output(None):
            print_diagnosis(stdout_console(sys.stdout), found)
    annotate(found)
    wrong = failures(found, fails)
    if wrong:
        raise CheckError(f"{name}: {wrong:,} {'finding fails' if wrong == 1 else 'findings fail'}")
