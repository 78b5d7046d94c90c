"""The parameters that all families share: default, constraint and description of each, once.

To add one, write one attribute and its description here, and the line of code that uses it.
``__init__``, validation and docstrings of all estimators follow. A family that needs another
default writes ``lr: float = 2e-3`` in its own class.
"""

from __future__ import annotations

import inspect
import os
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from numbers import Integral, Real
from typing import Any, NamedTuple

from joblib import Memory
from sklearn.utils._param_validation import HasMethods, Hidden, Interval, StrOptions

from skmat.objectives import LOSS_WEIGHTINGS, REGRESSION_LOSSES, Objective
from skmat.training import PRECISIONS, SCHEDULES

__all__ = [
    "GraphParams",
    "PredictorParams",
    "PretrainingParams",
    "RegressorParams",
    "SharedParams",
    "constraints_of",
    "descriptions_of",
    "dataclass_of_parameters",
    "param",
]

#: Headings of the docstrings, in their order.
HEADINGS = (
    "Models",
    "Materials",
    "Start",
    "Network",
    "Training",
    "Fine-tuning",
    "Uncertainty",
    "Machine",
)

#: Makes ``__init__`` from attributes. scikit-learn compares and shows estimators by itself.
dataclass_of_parameters = partial(dataclass, kw_only=True, eq=False, repr=False)


def param(default, constraint) -> Any:
    """Declare a parameter: its default, immutable, and what validation accepts.

    The docstring of the class describes it, under one of ``HEADINGS``.
    """
    return field(default=default, metadata={"constraint": constraint})


class Description(NamedTuple):
    """One entry of the section "Parameters"."""

    name: str
    heading: str
    kind: str
    default: object
    text: str


def constraints_of(cls):
    """Return the ``_parameter_constraints`` of an estimator."""
    return {
        each.name: each.metadata["constraint"]
        for owner in reversed(cls.__mro__)
        for each in owner.__dict__.get("__dataclass_fields__", {}).values()
        if each.metadata
    }


def descriptions_of(cls):
    """Return the parameters of an estimator in the order of its docstring.

    Under each heading the parameters of general classes come first, after ``preset``.
    """
    defaults = {each.name: each.default for each in fields(cls)}
    found = [
        Description(name, heading, kind, defaults[name], text)
        for owner in reversed(cls.__mro__)
        if "__dataclass_fields__" in owner.__dict__
        for name, heading, kind, text in _read_docstring(owner.__doc__)
    ]
    return sorted(found, key=lambda each: (HEADINGS.index(each.heading), each.name != "preset"))


def _read_docstring(doc):
    """Yield name, heading, kind and text of the parameters that a docstring describes."""
    _, _, section = inspect.cleandoc(doc or "").partition("\nParameters\n----------\n")
    heading = "Network"
    for entry in re.split(r"\n(?=\S)", section):
        if title := re.fullmatch(r"-- (.+) --\s*", entry):
            heading = title[1]
        elif match := re.match(r"(\w+) : (.+)\n", entry):
            yield match[1], heading, match[2], textwrap.dedent(entry[match.end() :]).strip()


