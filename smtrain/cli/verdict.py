"""The end of a command that looks for faults: print what was found, and fail if it is bad enough."""

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from smtrain.cli.output import print_document, report_output
from smtrain.errors import CheckError

if TYPE_CHECKING:
    from smtrain.diagnosis import Diagnosis


def conclude(found: "Diagnosis", name: str, fails: AbstractSet[str], *, json: bool) -> None:
    """Print the diagnosis. Raises CheckError if there is a finding of a severity that fails."""
    from smtrain.cli.annotating import annotate
    from smtrain.reports.annotations import of_findings
    from smtrain.reports.diagnosis import document, failures, print_diagnosis

    if json:
        print_document(document(found, fails))
    else:
        with report_output() as console:
            print_diagnosis(console, found)
    annotate(of_findings(found))
    wrong = failures(found, fails)
    if wrong:
        raise CheckError(f"{name}: {wrong:,} {'finding fails' if wrong == 1 else 'findings fail'}")
