"""How X is read: formulas or structures, with or without further columns."""

import os
from collections.abc import Mapping
from numbers import Number

import numpy as np
import pandas as pd
from pymatgen.core import Composition, IStructure
from sklearn.utils.validation import validate_data

from skmat.auto._further import find_odd_rows, learn_categories, learn_ranges, read_columns
from skmat.auto._materials import MaterialTable
from skmat.composition import read_compositions
from skmat.composition._columns import check_unique
from skmat.composition._frames import as_pandas
from skmat.composition._read import is_missing
from skmat.exceptions import InvalidInputError, InvalidStructureError
from skmat.inputs import CompositionReaderMixin, as_structures, held
from skmat.structure import StructureArrays
from skmat.structure._read import is_json, parse_structures

__all__ = ["MaterialsInputMixin"]

#: Values of a column that are read to see what it holds.
_N_LOOKED_AT = 200
#: Ends of names of structure files.
_STRUCTURE_FILES = (".cif", ".vasp", ".poscar", ".json")


class MaterialsInputMixin(CompositionReaderMixin):
    """Read X into a :class:`MaterialTable`.

    `X` is what estimators of formulas or of structures take, or a DataFrame with one column of
    materials and further columns of numbers or categories.
    """

    input: str
    disorder: str
    on_invalid: str

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
            self.input_ = given or ("structure" if _holds_structures(X) else "formula")
        read = self._read_structures if self.input_ == "structure" else self._read_formulas
        given, compositions, structures, valid = read(X, name is not None, reset, on_invalid)
        if columns is None:
            return MaterialTable(given, compositions, structures), valid
        # Models of older folders have no ranges.
        odd = find_odd_rows(columns, getattr(self, "_ranges", {}))
        odd = {what: rows[valid] for what, rows in odd.items() if rows[valid].any()}
        return MaterialTable(given, compositions, structures, columns.encoded[valid], odd), valid

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
            column = X if isinstance(X, pd.DataFrame) else np.empty((len(values), 1))
            validate_data(self, column, reset=reset, skip_check_array=True)
        structures, problems, n_rows = parse_structures(values, self.disorder)
        if problems and on_invalid == "raise":
            raise InvalidStructureError(problems, n_rows)
        valid = np.ones(n_rows, dtype=bool)
        valid[[row for row, _, _ in problems]] = False
        return _take(values, valid), structures.compositions(), structures.without_ids(), valid

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
    text = [name for place, name in enumerate(frame.columns) if _holds_text(frame.iloc[:, place])]
    if not text:
        return None  # a matrix of amounts
    found = [name for name in text if _reads_as_materials(frame[name])]
    if len(found) == 1:
        return found[0]
    if not found:
        raise InvalidInputError(
            f"X has the columns {text} of text, but none of them holds formulas or structures."
            " Pass a DataFrame with one such column and further columns of numbers or categories."
        )
    raise InvalidInputError(
        f"X has {len(found)} columns that could hold the materials: {found}. Keep one of them, and"
        " turn the others into pandas categories (astype('category')) or drop them."
    )


def _holds_text(column):
    dtype = column.dtype
    if pd.api.types.is_numeric_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype):
        return False
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return False
    return not all(isinstance(each, Number) or is_missing(each) for each in column)


def _reads_as_materials(column):
    """Tell whether most of the first values are formulas, or the first one is a structure."""
    values = [each for each in column.head(_N_LOOKED_AT) if not is_missing(each)]
    if _holds_structures(values):
        return True
    if not values:
        return False
    return bool(read_compositions(values, on_invalid="nan").n_elements.astype(bool).mean() > 0.5)


def _holds_structures(X):
    """Tell whether `X` holds structures, by its first item that is not missing."""
    if isinstance(X, StructureArrays):
        return True
    if isinstance(X, pd.DataFrame):
        X = X.iloc[:, 0] if X.shape[1] == 1 else []
    if hasattr(X, "ndim") and X.ndim > 1:
        X = X[:, 0] if X.shape[1] == 1 else []
    if isinstance(X, str | bytes | Mapping) or not hasattr(X, "__iter__"):
        return False
    first = next(
        (each for each in X if not (each is None or each is pd.NA or _is_nan(each))), None
    )
    if isinstance(first, list | tuple) and len(first) == 1:
        first = first[0]
    if isinstance(first, IStructure | os.PathLike) or hasattr(first, "get_scaled_positions"):
        return True
    if isinstance(first, Mapping) and not isinstance(first, Composition):
        return "lattice" in first or "sites" in first
    if isinstance(first, str):
        text = first.strip()
        return "\n" in text or is_json(text) or text.lower().endswith(_STRUCTURE_FILES)
    return False


def _is_nan(value):
    return isinstance(value, float) and value != value


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