@dataclass_of_parameters()
class SharedParams:
    """Parameters of every estimator.

    Parameters
    ----------
    -- Start --

    pretrained : str, path-like, fitted encoder or None
        Where the weights of the encoder come from.

        - "auto": the best shipped weights of the family. Random weights are used if the family
          has none, or if a parameter of the network is not at its default. A regressor or
          classifier with ``trainable="all"`` also uses random weights if most materials have
          more than nine elements, which is outside the pretraining data.
        - A name: shipped weights; see :func:`skmat.list_pretrained`.
        - A path: a folder written by ``save_pretrained``.
        - "hf://organisation/name", with "@revision" if needed: an encoder on the Hugging Face
          Hub, written by ``push_to_hub``. It needs the package huggingface_hub.
        - A fitted estimator of the same family. In a parameter grid, wrap it in
          :class:`sklearn.frozen.FrozenEstimator`, because ``GridSearchCV`` clones its values.
        - None: random weights.

        Loaded weights have network sizes of their own, which replace those given here.

    -- Training --

    max_epochs : int or "auto"
        Passes over the training rows. "auto" is 60 epochs, but at least what reads 30,000 rows
        (up to 120 epochs), and at most what reads 300,000 (down to 10 epochs). Families of
        structures train for three times as many. Families of compositions train for less if rows
        of one formula, with equal further columns of X, contradict each other: for what reads
        10,000 rows, and 5 epochs at least. More epochs would only memorise noise. Rows contradict
        if their share of all rows, times their variance, is at least 0.3 of the whole variance.
    batch_size : int or "auto"
        Materials per step. "auto" is the power of two nearest to 1/16 of the training rows,
        between 16 and 512 (128 for CGCNN, 32 for ALIGNN).
    lr : float
        Highest learning rate of AdamW. ``partial_fit`` uses it throughout.
    weight_decay : float
        Weight decay of AdamW. Only matrices decay. Biases, norms and element vectors do not.
    schedule : {"one_cycle", "constant"}
        Learning rate over the steps: up to `lr` and down again, or always `lr`.
    patience : int or None
        Early stopping. None trains on all rows for all epochs and keeps the last weights. A
        number holds rows back, stops after that many epochs without improvement on them, and
        keeps the best weights.
    validation_fraction : float
        Share of the compositions held back when `patience` is a number. Rows of one composition
        stay together. If the share rounds to zero, no rows are held back. Each task and each
        class keeps labels to learn from.
    warm_start : bool
        Whether ``fit`` continues from the last ``fit``. It keeps the weights, tasks, network and
        standardisation of that fit, even if parameters of the network have changed. The optimizer
        and the schedule start anew, so that two fits of 10 epochs are not one of 20.
    loss_weights : dict, sequence of float, "sqrt_labels" or None
        Weight of each task's loss: a sequence in the order of the columns of y, or a dict by task
        name (a missing task has weight 1). "sqrt_labels" is the square root of each task's number
        of labels. Use it when some properties have few labels. Only ratios matter: weights are
        divided by their mean.
    loss_weighting : str
        Factor on top of `loss_weights`: "equal" (none), "uncertainty" (a learned scale per task;
        Kendall et al. 2018), or random weights at each step: "rlw-normal", "rlw-uniform",
        "rlw-dirichlet", "rlw-bernoulli", "rlw-one-hot", "rlw-mtencoder". See
        :class:`skmat.objectives.LossWeighting`.

    -- Fine-tuning --

    trainable : {"all", "last", "head", "two_body", "three_body"}
        What is trained: "all", the heads and the last layer of the encoder ("last"), or the heads
        only ("head"). ALIGNN also has "two_body" (heads, and layers of atoms and bonds) and
        "three_body" (heads, and layers of bonds and angles). Other weights stay frozen, bit for
        bit. Ignored when the encoder starts from random weights.

    -- Machine --

    callbacks : list or None
        Callbacks of skorch that hear the training of each network: objects of classes derived
        from ``skorch.callbacks.Callback``, or pairs (name, callback). They get the skorch net with
        its ``history``, which has "train_loss", and "valid_loss" if `patience` is a number. An
        exception that a callback raises aborts ``fit`` and leaves the estimator as it was.
        ``EarlyStopping``, and :class:`skmat.exceptions.StopTraining` in a hook of a batch or an
        epoch, end the training and keep the network. Each network has shallow copies of the
        callbacks. ``clone`` keeps the same objects. On a GPU, `batch` may be None, and `loss` a
        tensor that the next step overwrites; see the user guide.
    random_state : int, RandomState instance or None
        Seed of initial weights, splits, batches, dropout and other noise. None draws a new seed
        at each ``fit``. The global generators of NumPy and torch are not used.
    device : str
        Device: "auto" (a CUDA GPU if present, otherwise the CPU), "cpu", "cuda", "cuda:1", "mps".
    precision : {"auto", "float32", "bf16"}
        Number format of training. "auto" is bf16 if the hardware computes in it. Predictions use
        float32, unless this is "bf16".
    on_invalid : {"raise", "nan"}
        What ``predict`` and ``transform`` do with rows that cannot be read: raise one error that
        lists them all, or return NaN for them. ``fit`` always raises. A row of zeros in a matrix
        of amounts gives a warning and NaN, and is not trained on.
    verbose : int
        1 shows losses, speed and time left: a bar in a terminal or notebook, otherwise one line
        per epoch on standard error.
    """

    pretrained: Any = param("auto", "no_validation")
    max_epochs: int | str = param(
        30, [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})]
    )
    batch_size: int | str = param(
        "auto", [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})]
    )
    lr: float = param(5e-4, [Interval(Real, 0, None, closed="neither")])
    weight_decay: float = param(0.01, [Interval(Real, 0, None, closed="left")])
    schedule: str = param("one_cycle", [StrOptions(set(SCHEDULES))])
    patience: int | None = param(None, [Interval(Integral, 1, None, closed="left"), None])
    validation_fraction: float = param(0.1, [Interval(Real, 0, 1, closed="left")])
    warm_start: bool = param(False, ["boolean"])
    loss_weights: Any = param(None, [dict, "array-like", StrOptions({"sqrt_labels"}), None])
    loss_weighting: str = param("equal", [StrOptions(set(LOSS_WEIGHTINGS))])
    trainable: str = param("all", [str])
    callbacks: Any = param(None, [list, tuple, None])
    random_state: Any = param(None, ["random_state"])
    device: str = param("auto", [str])
    precision: str = param("auto", [StrOptions(set(PRECISIONS))])
    on_invalid: str = param("raise", [StrOptions({"raise", "nan"})])
    verbose: int = param(0, ["verbose", Hidden(Interval(Integral, 0, None, closed="left"))])


