"""A prediction as a function of a batch of columns."""

import copy
import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from skmat._utils.folder_check import model_folder
from skmat._utils.hub import is_hub_address
from skmat._utils.prepared import odd_rows, prepared
from skmat.exceptions import InvalidInputError, InvalidRowsError, NoveltyWarning
from skmat.inputs import is_fitted
from skmat.saving import load_model
from skmat.saving._hub import pinned_model
from skmat.screening._columns import (
    Asked,
    categories_of,
    check_asked,
    input_of,
    names_of_results,
    read_columns,
    results,
    types_of_results,
)
from skmat.structure._read import parse_pymatgen

__all__ = ["PROBLEM", "Embedder", "Predictor", "as_text"]

#: Parameters that a model reads when it predicts.
_CHANGING = ("disorder", "precision")

#: Column of the result that says why a row has no prediction.
PROBLEM = "problem"


class Predictor:
    """Predict for batches of columns, in whichever process it is called.

    Call it with a DataFrame or a dict of arrays. It returns the columns of the batch, the
    predictions, and the column "problem", which says why a row has no prediction.

    The object holds the path of a model, not the model. Each process loads the model once. Pass
    it to what applies a function to parts of a table: ``map_batches`` of Ray Data,
    ``map_partitions`` of Dask, or ``mapInPandas`` of Spark (see Examples).

    Parameters
    ----------
    model : str, path-like or estimator
        A folder of ``save_model`` or ``skmat train``, an address "hf://organisation/name" or a
        joblib file. A joblib file can execute any code when it is loaded: load only those that
        you trust. A fitted estimator is sent to each process with every batch, so give a path for
        large ones.
    material : str, default=None
        Column of the formulas or structures. None takes the column that the model has learned
        from, else "formula" or "structure".
    return_std : bool, default=False
        Whether to add standard deviations, as columns NAME_std.
    interval : float, default=None
        Coverage of intervals to add, as columns NAME_low and NAME_high.
    proba : bool, default=False
        Whether to add probabilities of classes, as columns NAME_probability_CLASS.
    novelty : bool, default=False
        Whether to add the column novelty_percent.

    Raises
    ------
    InvalidInputError
        If the model cannot give what is asked for. A model given by its path raises it in the
        first call.

    See Also
    --------
    predict_stream : Predict for a file of any size.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat import AutoRegressor
    >>> from skmat.screening import Predictor
    >>> formulas = "NaCl KCl NaBr KBr LiF NaF LiCl KF RbCl CsCl".split()
    >>> gaps = [8.5, 8.4, 7.1, 7.4, 13.6, 11.5, 9.4, 10.8, 8.2, 8.3]  # eV
    >>> model = AutoRegressor(preset=["trees"], random_state=0).fit(formulas, gaps)
    >>> predictor = Predictor(model)
    >>> batch = predictor({"formula": np.array(["LiBr", "what?"], dtype=object)})
    >>> list(batch)
    ['formula', 'y_predicted', 'problem']
    >>> dataset.map_batches(predictor)  # doctest: +SKIP
    >>> frame.map_partitions(predictor)  # doctest: +SKIP
    >>> spark_frame.mapInPandas(predictor.frames, schema)  # doctest: +SKIP
    """

    def __init__(
        self,
        model,
        *,
        material=None,
        return_std=False,
        interval=None,
        proba=False,
        novelty=False,
    ):
        self._set(model, material, Asked(return_std, interval, proba, novelty))

    def _set(self, model, material, asked):
        self.model = model
        if isinstance(model, str | os.PathLike) and not is_hub_address(str(model)):
            # Workers have other working folders.
            self.model = os.path.abspath(model_folder(model))
        self.material = material
        self.asked = asked
        self._expected = None
        if not isinstance(self.model, str):
            check_asked(_checked(self.model, type(model).__name__), asked)

    def __call__(self, batch):
        """Add predictions to a batch.

        Parameters
        ----------
        batch : DataFrame, or dict of str to array-like
            Columns of one length. Those that the model reads must be there.

        Returns
        -------
        DataFrame, or dict of str to ndarray
            The columns of the batch, the predictions, and the column "problem". It is empty text
            for rows with a prediction, else it says what is wrong with the row. Numbers of such
            rows are NaN, and classes are None. In a DataFrame, classes that are integers or bool
            have the type "Int64" or "boolean". In a dict, all classes are arrays of objects.

        Raises
        ------
        InvalidInputError
            If a column is missing, or the batch has a column of the name of a result.
        """
        is_frame = isinstance(batch, pd.DataFrame)
        frame = batch if is_frame else _as_frame(batch)
        columns, problems = self.columns(frame)
        texts = np.full(len(frame), "", dtype=object)
        for row, _, reason in problems:
            texts[row] = reason
        for name, kind in types_of_results(self.load(), self.asked).items():
            # Batches of a table have the same types, with or without rows that have no prediction.
            if is_frame:
                columns[name] = pd.array(columns[name], dtype=kind)
            elif not kind.startswith("float"):
                columns[name] = columns[name].astype(object)
        columns[PROBLEM] = texts
        return frame.assign(**columns) if is_frame else {**batch, **columns}

    def frames(self, frames):
        """Add predictions to each DataFrame of an iterator.

        Parameters
        ----------
        frames : iterable of DataFrame
            Batches.

        Yields
        ------
        DataFrame
            As a call returns it.
        """
        for frame in frames:
            yield self(frame)

    def columns(self, frame):
        """Predict, and tell the rows without a prediction apart.

        Parameters
        ----------
        frame : DataFrame
            Columns that the model reads.

        Returns
        -------
        columns : dict of str to ndarray
            Columns of results, of the length of the frame.
        problems : list of tuple (int, object, str)
            Row, value and reason for each row without a prediction.

        Raises
        ------
        InvalidInputError
            If a column is missing, or the frame has a column of the name of a result.
        """
        columns, problems, _ = self.outcome(frame)
        return columns, problems

    def outcome(self, frame):
        """Return what `columns` does, and how many rows have odd further columns.

        The third value is a dict of numbers of rows, by what is odd.
        """
        model = self.load()
        names = names_of_results(model, self.asked)
        material = self.material_column()
        further = read_columns(model)[1]
        self._check_columns(frame, [material, *further], [*names, PROBLEM])
        X, problems = _further_read(frame, material, further, categories_of(model))
        if further:
            own = read_columns(model)[0]
            X = X.rename(columns={material: own})[list(model.feature_names_in_)]
        else:
            own = material
        if input_of(model) == "structure":
            X[own], faults = _structures_read(X[own], {row for row, *_ in problems})
            problems += faults
        X = X if further else X[own]
        unread = {row for row, *_ in problems}
        good, found, more, odd = _predict_good_rows(model, X, self.asked, unread)
        problems = sorted([*problems, *more], key=lambda problem: problem[0])
        if not found:  # no row can be predicted
            kinds = types_of_results(model, self.asked).values()
            found = [np.empty(0, float if each.startswith("float") else object) for each in kinds]
        filled = [_scattered(column, good, len(frame)) for column in found]
        return dict(zip(names, filled, strict=True)), problems, odd

    def load(self):
        """Return the fitted model. A process loads each path once."""
        if not isinstance(self.model, str):
            return _loud(self.model)
        model = _loaded(self.model, _stamp(self.model))
        if self._expected is not None and self.fingerprint() != self._expected:
            raise InvalidInputError(
                f"The model {self.model} was replaced by another one while it was used. Give"
                " another folder for the results."
            )
        check_asked(model, self.asked)
        return model

    def pinned(self):
        """Return a copy for the model that is there now. It refuses another one at its path."""
        pinned = copy.copy(self)
        if isinstance(self.model, str):
            if is_hub_address(self.model):
                pinned.model = pinned_model(self.model)
            elif _stamp(self.model) is not None:  # else loading says that there is none
                pinned._expected = self.fingerprint()
        return pinned

    def names(self):
        """Return the names of the columns of results. The model is loaded."""
        return names_of_results(self.load(), self.asked)

    def material_column(self):
        """Return the name of the column of materials. The model is loaded."""
        model = self.load()
        return self.material or read_columns(model)[0] or input_of(model)

    def columns_read(self):
        """Return the names of the columns that the model reads. The model is loaded."""
        return [self.material_column(), *read_columns(self.load())[1]]

    def settings(self):
        """Return what decides about the results, besides the materials: values for JSON.

        The model is loaded.
        """
        parameters = self.load().get_params(deep=False)
        changing = {name: str(parameters[name]) for name in _CHANGING if name in parameters}
        return {"model": self.fingerprint(), **asdict(self.asked), **changing}

    def fingerprint(self):
        """Return what tells this model from others: its SHA-256, or its address on the Hub."""
        if not isinstance(self.model, str):
            return _hash_of(self.model)
        if is_hub_address(self.model):
            return self.model
        return _hash_of_file(self.model, _stamp(self.model))

    def joined(self, frame, columns):
        """Return a frame with columns of results, whose types are the same for all chunks."""
        frame = frame.reset_index(drop=True)
        material = self.material_column()
        frame = frame.assign(**{material: [as_text(value) for value in frame[material]]})
        types = types_of_results(self.load(), self.asked)
        # Text has a type too if all of it is missing.
        types = {name: "string" if each == "object" else each for name, each in types.items()}
        results = pd.DataFrame(
            {name: pd.array(columns[name], dtype=types[name]) for name in types},
            index=frame.index,
        )
        return pd.concat([frame, results], axis=1)

    def _check_columns(self, frame, needed, added):
        missing = [name for name in needed if name not in frame.columns]
        if missing:
            raise InvalidInputError(
                f"The table has no column {', '.join(map(repr, missing))}, which the model reads."
                f" Its columns are {', '.join(map(str, frame.columns[:20]))}. Name the column of"
                " the materials with material=."
            )
        taken = [name for name in added if name in frame.columns]
        if taken:
            raise InvalidInputError(
                f"The table already has a column {', '.join(map(repr, taken))}. Rename it."
            )


