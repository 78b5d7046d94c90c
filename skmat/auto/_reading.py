"""How X is read: formulas or structures, with or without further columns."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from skmat.auto._further import (
    find_odd_rows,
    learn_categories,
    learn_ranges,
    learned_values,
    read_columns,
)
from skmat.auto._materials import MaterialTable
from skmat.composition import read_compositions
from skmat.composition._columns import check_unique
from skmat.composition._frames import as_pandas
from skmat.exceptions import InvalidInputError, InvalidStructureError
from skmat.inputs import (
    CompositionReaderMixin,
    as_structures,
    check_no_amounts,
    held,
    holds_structures,
    material_columns,
    text_columns,
)
from skmat.structure import StructureArrays
from skmat.structure._graphs import parse_for_graphs

__all__ = ["MaterialsInputMixin"]


class MaterialsInputMixin(CompositionReaderMixin):
    """Read X into a :class:`MaterialTable`.

    `X` is what estimators of formulas or of structures take, or a DataFrame with one column of
    materials and further columns of numbers or categories.
    """

    input: str
    disorder: str
    on_invalid: str
    device: str

    def _read_table(self, X, *, reset):
        """Return the readable materials, and the mask of their rows.

        In ``fit`` (`reset`), rows that cannot be read raise an error. This also sets
        ``input_``, ``material_column_`` and ``n_features_in_``.
        """
        X = held(X)
        on_invalid = "raise" if reset else self.on_invalid
        frame = as_pandas(X)
        columns = None
        name = _material_column(frame) if reset else self._material_name(frame)
        if reset:
            self.material_column_ = name
        if name is not None:
            check_unique(frame.columns)
            validate_data(self, frame, reset=reset, skip_check_array=True)
            further = frame.drop(columns=[name])
            if reset:
                self._encoded = learn_categories(further)
            columns = read_columns(further, self._encoded, on_invalid)
            if reset:
                self._ranges = learn_ranges(columns)
            # A row with a bad further column has no prediction, as if its material were missing.
            rows = zip(frame[name], columns.bad, strict=True)
            X = [None if is_bad else each for each, is_bad in rows]
        if reset:
            given = None if self.input == "auto" else self.input
            self.input_ = given or ("structure" if holds_structures(X) else "formula")
        read = self._read_structures if self.input_ == "structure" else self._read_formulas
        given, compositions, structures, valid = read(X, name is not None, reset, on_invalid)
        if columns is None:
            return MaterialTable(given, compositions, structures, device=self.device), valid
        # Models of older folders have no ranges.
        ranges = getattr(self, "_ranges", {})
        encoded = learned_values(columns, ranges)[valid]
        odd = find_odd_rows(columns, ranges)
        odd = {what: rows[valid] for what, rows in odd.items() if rows[valid].any()}
        table = MaterialTable(given, compositions, structures, encoded, odd, self.device)
        return table, valid

    def _read_formulas(self, X, is_column, reset, on_invalid):
        if is_column:
            compositions = read_compositions(X, on_invalid=on_invalid)
        else:
            compositions = self._read_X(X, reset=reset, on_invalid=on_invalid, allow_empty=True)
        valid = compositions.n_elements > 0
        if reset and not valid.any():
            raise InvalidInputError(
                "No row of X holds a material. Each row of a matrix of amounts needs a positive"
                " amount."
            )
        return _take(X, valid), compositions.take(valid), None, valid

    def _read_structures(self, X, is_column, reset, on_invalid):
        values = as_structures(X)
        if not len(values):
            raise InvalidInputError(
                "Found array with 0 sample(s) (no structures) while a minimum of 1 is required."
            )
        if not is_column:
            frame = as_pandas(X)
            column = np.empty((len(values), 1)) if frame is None else frame
            validate_data(self, column, reset=reset, skip_check_array=True)
        structures, valid = self._parse(values, on_invalid)
        return _take(values, valid), structures.compositions(), structures.without_ids(), valid

    def _parse(self, values, on_invalid):
        """Return the readable structures, and the mask of their rows."""
        structures, problems, n_rows = parse_for_graphs(values, self.disorder)
        if problems and on_invalid == "raise":
            raise InvalidStructureError(problems, n_rows)
        valid = np.ones(n_rows, dtype=bool)
        valid[[row for row, _, _ in problems]] = False
        return structures, valid

    def _material_values(self, X):
        """Return the materials of what ``fit`` was given."""
        return X if self.material_column_ is None else as_pandas(X)[self.material_column_]

    def _material_name(self, frame):
        """Return the name of the column of materials, as in ``fit``."""
        name = self.material_column_
        if name is None:
            return None
        if frame is None or not {name, *self._encoded} <= set(frame.columns):
            raise InvalidInputError(
                f"X needs the column {name!r} of materials and the further columns that fit saw:"
                f" {list(self._encoded)}. Pass a DataFrame with these columns."
            )
        return name

    def _learn_ranges(self, X, rows):
        """Learn the ranges of the further columns of X from some of its rows."""
        further = as_pandas(X).drop(columns=[self.material_column_])
        self._ranges = learn_ranges(read_columns(further.iloc[rows], self._encoded))


def _material_column(frame):
    """Return the name of the column of materials. None if X has no further columns."""
    if frame is None or frame.shape[1] < 2:
        return None
    text = text_columns(frame)
    if not text:
        return None  # a matrix of amounts
    found = material_columns(frame)
    if len(found) == 1:
        check_no_amounts(frame, found[0])
        return found[0]
    if not found:
        raise InvalidInputError(
            f"X has the columns {text} of text, but none of them holds formulas or structures."
            " Pass a DataFrame with one such column and further columns of numbers or categories."
            " If a category holds them, turn it into text (astype(object))."
        )
    raise InvalidInputError(
        f"X has {len(found)} columns that could hold the materials: {found}. Keep one of them, and"
        " turn the others into pandas categories (astype('category')) or drop them."
    )


def _take(X, valid):
    """Return the valid rows of what the user gave."""
    if isinstance(X, pd.DataFrame | pd.Series):
        return X[valid]
    if isinstance(X, StructureArrays):
        return X.take(valid)
    if isinstance(X, np.ndarray):
        return X[valid]
    frame = as_pandas(X)
    if frame is not None:
        return frame[valid]
    if hasattr(X, "toarray"):
        return X[np.flatnonzero(valid)]
    if not hasattr(X, "__iter__"):
        return np.asarray(X)[valid]
    return [each for each, keep in zip(X, valid, strict=True) if keep]
