"""What a fit decides before it trains: rows, epochs, batch size, weights of tasks, device."""

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from skmat._utils.parameters import draw_seed, plain
from skmat.estimators._automatic import n_epochs, n_per_batch, pure_error_share
from skmat.estimators._pretrained import Start
from skmat.estimators._scaling import NO_VALUE, TargetScaling
from skmat.estimators._targets import TargetData
from skmat.exceptions import InvalidInputError
from skmat.objectives import Objective
from skmat.training import (
    CheckpointFolder,
    TrainingData,
    TrainingSettings,
    check_same_arrays,
    keep_labels,
    of_first_process,
    resolve_device,
    resolve_precision,
    spawn_seeds,
    split_by_group,
)

__all__ = [
    "FitData",
    "FitPlan",
    "Run",
    "Tasks",
    "plan_fit",
    "plan_partial_fit",
    "scale_extra",
]


class Tasks(NamedTuple):
    """What a fit learns.

    Attributes
    ----------
    objectives : tuple of Objective
        As the user gave them.
    weights : list of float
        Weight of each task.
    n_auxiliary : int
        Number of tasks, the last ones, that early stopping ignores.
    """

    objectives: tuple[Objective, ...]
    weights: list[float]
    n_auxiliary: int = 0

    def are_watched(self, targets: TargetData) -> np.ndarray:
        """Tell which columns of y early stopping watches: those of positive weight."""
        names = [name for each in self.objectives for name in each.task_names(targets.targets)]
        weights = dict(zip(names, self.weights, strict=True))
        return np.array([weights.get(name, 1.0) > 0 for name in targets.names], dtype=bool)


@dataclass(frozen=True, eq=False)
class FitData:
    """What a fit was given, as arrays.

    Attributes
    ----------
    X : array-like
        The materials as the user gave them, for teachers.
    materials : CompositionArrays or CrystalGraphs
        The same, as the network reads it.
    targets : TargetData
        Labels.
    sample_weight : ndarray of shape (n,), float64
        Weights with mean 1.
    make_batch : callable
        Rows of `materials` to a batch.
    extra : ndarray of shape (n, n_extra), float64, or None
        Further columns of X. A missing value is NaN.
    """

    X: Any
    materials: Any
    targets: TargetData
    sample_weight: np.ndarray
    make_batch: Any
    extra: np.ndarray | None = None

    def input_groups(self) -> np.ndarray:
        """Return groups of rows that are equal to a network of compositions, shape (n,)."""
        groups = self.materials.group_ids()
        if self.extra is None:
            return groups
        # Missing values are equal, which NaN is not.
        filled = np.where(np.isnan(self.extra), np.inf, self.extra)
        both = np.column_stack([groups, filled])
        return np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)

    def check_same(self) -> None:
        """Raise an error if processes that train together have other labels or weights."""
        check_same_arrays((self.targets.values, self.sample_weight, self.extra), "labels")

    def fit_extra_scaling(self, rows) -> TargetScaling | None:
        """Return the standardisation of further columns by `rows`."""
        if self.extra is None:
            return None
        return TargetScaling.fit(self.extra[rows], self.sample_weight[rows], if_empty=NO_VALUE)

    def for_training(self, scaling, teacher_targets, extra_scaling=None) -> TrainingData:
        """Return standardised arrays for the training loop."""
        return TrainingData(
            self.materials,
            self.make_batch,
            scaling.transform(self.targets.values).astype(np.float32),
            self.sample_weight.astype(np.float32),
            tuple(teacher_targets),
            scale_extra(self.extra, extra_scaling),
        )


def scale_extra(extra, scaling):
    """Return further columns as networks read them. A missing value becomes the mean, 0."""
    if extra is None:
        return None
    return np.nan_to_num(scaling.transform(extra), nan=0.0).astype(np.float32)


class Run(NamedTuple):
    """The training of one network.

    Attributes
    ----------
    seed, model_seed : int
        Seed of the network's whole run, and of its initial weights.
    training, validation : ndarray of int
        Rows; `validation` is empty without early stopping.
    settings : TrainingSettings
        How it is trained.
    """

    seed: int
    model_seed: int
    training: np.ndarray
    validation: np.ndarray
    settings: TrainingSettings


@dataclass(frozen=True, eq=False)
class FitPlan:
    """Everything that is decided before training.

    Attributes
    ----------
    start : Start
        Network and weights that training starts from.
    tasks : Tasks
        What is learned.
    runs : list of Run
        One per network.
    run_folder : CheckpointFolder or None
        Keeps the state of training.
    """

    start: Start
    tasks: Tasks
    runs: list[Run]
    run_folder: CheckpointFolder | None = None