@dataclass_of_parameters()
class PretrainingParams:
    """Parameters of encoders.

    Parameters
    ----------
    -- Start --

    objectives : str, Objective, list of them or None
        What the encoder learns: "masked_elements", "barlow_twins", "crystal_twins" (Barlow Twins
        that also remove edges; structures only), "fingerprint" (Magpie descriptors; compositions
        only), "properties", "joint" (masked elements and properties), or objects of
        :mod:`skmat.objectives`, such as ``Distillation`` of another model's features. None loads
        `pretrained` without training; without `pretrained` it is "masked_elements". With both,
        pretraining continues from the loaded weights. With ``pretrained="auto"`` it starts from
        random weights.

    -- Machine --

    checkpoint_dir : str, path-like or None
        Folder for the state of training, written after every epoch. If ``fit`` was interrupted,
        call it again with the same parameters and data: it continues from there. On one CPU the
        weights equal those of an uninterrupted run. A finished run is loaded. The folder of
        another run is an error. With ``random_state=None`` the seed of the run is reused.
    """

    objectives: Any = param(None, [str, Objective, "array-like", None])
    checkpoint_dir: Any = param(None, [str, os.PathLike, None])


@dataclass_of_parameters()
class PredictorParams:
    """Parameters of regressors and classifiers.

    Parameters
    ----------
    -- Fine-tuning --

    encoder_lr_factor : float
        Learning rate of the encoder as a multiple of `lr`. Heads use `lr`.
    layer_decay : float
        Learning rate of each encoder layer as a multiple of that of the layer after it. The last
        layer has `lr` times `encoder_lr_factor`.
    freeze_epochs : int or sequence of int
        First epochs, out of `max_epochs`, that train the new heads only. A sequence unfreezes the
        encoder step by step: heads only, then also the last layer, then the last two, and so on,
        then all that `trainable` allows. Each stage is one whole cycle of the `schedule`.
        `patience` counts from the last stage. Ignored without `pretrained`, in ``partial_fit``
        and when `warm_start` continues a fit.
    ema_decay : float or None
        Decay of an exponential moving average of the weights over the steps, such as 0.999. The
        averaged weights are validated and kept. At step n the decay is at most (1 + n) / (10 +
        n), so that short trainings forget the first weights too. A ``fit`` with `warm_start`
        continues from the averaged weights. ``partial_fit`` does not average. None keeps the
        weights of the last (or best) epoch.
    auxiliary_objective : str, Objective, list of them or None
        Objective without labels, such as "masked_elements", or several, trained together with y.
        Use it to keep what pretraining taught the encoder. It reads every row, also rows without
        labels. It has new heads. Its loss is in ``history_``, but `patience` does not watch it.
    auxiliary_weight : float
        Weight of each task of `auxiliary_objective`, relative to all columns of y together.
        `loss_weighting` multiplies it too.

    -- Uncertainty --

    n_estimators : int
        Number of networks, each with its own seed (and split, with `patience`). Predictions are
        their mean. Two or more give ``predict(return_std=True)`` a spread.
        ``joblib.parallel_config(n_jobs=2)`` trains two at a time, whose progress is mixed.
    """

    max_epochs: int | str = "auto"
    encoder_lr_factor: float = param(1.0, [Interval(Real, 0, None, closed="neither")])
    layer_decay: float = param(1.0, [Interval(Real, 0, 1, closed="right")])
    freeze_epochs: int | Sequence[int] = param(
        0, [Interval(Integral, 0, None, closed="left"), "array-like"]
    )
    ema_decay: float | None = param(None, [Interval(Real, 0, 1, closed="neither"), None])
    auxiliary_objective: Any = param(None, [str, Objective, "array-like", None])
    auxiliary_weight: float = param(0.1, [Interval(Real, 0, None, closed="left")])
    n_estimators: int = param(1, [Interval(Integral, 1, None, closed="left")])


