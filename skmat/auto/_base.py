"""What AutoRegressor and AutoClassifier share."""

import sys
import warnings
from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skmat._utils.doc_links import DocLinkMixin
from skmat._utils.parameters import PlainParametersMixin, draw_seed
from skmat._utils.prepared import describe_odd_rows
from skmat.auto._candidates import make_candidates
from skmat.auto._clock import Deadline, deferred_interrupt
from skmat.auto._competition import Competition, Outcome
from skmat.auto._data import FitData
from skmat.auto._folds import join_groups, make_folds
from skmat.auto._leaderboard import leaderboard, leaderboard_html, leaderboard_text
from skmat.auto._materials import EMBEDDING, feature_pipeline
from skmat.auto._metrics import resolve_metric
from skmat.auto._novelty import NoveltyScale
from skmat.auto._params import AutoParams
from skmat.auto._prepared import PreparedMaterials
from skmat.auto._reading import MaterialsInputMixin
from skmat.auto._refit import refit_candidate
from skmat.auto._saving import AutoFolderMixin
from skmat.auto._trial import n_models_of_all_rows
from skmat.estimators._params import dataclass_of_parameters
from skmat.estimators._rollback import restored_on_failure
from skmat.estimators._targets import check_not_labels
from skmat.exceptions import InvalidInputError, NoveltyWarning
from skmat.inputs import held, read_columns, weights_to_learn_by
from skmat.training import are_several_processes, is_first_process, of_first_process

__all__ = ["AutoEstimator", "scattered"]

#: Rows of a prediction whose novelty is looked at.
_N_LOOKED_AT = 300
#: Percentile of the novelty above which a material is outside of the training set.
_OUTSIDE = 99.0
#: Rows below which "best" and "fast" repeat the folds.
_FEW, _FEW_FOR_FAST = 1_000, 500
#: Rows above which "medium" takes fewer folds.
_MANY = 2_000
#: Splits that are drawn until one of them learns and tests each target.
_N_TRIES = 20