class Embedder(Predictor):
    """The same with ``transform``: the columns of results are those of the vectors.

    Parameters
    ----------
    model : str, path-like or transformer
        As for :class:`Predictor`. Or a fitted encoder or featurizer.
    material : str, default=None
        Column of the formulas or structures.
    """

    def __init__(self, model, *, material=None):
        self._set(model, material, Asked(vectors=True))


def as_text(material):
    """Return a material as a cell of a table: formulas and paths as they are."""
    if isinstance(material, str):
        return material
    if isinstance(material, Mapping):
        return json.dumps(material)
    if material is None or material is pd.NA or material != material:
        return None
    if hasattr(material, "get_chemical_formula"):  # ASE Atoms
        return material.get_chemical_formula()
    return str(getattr(material, "composition", material))


def _as_frame(batch):
    if not isinstance(batch, Mapping):
        raise InvalidInputError(
            f"A batch is a DataFrame or a dict of arrays, not a {type(batch).__name__}."
        )
    return pd.DataFrame({name: pd.Series(list(values)) for name, values in batch.items()})


def _further_read(frame, material, further, categories):
    """Return the columns that a model reads, with text as numbers, and rows with faults."""
    X = frame[[material, *further]].reset_index(drop=True)
    problems: dict = {}
    for name in further:
        given = X[name]
        if name in categories and given.dtype.kind not in "iuf":
            text = given.astype(str).str.strip()
            text = text.where(given.notna() & (text != ""), None)
            for row in np.flatnonzero(text.notna() & ~text.isin(categories[name])):
                problems.setdefault(int(row), (given.iloc[row], f"{name!r} was not learned"))
            X[name] = text
            continue
        numbers = pd.to_numeric(given, errors="coerce").astype(np.float64)
        is_empty = given.isna() | (given.astype(str).str.strip() == "")
        for row in np.flatnonzero((numbers.isna() & ~is_empty) | np.isinf(numbers)):
            problems.setdefault(int(row), (given.iloc[row], f"{name!r} is not a finite number"))
        X[name] = numbers
    return X, [(row, *problem) for row, problem in problems.items()]