def plan_fit(estimator, start, tasks, data, previous) -> FitPlan:
    """Plan ``fit``: a split, the epochs and the batch size of each network."""
    data.check_same()
    seed, run_folder = estimator._begin_run()
    seed = of_first_process(seed)
    fraction = estimator._plain("validation_fraction")
    groups = None
    if estimator.patience is not None and fraction > 0:
        groups = data.materials.group_ids()
    contradiction = _contradiction(estimator, data) if estimator.max_epochs == "auto" else 0.0
    runs = []
    for index, run_seed in enumerate(spawn_seeds(seed, estimator._n_networks)):
        split_seed, model_seed, training_seed = spawn_seeds(run_seed, 3)
        if previous:
            # The same split: rows that the first fit held out are held out again.
            run_seed = previous[index].seed
            split_seed, *_ = spawn_seeds(run_seed, 3)
        training, validation = _split(data, tasks, groups, fraction, split_seed)
        epochs = estimator._plain("max_epochs")
        if epochs == "auto":
            epochs = n_epochs("auto", len(training), estimator._epochs_factor, contradiction)
            # "auto" leaves at least one epoch for all layers.
            epochs = max(epochs, sum(_stages(estimator, start)) + 1)
        settings = _settings(estimator, start, tasks, len(training), training_seed, epochs)
        settings = replace(
            settings,
            schedule=estimator.schedule,
            freeze_epochs=_freeze_epochs(estimator, start, epochs),
            ema_decay=plain(getattr(estimator, "ema_decay", None)),
        )
        runs.append(Run(run_seed, model_seed, training, validation, settings))
    return FitPlan(start, tasks, runs, run_folder)


def plan_partial_fit(estimator, start, tasks, data, previous) -> FitPlan:
    """Plan ``partial_fit``: one epoch on all rows, at a constant learning rate."""
    data.check_same()
    rows = np.arange(len(data.materials))
    if previous:
        seeds = [(fitted.seed, len(fitted.history)) for fitted in previous]
    else:
        seed = of_first_process(draw_seed(estimator.random_state))
        first = spawn_seeds(seed, estimator._n_networks)
        seeds = [(run_seed, 0) for run_seed in first]
    runs = []
    for run_seed, n_epochs_before in seeds:
        # Other random numbers in every call.
        training_seed = run_seed + n_epochs_before
        settings = _settings(estimator, start, tasks, len(rows), training_seed, epochs=1)
        runs.append(
            Run(
                seed=run_seed,
                model_seed=run_seed,
                training=rows,
                validation=rows[:0],
                settings=settings,
            )
        )
    return FitPlan(start, tasks, runs)


def _split(data, tasks, groups, fraction, seed):
    """Return rows to train on and rows that early stopping watches."""
    if groups is not None:
        training, validation = split_by_group(groups, fraction, np.random.default_rng(seed))
        training, validation = keep_labels(
            training, validation, groups, data.targets, data.sample_weight, fraction
        )
        # Validation rows without labels cannot judge an epoch.
        is_watched = tasks.are_watched(data.targets)
        if data.targets.is_informative(validation, data.sample_weight, is_watched):
            return training, validation
    return np.arange(len(data.materials)), np.empty(0, dtype=int)


def _settings(estimator, start, tasks, n_training, seed, epochs):
    device = resolve_device(estimator.device)
    batch_size = estimator._plain("batch_size")
    return TrainingSettings(
        max_epochs=epochs,
        batch_size=n_per_batch(batch_size, n_training, estimator._max_batch_size),
        lr=estimator._plain("lr"),
        weight_decay=estimator._plain("weight_decay"),
        schedule="constant",
        patience=estimator._plain("patience"),
        # Frozen random weights would be useless.
        trainable=estimator.trainable if start.is_trained else "all",
        loss_weighting=estimator.loss_weighting,
        task_weights=tasks.weights,
        device=device,
        precision=resolve_precision(estimator.precision, device),
        seed=seed,
        verbose=int(estimator.verbose),
        encoder_lr_factor=float(getattr(estimator, "encoder_lr_factor", 1.0)),
        layer_decay=float(getattr(estimator, "layer_decay", 1.0)),
        n_auxiliary=tasks.n_auxiliary,
        threads_from=estimator._threads_from,
    )


def _stages(estimator, start):
    """Return the epochs of each stage that trains new heads on a loaded encoder."""
    stages = plain(getattr(estimator, "freeze_epochs", 0))
    if isinstance(stages, Integral):
        stages = (stages,) if stages else ()
    if not all(isinstance(n, Integral) and int(n) > 0 for n in stages):
        raise InvalidInputError(
            f"freeze_epochs={estimator.freeze_epochs!r} must be a number of epochs, or for each"
            " stage a whole number of at least 1; for no stage give 0."
        )
    return () if start.checkpoint is None else tuple(int(n) for n in stages)


def _freeze_epochs(estimator, start, max_epochs):
    stages = _stages(estimator, start)
    if stages and sum(stages) >= max_epochs:
        raise InvalidInputError(
            f"freeze_epochs={estimator.freeze_epochs} leaves no epoch of max_epochs={max_epochs}"
            " for the encoder; use fewer, or trainable='head' to train the heads alone."
        )
    return stages


def _contradiction(estimator, data):
    if not estimator._composition_is_all:
        return 0.0
    is_number = [classes is None for classes in data.targets.classes]
    labels = data.targets.values[:, is_number]
    labels = np.where(data.sample_weight[:, None] > 0, labels, np.nan)
    return pure_error_share(data.input_groups(), labels)
