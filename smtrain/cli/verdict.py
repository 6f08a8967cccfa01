"""The end of a command that looks for faults: tell its findings, and fail if it is bad enough."""

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from smtrain.cli.output import print_document, report_output
from smtrain.errors import CheckError

if TYPE_CHECKING:
    from smtrain.inspecting.diagnosis import Diagnosis


def conclude(
    diagnosis: "Diagnosis", name: str, fails: AbstractSet[str], *, json: bool, junit: str | None, **files: str
) -> None:
    """Print the diagnosis of `files`, by what they are, and tell it to the system that runs the job.

    Raises CheckError if there is a finding of a severity that fails.
    """
    from smtrain.cli.annotating import annotate
    from smtrain.cli.publishing import publish
    from smtrain.reports.annotations import of_findings
    from smtrain.reports.diagnosis import cases, diagnosis_document, failures, print_diagnosis, summary, verdict

    # The report for the system comes first, so that it is there even where nobody reads standard output to its end.
    publish(name, cases(diagnosis, fails), junit, lambda: summary(name, diagnosis, fails, **files))
    if json:
        print_document(diagnosis_document(diagnosis, fails))
    else:
        with report_output() as console:
            print_diagnosis(console, diagnosis)
    annotate(of_findings(diagnosis))
    if failures(diagnosis, fails):
        raise CheckError(f"{name}: {verdict(diagnosis, fails)}")