def _structures_read(values, bad):
    """Return structures read once, for all methods of a model, and rows with faults.

    The rows `bad` are not read. Models decide about disorder.
    """
    rows = [row for row in range(len(values)) if row not in bad]
    read, problems, _ = parse_pymatgen(values.iloc[rows].tolist(), "average")
    problems = [(rows[row], value, reason) for row, value, reason in problems]
    faulty = {row for row, *_ in problems}
    structures: list = [None] * len(values)
    for row, structure in zip((row for row in rows if row not in faulty), read, strict=True):
        structures[row] = structure
    return pd.Series(structures, index=values.index, dtype=object), problems


def _predict_good_rows(model, X, asked, bad):
    """Return the rows that can be predicted, their columns, what is wrong with the others, and how
    many rows have odd further columns.
    """
    # One chunk tells little about all materials. The column of novelty tells more.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoveltyWarning)
        return _predict_all_good(model, X, asked, bad)


def _predict_all_good(model, X, asked, bad):
    good = np.setdiff1d(np.arange(len(X)), list(bad))
    problems: list = []
    while len(good):
        try:
            read = X.iloc[good] if asked.vectors else prepared(model, X.iloc[good])
            odd = {what: int(rows.sum()) for what, rows in odd_rows(read).items()}
            return good, results(model, read, asked), problems, odd
        except InvalidRowsError as error:
            problems += [(int(good[row]), value, reason) for row, value, reason in error.problems]
            good = np.delete(good, error.rows)
    return good, [], problems, {}