@dataclass_of_parameters()
class AutoEstimator(
    AutoParams,
    AutoFolderMixin,
    PlainParametersMixin,
    MaterialsInputMixin,
    DocLinkMixin,
    BaseEstimator,
):
    """Base of the two: an average of candidates, weighted by their out-of-fold predictions.

    A kind adds ``_read_targets``, ``_compete``, ``_make_average`` and its predictions.
    """

    #: Whether predictions are probabilities.
    _is_classifier: ClassVar[bool]

    @_fit_context(prefer_skip_nested_validation=False)
    @restored_on_failure
    def fit(self, X, y, sample_weight=None, groups=None):
        """Fit the candidates and choose their weights.

        Parameters
        ----------
        X : array-like of shape (n_materials,) or (n_materials, n_columns)
            Formulas, structures, a matrix of amounts, or a DataFrame with one column of formulas
            or structures and further columns of numbers or categories.
        y : array-like of shape (n_materials,) or (n_materials, n_targets)
            Labels: properties in any units for AutoRegressor, classes for AutoClassifier. All
            classes of a column have one type, which can be sorted. Labels may be missing: NaN,
            None, pandas.NA, null or masked.
        sample_weight : array-like of shape (n_materials,), default=None
            Non-negative weights of the materials. Candidates that take no weights ignore them.
        groups : array-like of shape (n_materials,), default=None
            Rows of one group are never in both parts of a split. Neither are rows of one
            composition.

        Returns
        -------
        self : AutoRegressor or AutoClassifier

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If rows of X cannot be read. The error lists all of them.
        InvalidLabelsError
            If labels to predict as numbers are not numbers, infinite, or larger than 1e300 in
            magnitude.
        LabelTypeError
            If the classes of a column have several types or cannot be sorted.
        InvalidInputError
            If a column of y has no label in a row of positive weight, all labels are of one
            composition, or a parameter names an unknown candidate or scorer.

        Warns
        -----
        CandidateWarning
            If a candidate fails. The others are used.
        """
        if self.time_limit is not None and are_several_processes():
            raise InvalidInputError(
                f"time_limit={self.time_limit} cannot be kept by several processes, whose clocks"
                " differ. Set time_limit=None, or fit on one process."
            )
        verbose = int(self.verbose) if is_first_process() else 0
        deadline = Deadline(self._plain("time_limit"))
        # Read.
        metric = resolve_metric(self.scoring, is_classifier=self._is_classifier)
        X = held(X)
        data, valid = self._read_data(X, y, sample_weight, groups)
        targets = data.targets
        left_out: dict[str, str] = {}
        candidates = make_candidates(
            self.preset,
            self.candidates,
            input=self.input_,
            is_classifier=self._is_classifier,
            n_targets=len(targets.names),
            n_rows=data.n_labelled(),
            n_columns=data.n_columns,
            fewest=_fewest(targets) if self._is_classifier else None,
            device=self.device,
            left_out=left_out,
        )
        # Small enough for what is added to it.
        seed = of_first_process(draw_seed(self.random_state)) % (2**31 - 1)
        data.folds = self._make_folds(data, valid, seed, X)

        # Ctrl-C in what follows leaves a usable model too.
        with deferred_interrupt(deadline):
            competition = Competition(data, deadline, seed, self._plain("n_jobs"), verbose)
            competition.failures += [
                Outcome(candidate, target, why)
                for candidate, why in left_out.items()
                for target in targets.names
            ]
            self._fit_candidates(candidates, competition, valid, metric)
        if verbose:
            print(f"Candidates, by out-of-fold {metric.name}:", file=sys.stderr)
            print(leaderboard_text(self.leaderboard_), file=sys.stderr)
        return self

    def _fit_candidates(self, candidates, competition, valid, metric):
        data = competition.data
        targets = data.targets
        for target, name in enumerate(targets.names):
            rows = data.labelled(target)
            y = targets.values[rows, target]
            metric.check(y, self._uninformed(y, target, targets), data.sample_weight[rows], name)
        # Read what the novelty needs, so that the time that is left is the candidates'.
        embedding = data.table.feature(EMBEDDING[self.input_])

        # Compete.
        parts = self._compete(candidates, competition, metric)
        competition.check(parts, targets.names)

        # Select.
        generator = np.random.default_rng(competition.seed)
        learned = np.any([data.labelled(target) for target in range(len(parts))], axis=0)
        compositions = data.table.compositions.group_ids()[learned]
        novelty = NoveltyScale.fit(
            embedding[learned],
            compositions,
            generator,
            all_vectors=self.input_ == "structure",
        )
        data.distances = novelty.relative_distance(embedding)
        averages, ranked, oof = [], [], []
        for target, of_target in enumerate(parts):
            average, of_target, predictions = self._make_average(
                target, of_target, data, metric, generator
            )
            averages.append(average)
            ranked.append(of_target)
            oof.append(scattered(predictions, valid))

        # Keep.
        self._keep_targets(targets)
        self._novelty = novelty
        self._averages = averages
        self._ranked = ranked if self.keep_candidates else None
        self.oof_predictions_ = self._joined(oof)
        self._keep_trials(data, competition)
        self.leaderboard_ = leaderboard(ranked, competition.failures, targets.names)
        self.error_name_ = metric.name
        self._forms = _forms_of(parts)

    def prepare(self, X):
        """Read materials once, for several methods.

        ``predict``, ``predict_interval``, ``predict_proba``, ``novelty`` and
        ``predict_candidates`` take the result in the place of X. Each part of the average then
        predicts once.

        Parameters
        ----------
        X : array-like
            Materials, as in ``fit``.

        Returns
        -------
        PreparedMaterials
            For this estimator, until it is fitted again. Its length is the number of materials.

        Warns
        -----
        NoveltyWarning
            If most materials are unlike those of the training set.
        """
        read = self._read(X)
        # Materials that were prepared before have had their warning.
        if len(read.table) and read is not X:
            self._warn_of_novelty(read.table)
        return read

    def novelty(self, X):
        """Tell how far materials are from the training set.

        The distance is the mean distance to the five nearest materials of the training set, in
        the space of a pretrained encoder. Predictions of materials that are unlike all of the
        training set are less certain than their intervals say. All rows with a label of any target
        count as the training set.

        Parameters
        ----------
        X : array-like
            Materials, as in ``fit``.

        Returns
        -------
        ndarray of shape (n_materials,)
            Percentage of the training set whose own distance is smaller, from 0 to 100. It is 100
            if a further column has a number outside of the learned range, by more than 5 % of the
            range, a category that no labelled material has, a number where labelled materials have
            none, or is missing where the training set always had it. NaN for rows that cannot be
            read, with ``on_invalid="nan"``.
        """
        read = self._read(X)
        values = self._novelty_of(read.table) if len(read.table) else np.empty(0)
        return scattered(values, read.valid)

    def predict_candidates(self, X):
        """Return the predictions of every candidate.

        Parameters
        ----------
        X : array-like
            Materials, as in ``fit``.

        Returns
        -------
        dict of str to ndarray, or list of them
            Values of shape (n_materials,) or probabilities of shape (n_materials, n_classes) by
            the name in ``leaderboard_``. If y had two dimensions, a list of one dict per target.

        Raises
        ------
        InvalidInputError
            If the fit had ``keep_candidates=False``.
        """
        check_is_fitted(self)
        if self._ranked is None:
            raise InvalidInputError(
                "The candidates are not kept. Set keep_candidates=True before fit."
            )
        read = self._read(X)
        predictions = [
            {
                part.name: scattered(average.predict_part(part, read.outputs), read.valid)
                for part in parts
            }
            for average, parts in zip(self._averages, self._ranked, strict=True)
        ]
        return predictions[0] if self._one_dimensional else predictions

    def refit_candidate(self, name, X, y, sample_weight=None):
        """Fit one candidate alone to all rows.

        Structures are checked as in ``fit``.

        Parameters
        ----------
        name : str
            Name in ``leaderboard_``, without ", gated". It learns logarithms, or has a gate, as in
            the fit. Those that learn "above" the lowest label cannot be fitted alone.
        X, y, sample_weight : array-like
            As in ``fit``. An estimator does not keep its training data. Rows without a label are
            left out.

        Returns
        -------
        estimator
            A fitted network, or a pipeline of features and a model. It reads the materials of X.

        Raises
        ------
        InvalidInputError
            If no candidate has that name, y has several columns that it cannot learn, or X has
            further columns.
        InvalidStructureError
            If structures of X cannot be read as in ``fit``. The error lists all of them.
        """
        check_is_fitted(self)
        return refit_candidate(self, name, X, y, sample_weight)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "leaderboard_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _repr_html_inner(self):
        return super()._repr_html_inner() + self._leaderboard_html()

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] += self._leaderboard_html()
        return bundle

    def _leaderboard_html(self):
        if not self.__sklearn_is_fitted__():
            return ""
        return leaderboard_html(self.leaderboard_)

    # Parts of a fit.

    def _models_to_try(self, input, n_rows):
        """Return the models of all candidates, and what computes their features."""
        input = input if self.input == "auto" else self.input
        candidates = make_candidates(
            self.preset,
            self.candidates,
            input=input,
            is_classifier=self._is_classifier,
            n_targets=1,
            n_rows=n_rows,
        )
        features = {each.reads for each in candidates if not isinstance(each.reads, str)}
        return [each.model for each in candidates] + [
            feature_pipeline(names, input) for names in sorted(features)
        ]

    def _read_data(self, X, y, sample_weight, groups):
        table, valid = self._read_table(X, reset=True)
        targets = self._read_targets(y, len(valid))
        weights = weights_to_learn_by(sample_weight, _AllRows(valid))[valid]
        targets = targets.take(valid)
        if table.columns is not None:
            check_not_labels(table.columns.to_numpy(), list(table.columns), targets)
            has_label = ~np.isnan(targets.values).all(axis=1) & (weights > 0)
            self._learn_ranges(X, np.flatnonzero(valid)[has_label])
        targets.check_weights(weights)
        keys = [table.compositions.group_ids()]
        if groups is not None:
            keys.append(_read_groups(groups, valid))
        return FitData(table, targets, weights, join_groups(*keys)), valid

    def _make_folds(self, data, valid, seed, X):
        labelled = [data.labelled(target) for target in range(len(data.targets.names))]
        for has_label, name in zip(labelled, data.targets.names, strict=True):
            if len(np.unique(data.groups[has_label])) < 2:
                raise InvalidInputError(
                    f"Found labels of {name!r} for 1 sample or for one composition or group. A"
                    " minimum of 2 is required, to hold one out. Give labels of more materials."
                )
        # Splitters may know the rows of X by their numbers, so they get all of them.
        rows = np.flatnonzero(valid)[np.any(labelled, axis=0)]
        groups = np.arange(len(valid)) + len(data)
        groups[valid] = data.groups
        classes = None
        if self._is_classifier and len(data.targets.names) == 1:
            classes = np.full(len(valid), -1)
            classes[valid] = np.where(labelled[0], data.targets.values[:, 0], -1).astype(int)
        n_folds, n_repeats = _n_folds(self.preset, len(rows))
        cv = self._plain("cv")
        n_tries = _N_TRIES if isinstance(cv, str | int) else 1
        labels = np.full((len(valid), len(labelled)), np.nan)
        labels[valid] = np.stack([data.labels(place) for place in range(len(labelled))], axis=1)
        labels = labels[:, 0] if len(labelled) == 1 else labels
        numbers = np.cumsum(valid) - 1
        materials = None if isinstance(cv, str | int) else self._material_values(X)
        for number in range(n_tries):
            folds = make_folds(
                cv,
                groups,
                rows=rows,
                n_folds=n_folds,
                n_repeats=n_repeats,
                classes=classes,
                seed=seed + 1000 * number,
                materials=materials,
                labels=labels if classes is None else classes,
            )
            folds = [(numbers[training], numbers[held_out]) for training, held_out in folds]
            if not _idle_targets(folds, labelled):
                return folds
        names = [data.targets.names[place] for place in _idle_targets(folds, labelled)]
        raise InvalidInputError(
            f"No part of a split both learns and tests {names}. Give labels of more materials, or"
            " another cv."
        )

    def _keep_trials(self, data, competition):
        """Fit the models that predict, and drop what predictions do not need."""
        competition.deadline.reserved = 0.0
        kept = [part for average in self._averages for part in average.parts]
        used = {trial for part in kept for trial in part.trials}
        if self._ranked is not None:
            kept += [part for of_target in self._ranked for part in of_target]
        trials = dict.fromkeys(trial for part in kept for trial in part.trials)
        # First those without any model: others use what time is left.
        for trial in sorted(trials, key=lambda trial: bool(trial.models)):
            n_models = n_models_of_all_rows(trial, data.folds)
            if n_models and (trial in used or not trial.models):
                competition.fit_all_rows(trial, n_models)
            trial.forget_training()

    def _keep_targets(self, targets):
        self.target_names_ = targets.names
        self.n_outputs_ = len(targets.names)
        self._one_dimensional = targets.one_dimensional

    # Parts of a prediction.

    def _read(self, X):
        """Return X as PreparedMaterials, without a warning of novelty."""
        check_is_fitted(self)
        if not isinstance(X, PreparedMaterials):
            table, valid = self._read_table(X, reset=False)
            return PreparedMaterials(table, valid, self._averages)
        if X.averages is not self._averages:
            raise InvalidInputError(
                "X was prepared by another model, or before this one was fitted again. Call"
                " prepare(X) of this model."
            )
        return X

    def _outputs(self, X):
        """Return the predictions of X, and the mask of the readable rows."""
        read = self.prepare(X)
        return read.outputs, read.valid

    def _has_learned(self, X):
        """Tell which materials are in the training set. It is known of 10,000 of them at most."""
        read = self._read(X)
        found = np.zeros(len(read), dtype=bool)
        if len(read.table):
            found[read.valid] = self._novelty.holds(read.table.feature(EMBEDDING[self.input_]))
        return found

    def _embed(self, X):
        """Return the vectors in which novelty is measured, for EmbeddingDisplay."""
        read = self._read(X)
        return scattered(read.table.feature(EMBEDDING[self.input_]), read.valid)

    def _novelty_of(self, table):
        values = self._novelty.percentile(table.feature(EMBEDDING[self.input_]))
        for rows in table.odd.values():
            values[rows] = 100.0
        return values

    def _distances_of(self, table):
        """Return distances from the training set, relative to the median within it."""
        return self._novelty.relative_distance(table.feature(EMBEDDING[self.input_]))

    def _warn_of_novelty(self, table):
        for what, rows in table.odd.items():
            text = describe_odd_rows(what, rows.sum(), len(rows))
            warnings.warn(text, NoveltyWarning, stacklevel=5)
        # The search takes longer than predictions. A few hundred rows tell.
        rows = np.unique(np.linspace(0, len(table) - 1, _N_LOOKED_AT).astype(int))
        vectors = table.feature(EMBEDDING[self.input_])[rows]
        outside = (self._novelty.percentile(vectors) > _OUTSIDE).mean()
        if outside > 0.5:
            warnings.warn(
                f"{outside:.0%} of the materials are unlike the training set: they are farther"
                f" from it than {_OUTSIDE:.0f} % of its own materials. Predictions and intervals"
                " may be wrong. See novelty(X).",
                NoveltyWarning,
                stacklevel=5,
            )

    def _as_y(self, columns, valid):
        columns = [scattered(each, valid) for each in columns]
        return columns[0] if self._one_dimensional else np.stack(columns, axis=1)


