"""The table of all findings: the code of each, how bad it may be, when it is told, and what helps."""

from collections.abc import Iterable
from dataclasses import dataclass

from smtrain.errors import UsageError, quoted
from smtrain.sources.likeness import did_you_mean

ERROR, WARNING, NOTE = "error", "warning", "note"  # the values of Severity


@dataclass(frozen=True)
class Code:
    """A kind of finding: its stable `code`, the worst first of how bad it may be, `when` it is told, what helps."""

    code: str
    kind: str
    severities: tuple[str, ...]
    when: str
    remedy: str


# By the first digit: 1 the predictions, 2 the fit, 3 what a fit refuses, 4 the columns of a table, 5 its labels and
# rows, 6 the contract. A code is never given to another kind: pipelines name it.
TABLE = (
    Code(
        "SM101",
        "overfitting",
        (WARNING,),
        "The NLL is surely above that of the training rows (the whole 95 % interval is), and more than a tenth of what "
        "the model gains there over the frequencies of the classes is lost. Not told of a fit with weights, of rows or "
        "classes: its record does not know their frequencies.",
        "Raise l2, or choose it by cross-validation (`--l2 auto`); leave out columns; or get more rows.",
    ),
    Code(
        "SM102",
        "no better",
        (WARNING,),
        "The 95 % interval of the NLL reaches the NLL of the shares of the classes, which know nothing of a row.",
        "Look at whether the columns can tell the label at all, and whether the rows are such as those of training.",
    ),
    Code(
        "SM103",
        "miscalibration",
        (WARNING,),
        "The calibration error of a class is above 0.05, and in one of its 15 bins the mean probability is outside the "
        "interval of how often it came true (95 % for all bins and classes together).",
        "`fit --calibrate` with rows set aside; or more of them, where there are few. Where the shares of the classes "
        "have moved (SM607), only rows of the new mix help, to fit on or to calibrate with.",
    ),
    Code(
        "SM201",
        "separation",
        (WARNING,),
        "A fit without a penalty has classes that a direction of the weights separates: there is no minimum.",
        "An l2 above 0 has a minimum.",
    ),
    Code(
        "SM202",
        "not converged",
        (WARNING,),
        "The fit ended before its tolerance was reached.",
        "Raise `--epochs` or `--tol`; a larger l2 converges sooner.",
    ),
    Code(
        "SM203",
        "temperature",
        (WARNING,),
        "The temperature of a calibration is at an end of its range.",
        "Set more rows aside for validation.",
    ),
    Code(
        "SM204",
        "many features",
        (NOTE,),
        "There are at least as many features as rows.",
        "A penalty (l2 or l1) makes the weights unique; `--min-count` joins rare levels.",
    ),
    Code(
        "SM205",
        "collinear",
        (NOTE,),
        "A column is a sum of others and a constant.",
        "Leave it out, or take its weight for arbitrary; predictions are the same.",
    ),
    Code(
        "SM206",
        "skipped rows",
        (WARNING,),
        "The fit left rows out because they had no label.",
        "Give them a label, or see to it that those without one are no special rows.",
    ),
    Code(
        "SM207",
        "penalty",
        (NOTE,),
        "Cross-validation says that another l2 than the default, or than that of `cv`, lowers the NLL by more than its "
        "standard error. `fit --l2 auto` and `cv --l2 auto` know it of the values on their way. `cv` with another l2 "
        "tries a tenth and ten times of it in each fold, where rows · features · classes are at most 500,000. A fit "
        "alone does not know it, for it would cost several fits.",
        "`--l2 auto` chooses it by cross-validation.",
    ),
    Code(
        "SM301",
        "record",
        (ERROR,),
        "A record cannot be read.",
        "Mend the line.",
    ),
    Code("SM302", "type", (ERROR,), "A column has a type that is neither numbers nor words.", "Convert it."),
    Code(
        "SM303",
        "header",
        (ERROR,),
        "A label is the name of its column: the header may be a row.",
        "`--no-header` if it is one.",
    ),
    Code("SM304", "no features", (ERROR,), "No column is left to learn from.", "Give the table more columns."),
    Code(
        "SM305",
        "no name",
        (ERROR,),
        "The first column has no name, and does not count the rows.",
        "Name it in the header.",
    ),
    Code(
        "SM306",
        "mixture",
        (ERROR,),
        "A column holds numbers and words.",
        "`--na-values` for words that mean a missing cell; `--categorical` takes all as names.",
    ),
    Code(
        "SM307",
        "notation",
        (ERROR,),
        "More than half of the different texts of a column are numbers in another notation.",
        "Write plain numbers; `--decimal ,` reads a decimal comma; `--categorical` takes the cells as names.",
    ),
    Code("SM308", "large number", (ERROR,), "A number is not below 1e152.", "Give the column in another unit."),
    Code("SM309", "empty label", (ERROR,), "Rows have no label.", "Remove them; `--unlabelled skip` leaves them out."),
    Code("SM310", "one class", (ERROR,), "All labels are the same.", "`--target` names the column with the classes."),
    Code(
        "SM311",
        "no classes",
        (ERROR,),
        "Labels are more than 100 different numbers, and more than half as many as there are rows.",
        "`--target` names the column with the classes; a quantity needs a regression.",
    ),
    Code("SM312", "weight", (ERROR,), "A weight is no number from 0 on, or a class weighs nothing.", "Mend it."),
    Code(
        "SM313",
        "no date",
        (ERROR,),
        "A column of `--dates` has a text that is no date by ISO 8601, or whose day and month could be swapped.",
        "Write 2024-03-31, or 2024-03-31 17:45:00; `--na-values` for texts that mean a missing cell.",
    ),
    Code(
        "SM401",
        "leak",
        (WARNING,),
        "A column alone tells the label of at least 99.5 % of the rows, and is wrong a twentieth as often as "
        "always the commonest class. Or it tells one of three classes or more: values with at least 20 rows, 95 % of "
        "them of the class, have 95 % of its rows.",
        "`--drop` leaves it out if it is not known when a prediction is made.",
    ),
    Code(
        "SM402",
        "identifier",
        (WARNING,),
        "A column counts the rows, or has whole numbers, all different, under a name such as id.",
        "`--drop` leaves it out.",
    ),
    Code("SM403", "index", (NOTE,), "A column counts the rows as the index of a frame does.", "A fit leaves it out."),
    Code("SM404", "constant", (NOTE,), "All cells of a column are equal.", "A fit leaves it out."),
    Code("SM405", "empty column", (NOTE,), "Every cell of a column is missing.", "A fit leaves it out."),
    Code(
        "SM406",
        "unique text",
        (WARNING, NOTE),
        "Nearly every row has another text: the column names the rows. A note where a fit leaves it out.",
        "`--drop` leaves it out.",
    ),
    Code(
        "SM407",
        "many texts",
        (WARNING, NOTE),
        "A column has more than 100 different texts (a note); more than 1,000, or fewer than ten cells each.",
        "`--min-count` joins rare levels; `--drop` leaves the column out.",
    ),
    Code(
        "SM408",
        "equal columns",
        (WARNING,),
        "Two columns have the same cells.",
        "`--drop` leaves one of them out.",
    ),
    Code(
        "SM409",
        "long number",
        (WARNING,),
        "Whole numbers have more digits than a float64 keeps.",
        "`--categorical` keeps them as they stand.",
    ),
    Code("SM410", "zeros", (WARNING,), "Numbers have zeros in front, as codes do.", "`--categorical` keeps them."),
    Code(
        "SM411",
        "date",
        (WARNING,),
        "Dates or times stand as text.",
        "`--dates` makes numbers of ISO dates; write others so, or leave the column out.",
    ),
    Code(
        "SM412",
        "perhaps numbers",
        (NOTE,),
        "Texts of a column may be quantities with a unit.",
        "Write plain numbers if they are.",
    ),
    Code(
        "SM413",
        "na-like",
        (NOTE,),
        "A text looks like a missing cell, and is none.",
        "`--na-values` takes it for one.",
    ),
    Code("SM414", "quotes", (WARNING,), "Texts stand in single quotes.", "Remove the quotes."),
    Code(
        "SM415",
        "spelling",
        (WARNING,),
        "Texts differ by blanks, capitals, width or what cannot be seen.",
        "Write them alike.",
    ),
    Code("SM416", "unicode forms", (WARNING, NOTE), "Texts are in two Unicode forms.", "Write one, such as NFC."),
    Code("SM417", "names", (WARNING,), "Names of columns look alike.", "Rename one of them."),
    Code(
        "SM418",
        "missing cells",
        (ERROR, WARNING, NOTE),
        "Before a fit: columns have missing cells (a note). Against a contract: their share has changed by more "
        "than 0.05 (an error above 0.25) and by more than chance, or training had none.",
        "Nothing where they are to be expected; else look at where they come from.",
    ),
    Code("SM419", "delimiter", (WARNING,), "It is in doubt what parts the cells.", "`--delimiter` says it."),
    Code(
        "SM501",
        "rare class",
        (WARNING,),
        "A class has fewer than ten rows, or than a hundredth of an equal share; of many classes, than half a share.",
        "Get more rows of it, or join it with another class.",
    ),
    Code(
        "SM502",
        "many classes",
        (WARNING,),
        "There are more than 100 classes, or more than 20 with fewer than five rows each on average, or more than 20 "
        "of which most are numbers with a fraction.",
        "`--target` names the column with the classes.",
    ),
    Code(
        "SM503",
        "missing label",
        (WARNING,),
        "A label looks like a missing one.",
        "Remove these rows unless it is the name of a class.",
    ),
    Code(
        "SM504",
        "ordered labels",
        (NOTE,),
        "Five classes or more are numbers: grades or counts have an order, classes have none.",
        "Join values if they are no names.",
    ),
    Code(
        "SM505",
        "unlabelled rows",
        (NOTE,),
        "Rows have no label, and are left out.",
        "Nothing, if that is meant.",
    ),
    Code(
        "SM506",
        "contradiction",
        (WARNING, NOTE),
        "Rows have the same features and another label; a note where more than a tenth of the rows repeat others.",
        "Correct the labels, or add a column that tells the rows apart.",
    ),
    Code("SM507", "equal rows", (NOTE,), "Rows repeat earlier ones.", "Remove them unless they are different cases."),
    Code("SM508", "unread", (NOTE,), "Rows behind a broken record were not read.", "Mend the record."),
    Code("SM601", "missing column", (ERROR,), "A column of the model is not there.", "Give the table that column."),
    Code("SM602", "new column", (WARNING,), "Training had no such column.", "Nothing; or fit again with it."),
    Code("SM603", "no number", (ERROR,), "A column of numbers has other cells.", "Mend them."),
    Code(
        "SM604",
        "out of range",
        (ERROR, WARNING, NOTE),
        "Numbers are outside the range of training. A warning if one is farther away than the range is wide, or "
        "they are more than 1 % of the cells and more than chance has; then an error above 10 %.",
        "Look at the units; fit again if the world has changed.",
    ),
    Code(
        "SM605",
        "unseen level",
        (ERROR, WARNING),
        "Cells have a level that training did not have; an error above 10 % of the cells.",
        "Correct its spelling, or fit again with rows of it.",
    ),
    Code(
        "SM606",
        "drift",
        (ERROR, WARNING),
        "The population stability index of a column is above 0.1 (an error above 0.25), and above what chance does "
        "once in a thousand times.",
        "Look at where the rows come from; fit again if the world has changed.",
    ),
    Code(
        "SM607",
        "class shift",
        (ERROR, WARNING),
        "The shares of the classes have drifted, by the same measure; or one of them has moved by more than 0.05, and "
        "all of them by more than chance. `evaluate` and `report` tell it, too.",
        "Predictions lean towards the old shares; fit again with rows of the new mix, or calibrate with such rows.",
    ),
    Code(
        "SM608",
        "unseen class",
        (ERROR,),
        "Labels are of a class that training did not have.",
        "Correct its spelling, or fit again with rows of it.",
    ),
)
BY_KIND = {one.kind: one for one in TABLE}
CODES = tuple(one.code for one in TABLE)


def check_codes(codes: Iterable[str]) -> None:
    """Raise UsageError for a code that is none of the table."""
    for code in codes:
        if code not in CODES:
            hint = did_you_mean(code, CODES) or "docs/findings.md lists the codes"
            raise UsageError(f"there is no finding {quoted(code)}", hint=hint)