def _scattered(values, rows, n_rows):
    """Return values at their rows, with NaN or None elsewhere."""
    if len(rows) == n_rows:
        return values
    empty = np.nan if values.dtype.kind == "f" else None
    filled = np.full(n_rows, empty, dtype=values.dtype if values.dtype.kind == "f" else object)
    filled[rows] = values
    return filled


def _stamp(path):
    """Return what changes when a model is written again."""
    if is_hub_address(path):
        return None
    target = Path(path)
    if target.is_dir():
        target = target / "SHA256SUMS"
    return (target.stat().st_mtime_ns, target.stat().st_size) if target.exists() else None


@lru_cache(maxsize=2)
def _hash_of_file(path, stamp):
    """Return the SHA-256 of a model. `stamp` tells its versions apart."""
    path = Path(path)
    content = (path / "SHA256SUMS" if path.is_dir() else path).read_bytes()
    return hashlib.sha256(content).hexdigest()


@lru_cache(maxsize=2)
def _loaded(path, stamp):
    """Load a model. `stamp` tells its versions apart."""
    if is_hub_address(path) or Path(path).is_dir():
        return _loud(load_model(path))
    if not Path(path).exists():
        raise InvalidInputError(f"The model {path} does not exist.")
    return _loud(_checked(joblib.load(path), path))


def _checked(model, name):
    """Return a model if it is one of skmat that is fitted: their errors list the bad rows."""
    is_model = hasattr(model, "get_params") and "on_invalid" in model.get_params(deep=False)
    if not is_model or not is_fitted(model):
        raise InvalidInputError(f"{name} is not a fitted model of skmat.")
    return model


def _hash_of(model):
    """Return a hash of what a fitted model has learned, or the parameters of one without training.

    It must be the same for a model that is fitted again in another process.
    """
    name = type(model).__name__
    if hasattr(model, "_hash_weights"):
        return f"{name} {model._hash_weights()}"
    learned = getattr(model, "oof_predictions_", None)
    if learned is None:
        return f"{name} {model.get_params(deep=False)}"
    digest = hashlib.sha256()
    for array in learned if isinstance(learned, list) else [learned]:
        digest.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    # Models with equal learned values may turn them into other predictions.
    deciding = {
        "bounds": [asdict(each) for each in getattr(model, "_shapes", ())],
        "decision": str(getattr(model, "decision", None)),
        "weights": [[(part.name, part.weight) for part in each.parts] for each in model._averages],
    }
    digest.update(json.dumps(deciding).encode())
    return f"{name} {digest.hexdigest()}"


def _loud(model):
    """Return the model with an error for bad rows, which says what is wrong with them."""
    if model.get_params(deep=False)["on_invalid"] == "raise":
        return model
    return copy.copy(model).set_params(on_invalid="raise")
