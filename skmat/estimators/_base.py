"""What every estimator of the package does, whatever its encoder and whatever it predicts."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skmat._utils.parameters import PlainParametersMixin
from skmat.estimators._automatic import n_epochs, n_per_batch, pure_error_share
from skmat.estimators._checkpoints import CheckpointMixin
from skmat.estimators._going_on import check_same_tasks, go_on, settings_of_steps
from skmat.estimators._kept import kept_members
from skmat.estimators._member import Member
from skmat.estimators._validation import keep_labels
from skmat.exceptions import InvalidInputError
from skmat.objectives import LOSS_WEIGHTINGS
from skmat.training import (
    PRECISIONS,
    SCHEDULES,
    MultiObjectiveModel,
    TrainingData,
    TrainingSettings,
    build_net,
    history_rows,
    isolated_seed,
    own_surroundings,
    resolve_device,
    resolve_precision,
    run_encoder,
    spawn_seeds,
    split_by_group,
    train,
    train_further,
    untrained_net,
)

__all__ = ["EncoderEstimator", "scatter_rows"]


class EncoderEstimator(
    PlainParametersMixin,
    CheckpointMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Base of encoders, regressors and classifiers.

    A family (such as MTEncoder's) adds ``_family``, ``_network_config()``, ``_build_network``,
    ``_read_X`` and ``_make_batch``; see ``_mtencoder.py``.
    """

    _parameter_constraints: dict = {
        "pretrained": "no_validation",
        "loss_weights": [dict, "array-like", StrOptions({"sqrt_labels"}), None],
        "loss_weighting": [StrOptions(set(LOSS_WEIGHTINGS))],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "schedule": [StrOptions(set(SCHEDULES))],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "trainable": [str],
        "random_state": ["random_state"],
        "device": [str],
        "precision": [StrOptions(set(PRECISIONS))],
        "on_invalid": [StrOptions({"raise", "nan"})],
        "warm_start": ["boolean"],
        "verbose": ["verbose", Hidden(Interval(Integral, 0, None, closed="left"))],
    }

    _family: str

    #: What the objectives of the last call had to fit, as they gave it.
    _to_be_fitted: list

    #: How many times as many epochs as other families a family takes by itself.
    _epochs_factor = 1

    #: Most materials per step that a family takes by itself.
    _most_per_batch = 512

    #: What `trainable` may be: "all", "head" and the network's ``trainable_parts()``.
    _trainable_choices = ("all", "head", "last")

    def __init__(
        self,
        *,
        pretrained,
        loss_weights,
        loss_weighting,
        max_epochs,
        batch_size,
        lr,
        weight_decay,
        schedule,
        patience,
        validation_fraction,
        trainable,
        random_state,
        device,
        precision,
        on_invalid,
        warm_start,
        verbose,
    ):
        self.pretrained = pretrained
        self.loss_weights = loss_weights
        self.loss_weighting = loss_weighting
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.trainable = trainable
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.on_invalid = on_invalid
        self.warm_start = warm_start
        self.verbose = verbose

    @property
    def net_(self):
        """The skorch net of the first member."""
        check_is_fitted(self)
        return self.estimators_[0].net

    @property
    def n_features_out_(self):
        """Number of columns that ``transform`` returns."""
        return sum(member.model.encoder.out_features for member in self.estimators_)

    @property
    def _n_features_out(self):
        # Read by scikit-learn's ClassNamePrefixFeaturesOutMixin.
        return self.n_features_out_

    @property
    def _n_members(self):
        return self._plain("n_estimators") if hasattr(self, "n_estimators") else 1

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimators_")

    def transform(self, X):
        """Embed materials.

        Parameters
        ----------
        X : array-like
            Materials, in the form that ``fit`` was given.

        Returns
        -------
        ndarray of shape (n_materials, n_features_out), float32
            The encoder's vector of each material, dimensionless; those of several members stand
            side by side. Rows of NaN where X is invalid and ``on_invalid="nan"``.

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If rows of X cannot be read and ``on_invalid="raise"``.
        """
        materials, valid = self._read_for_prediction(X)
        vectors = [
            run_encoder(
                member.model.encoder,
                materials,
                self._make_batch,
                *self._device_and_precision(member),
            )
            for member in self.estimators_
        ]
        return scatter_rows(np.hstack(vectors), valid)

    def fit_transform(self, X, y=None, **fit_params):
        """Fit to X and y, then embed X; see ``fit`` and ``transform``."""
        return self.fit(X, y, **fit_params).transform(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # vectors are float32, whatever X is
        return tags

    # What the subclasses build fit from.

    def _check_trainable(self):
        """Refuse a part that the family's networks do not have; called before X is read."""
        if self.trainable not in self._trainable_choices:
            raise InvalidInputError(
                f"trainable={self.trainable!r} is nothing that {type(self).__name__} can train;"
                f" choose one of {list(self._trainable_choices)}; heads are always new."
            )

    def _fit_members(self, X, materials, read, objectives, sample_weight, *, task_weights):
        """Train every member; sets ``estimators_``, ``history_`` and ``load_report_``."""
        previous = self._members_to_continue(read.targets, objectives)
        early_stopping = self.patience is not None and self._plain("validation_fraction") > 0
        groups = materials.group_ids() if early_stopping else None
        with kept_members(previous or ()):
            members = self._train_members(
                X, materials, read, objectives, sample_weight, task_weights, previous, groups
            )
        self._to_be_fitted = [objective.to_be_fitted() for objective in objectives]
        self._set_members(members)

    def _train_members(
        self, X, materials, read, objectives, sample_weight, task_weights, previous, groups
    ):
        """Return the members of a fit, trained; those of `previous` are trained in place."""
        device, fraction = resolve_device(self.device), self._plain("validation_fraction")
        members = []
        run_seed, run_folder = self._begin_run()
        for index, seed in enumerate(spawn_seeds(run_seed, self._n_members)):
            split_seed, model_seed, training_seed = spawn_seeds(seed, 3)
            training, validation = np.arange(len(materials)), np.empty(0, dtype=int)
            if groups is not None:
                training, validation = split_by_group(
                    groups, fraction, np.random.default_rng(split_seed)
                )
                training, validation = keep_labels(
                    training, validation, groups, read, sample_weight, fraction
                )
                if not read.is_informative(validation, sample_weight):
                    # Nothing to judge an epoch by: better to learn from these rows too.
                    training, validation = np.arange(len(materials)), validation[:0]
            if previous:
                model = previous[index].model
                scaling = previous[index].scaling.refitted(
                    read.values[training], sample_weight[training]
                )
                lessons = go_on(model, objectives, self._to_be_fitted, X, training)
            else:
                prepared = [objective.prepared(X, training) for objective in objectives]
                lessons = [each for _, each in prepared]
                ready = [objective for objective, _ in prepared]
                model = self._build_model(ready, read.targets, model_seed, device)
                scaling = read.fit_scaling(training, sample_weight)
            data = self._training_data(materials, read, scaling, sample_weight, lessons)
            net, history = train(
                model,
                self._settings(
                    len(training),
                    task_weights,
                    training_seed,
                    device,
                    epochs=self._epochs(materials, read, sample_weight, len(training)),
                    goes_on=bool(previous),
                ),
                data.take(training) if len(validation) else data,
                data.take(validation) if len(validation) else None,
                run_folder,
            )
            members.append(Member(net, scaling, seed, history))
        return members

    def _partial_fit_members(self, X, materials, read, objectives, sample_weight, *, task_weights):
        """Train every member for one epoch, at a constant learning rate."""
        device = resolve_device(self.device)
        goes_on = hasattr(self, "estimators_")
        if not goes_on:
            everything = np.arange(len(materials))
            ready = [objective.prepared(X, everything)[0] for objective in objectives]
            self.estimators_ = [
                Member(
                    untrained_net(self._build_model(ready, read.targets, seed, device), device),
                    read.fit_scaling(everything, sample_weight),
                    seed,
                )
                for seed in spawn_seeds(self._draw_seed(), self._n_members)
            ]
            self._to_be_fitted = [objective.to_be_fitted() for objective in objectives]
        check_same_tasks(self.estimators_[0].model, read.targets, objectives)
        with kept_members(self.estimators_ if goes_on else ()):
            for member in self.estimators_:
                self._partial_fit_member(
                    member, X, materials, read, objectives, sample_weight, task_weights, goes_on
                )
        self._to_be_fitted = [objective.to_be_fitted() for objective in objectives]
        self._set_members(self.estimators_)

    def _partial_fit_member(
        self, member, X, materials, read, objectives, sample_weight, task_weights, goes_on
    ):
        if goes_on:
            member.scaling = member.scaling.refitted(read.values, sample_weight)
        settings = self._settings(
            len(materials),
            task_weights,
            member.seed + len(member.history),
            resolve_device(self.device),
            schedule="constant",
            epochs=1,
            goes_on=goes_on,
        )
        steps = settings_of_steps(self, settings)
        if member.steps != steps or member.net.device != settings.device:
            member.net, member.steps = build_net(member.model, settings, len(materials)), steps
        rows = np.arange(len(materials))
        lessons = go_on(member.model, objectives, self._to_be_fitted, X, rows)
        data = self._training_data(materials, read, member.scaling, sample_weight, lessons)
        train_further(member.net, data, settings)
        member.model.eval()
        row = history_rows(member.net.history)[-1]
        member.history.append({**row, "epoch": len(member.history) + 1})

    def _set_members(self, members):
        self.estimators_ = members
        self.history_ = [
            {"estimator": index, **row}
            for index, member in enumerate(members)
            for row in member.history
        ]

    def _members_to_continue(self, targets, objectives):
        members = getattr(self, "estimators_", None) if self.warm_start else None
        if not members:
            return None
        check_same_tasks(members[0].model, targets, objectives)
        if len(members) != self._n_members:
            raise InvalidInputError(
                f"warm_start=True goes on with the {len(members)} members of the last fit, but"
                f" n_estimators is now {self._n_members}; use warm_start=False to change it."
            )
        return members

    @own_surroundings()
    def _build_model(self, objectives, targets, seed, device):
        with isolated_seed(seed):
            return MultiObjectiveModel(self._build_encoder(), objectives, targets).to(device)

    def _epochs(self, materials, read, sample_weight, n_training):
        """Return for how many epochs the networks are trained."""
        if self.max_epochs != "auto":
            return self._plain("max_epochs")
        is_number = [classes is None for classes in read.classes]
        labels = np.where(sample_weight[:, None] > 0, read.values[:, is_number], np.nan)
        contradicted = self._pure_error_share(materials, labels)
        return n_epochs("auto", n_training, self._epochs_factor, contradicted)

    def _compositions(self, materials):
        """Return the compositions of what ``_read_X`` returned."""
        return materials

    def _pure_error_share(self, materials, values):
        return pure_error_share(materials.group_ids(), values)

    def _settings(self, n_training, task_weights, seed, device, *, epochs, goes_on, schedule=None):
        # Layers with random weights are worth nothing as they are.
        is_worth_keeping = goes_on or self._pretrained_source() is not None
        return TrainingSettings(
            max_epochs=epochs,
            batch_size=n_per_batch(self._plain("batch_size"), n_training, self._most_per_batch),
            lr=self._plain("lr"),
            weight_decay=self._plain("weight_decay"),
            schedule=schedule or self.schedule,
            patience=self._plain("patience"),
            trainable=self.trainable if is_worth_keeping else "all",
            loss_weighting=self.loss_weighting,
            task_weights=task_weights,
            device=device,
            precision=resolve_precision(self.precision, device),
            seed=seed,
            verbose=int(self.verbose),
        )

    def _training_data(self, materials, read, scaling, sample_weight, lessons):
        return TrainingData(
            materials,
            self._make_batch,
            scaling.transform(read.values).astype(np.float32),
            sample_weight.astype(np.float32),
            tuple(lessons),
        )

    def _begin_run(self):
        """Return the seed of a fit, and the folder that keeps its state, if any does."""
        return self._draw_seed(), None

    def _draw_seed(self):
        """Return a seed from ``random_state`` without touching a generator of the caller's."""
        if isinstance(self.random_state, np.random.RandomState):
            return int(self.random_state.randint(2**31 - 1))
        if self.random_state is None:
            return int(np.random.SeedSequence().generate_state(1)[0])
        return int(self.random_state)

    def _read_for_prediction(self, X):
        """Return the readable materials and the mask of their rows."""
        check_is_fitted(self)
        materials = self._read_X(X, reset=False, on_invalid=self.on_invalid, allow_empty=True)
        valid = materials.n_sites > 0
        return (materials if valid.all() else materials.take(valid)), valid

    def _device_and_precision(self, member):
        """Return the device and the precision that `member` predicts on."""
        return member.net.device, "bf16" if self.precision == "bf16" else "float32"


def scatter_rows(rows, valid):
    """Put `rows` where `valid` is true, NaN elsewhere."""
    if valid.all():
        return rows
    scattered = np.full((len(valid), *rows.shape[1:]), np.nan, dtype=rows.dtype)
    scattered[valid] = rows
    return scattered