@dataclass_of_parameters()
class RegressorParams:
    """Parameters of regressors.

    Parameters
    ----------
    -- Training --

    loss : {"l1", "mse", "robust_l1"}
        Loss on standardised targets. "robust_l1" also predicts a standard deviation for each
        prediction.
    zero_inflated : bool, "auto" or list of bool
        Whether targets repeat their lowest label, as band gaps of metals do. The network then
        also learns the probability of a label above the lowest (the gate), from all labels. It
        learns the value from labels above the lowest only, which also standardise it. ``predict``
        returns the median of both, and ``predict_mixture`` each of them. True is for all targets,
        and a list has a value for each. "auto" decides for each target: 15 to 95 % of its labels
        are the lowest, at least ten are above it, and no other label is repeated more than a
        quarter as often. The first ``fit`` or ``partial_fit`` decides for those that continue it.
    """

    loss: str = param("l1", [StrOptions(set(REGRESSION_LOSSES))])
    zero_inflated: Any = param(False, ["boolean", StrOptions({"auto"}), list])


@dataclass_of_parameters()
class GraphParams:
    """Parameters of families that read structures as graphs.

    Parameters
    ----------
    -- Network --

    n_neighbors : int
        Nearest neighbours of each atom. All atoms at the distance of the last one are included.
        Weights given by `pretrained` bring their own value, and their own `cutoff`.
    cutoff : float
        Largest distance of neighbours, in Å. An atom may have fewer than `n_neighbors` within it.
    disorder : {"raise", "average"}
        What to do with structures that have sites of several elements or of partial occupancy.
        "raise" refuses them. "average" gives such a site the mean of its elements' vectors,
        weighted by occupancy divided by the site's total occupancy. Vacancies are ignored: a site
        of one element is that element, whatever its occupancy.

    -- Machine --

    n_jobs : int or None
        Processes that search for neighbours.
    memory : str, joblib.Memory or None
        Folder that caches graphs between calls with the same structures. It keeps at most 4 GB
        and deletes the least recently used first. A Memory has no limit; see its ``reduce_size``.
        The folder holds pickles, which can run any code when they are read: do not use a folder
        that others can write to.
    """

    n_neighbors: int = param(12, [Interval(Integral, 1, 255, closed="both")])
    cutoff: float = param(8.0, [Interval(Real, 0, None, closed="neither")])
    disorder: str = param("raise", [StrOptions({"raise", "average"})])
    n_jobs: int | None = param(None, [Integral, None])
    memory: Any = param(None, [str, HasMethods(["cache"]), Memory, None])
