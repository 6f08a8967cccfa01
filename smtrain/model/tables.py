"""Tables that are given to a model, opened as it reads them; the columns of an array get the names that it knows."""

from typing import Any

import pandas as pd

from smtrain.errors import ModelError, counted, listed, quoted
from smtrain.model.model import Model
from smtrain.sources.arrays import frame_of, is_array
from smtrain.sources.opening import Data, open_table
from smtrain.sources.table import Table

# The columns of a fit on another thing than an array have names.
UNNAMED = "the columns of an array are x1, x2, …: pandas.DataFrame(array, columns=[…]) names them"


def open_for(model: Model, data: Data, hint: str | None = None) -> Table:
    """Open data for a model. `hint` is for those who look for a column of a DataFrame that is not there.

    Raises ModelError for an array of another number of columns, and otherwise as `open_table` does.
    """
    if is_array(data):
        return open_table(frame_for(model, data), model.encoder.dialect, hint=hint or UNNAMED)
    return open_table(data, model.encoder.dialect, hint=hint)


def frame_for(model: Model, array: Any) -> pd.DataFrame:
    """An array (n, p) as a DataFrame whose columns are called as those of the array that the model was fitted on.

    Of another table's model they are x1 … xp. Raises ModelError for an array of more columns than the model knows: in
    an array there is no telling which of them are others.
    """
    frame, names = frame_of(array), model.encoder.array
    if not names:
        _check_known(model, frame)
        return frame
    if len(frame.columns) != len(names):
        what = f"the array has {counted(len(frame.columns), 'column')}, and the model was fitted on {len(names):,}"
        raise ModelError(what, hint=f"the columns are, in this order, {listed(map(quoted, names))}")
    return frame.set_axis(list(names), axis=1)


def _check_known(model: Model, frame: pd.DataFrame) -> None:
    encoder = model.encoder
    known = {column.name for column in encoder.columns} | {name for name, _ in encoder.ignored}
    known |= {*filter(None, (encoder.named_target, encoder.named_weight)), *model.fit.options.drop}
    extra = next((name for name in frame.columns if name not in known), None)
    if extra is not None:
        what = f"the array has {counted(len(frame.columns), 'column')}, and the model knows no column {quoted(extra)}"
        raise ModelError(what, hint=UNNAMED)