class _AllRows:
    """Stands for the materials of X where only their number and empty rows matter."""

    def __init__(self, valid):
        self.n_sites = valid.astype(int)

    def __len__(self):
        return len(self.n_sites)


def _forms_of(parts):
    """Return by name in the leaderboard what a candidate learned of each target."""
    trials = {part.trial for of_target in parts for part in of_target}
    return {
        trial.name: {
            "log_units": [each.log_unit for each in trial.learned],
            "gates": [each.lowest is not None for each in trial.learned],
        }
        for trial in sorted(trials, key=lambda trial: trial.name)
        if trial.candidate.is_network or not any(each.is_above for each in trial.learned)
    }


def _idle_targets(folds, labelled):
    """Return the targets that no fold both learns and tests."""
    return [
        place
        for place, has_label in enumerate(labelled)
        if not any(has_label[training].any() and has_label[test].any() for training, test in folds)
    ]


def _fewest(targets):
    """Return the number of labels of the rarest class of all targets."""
    return min(
        int(np.unique(column[~np.isnan(column)], return_counts=True)[1].min())
        for column in targets.values.T
    )


def _n_folds(preset, n_rows):
    """Return the number of folds and of repeats."""
    preset = preset if isinstance(preset, str) else None
    if preset == "fast":
        return 5, (2 if n_rows < _FEW_FOR_FAST else 1)
    if preset == "best":
        return 5, (3 if n_rows < _FEW else 1)
    return (5 if n_rows <= _MANY else 3), 1


def _read_groups(groups, valid):
    columns = read_columns(groups, "groups").columns
    if len(columns) > 1:
        raise InvalidInputError(
            f"groups has {len(columns)} columns. Give one group per row, such as the text of all"
            " columns joined."
        )
    column = columns[0]
    check_consistent_length(column.missing, valid)
    if column.missing.any():
        row = int(np.flatnonzero(column.missing)[0])
        raise InvalidInputError(
            f"groups has no value in row {row}. Give every row a group, or groups=None."
        )
    # Labels of several types cannot be sorted.
    return pd.factorize(np.asarray(column.labels))[0][valid]


def scattered(values, valid):
    """Put `values` into the rows where `valid` is true, and NaN elsewhere."""
    if valid.all():
        return values
    full = np.full((len(valid), *values.shape[1:]), np.nan)
    full[valid] = values
    return full
