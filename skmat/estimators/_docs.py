"""Parameter descriptions that every family shares, written once."""

import inspect
import re

__all__ = ["shared_docs"]

_PLACEHOLDER = re.compile(r"^ *\{(\w+)\}\n", re.MULTILINE)

_SHARED = {
    "pretrained": """
    pretrained : str, path-like, fitted encoder or None, default=None
        Where the encoder's weights come from: the name of shipped weights
        (:func:`skmat.list_pretrained`), a folder written by ``save_pretrained``, or a fitted
        estimator of the same family. None starts from random weights. With weights given, the
        sizes of the network are theirs. A fitted estimator inside a parameter grid must be
        wrapped in :class:`sklearn.frozen.FrozenEstimator`, because ``GridSearchCV`` clones the
        values of its grid.
""",
    "losses": """
    loss_weights : dict, sequence of float or None, default=None
        Weight of each task's loss: a sequence in the order of the columns of y, or a dict by
        task name (tasks it leaves out weigh 1). Only ratios matter: weights are divided by
        their mean.
    loss_weighting : str, default="equal"
        What multiplies `loss_weights`: "equal" (nothing), "fixed" (nothing, and `loss_weights`
        must be given), "uncertainty" (a learned scale per task; Kendall et al. 2018), or weights
        drawn anew at each step: "rlw-normal", "rlw-uniform", "rlw-dirichlet", "rlw-bernoulli",
        "rlw-one-hot", "rlw-mtencoder" (see :class:`skmat.objectives.LossWeighting`).
""",
    "training": """
    max_epochs : int, default={max_epochs}
        Passes over the training rows.
    batch_size : int or "auto", default="auto"
        Materials per step; "auto" is the power of two next to a sixteenth of the training rows,
        between 16 and 512.
    lr : float, default={lr}
        Largest learning rate of AdamW. Between calls of ``partial_fit`` it stays as it was.
    weight_decay : float, default={weight_decay}
        Weight decay of AdamW.
    schedule : {{"one_cycle", "constant"}}, default="one_cycle"
        Course of the learning rate over the steps.
    patience : int or None, default=None
        None trains on all rows for all epochs and keeps the last weights, which the schedule has
        brought to rest. A number holds rows back, stops after so many epochs without improvement
        on them and keeps the best weights.
    validation_fraction : float, default=0.1
        Share of the compositions that is held back if `patience` is a number; all rows of one
        composition stay on one side. A share that rounds to none holds nothing back.
    trainable : {{"all", "last", "head"}}, default="all"
        What learns: everything, the heads and the last layer of the encoder, or the heads
        alone. The rest stays as it is, bit for bit.
""",
    "ensemble": """
    n_ensemble : int, default=1
        Number of networks that are trained one after the other, each from its own seed (and split,
        with `patience`); predictions are their mean.
""",
    "machine": """
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, splits, batches and dropout; the global generators of NumPy and
        torch are not touched. None takes a new seed at each ``fit``.
    device : str, default="auto"
        "auto" (a CUDA GPU if there is one), "cpu", "cuda", "cuda:1", "mps".
    precision : {"auto", "float32", "bf16"}, default="auto"
        Number format of training; "auto" takes bf16 where the hardware computes in it.
        Predictions are made in float32 unless this is "bf16".
    on_invalid : {"raise", "nan"}, default="raise"
        What ``predict`` and ``transform`` do with rows that are no composition: raise one error
        that lists all of them, or return NaN for them. ``fit`` always raises. (Rows of zeros in a
        matrix of amounts get a warning and NaN either way, and teach nothing.)
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last ``fit``, with its tasks, its
        standardisation of the targets and its network, whatever the parameters of the network
        are by then.
    verbose : int, default=0
        1 shows a progress bar.
""",
    "fitted": """
    history_ : list of dict
        One entry per epoch and member: losses in total and per task (on standardised targets),
        the tasks' weights, learning rate and seconds.
    members_ : list of Member
        The trained networks; ``members_[i].net`` is a skorch net.
    net_ : skorch.NeuralNet
        The first of them.
    load_report_ : LoadReport or None
        Which tensors were loaded from `pretrained`.
    card_ : ModelCard or None
        Where the weights of `pretrained` come from.
    n_features_in_ : int
        1 for formulas, else the number of columns of the amounts matrix.
    feature_names_in_ : ndarray of str
        Names of the columns of X, where it was a DataFrame.
""",
}


def shared_docs(**family):
    """Fill placeholders in a docstring, such as ``{training}``, each on a line of its own.

    Parameters
    ----------
    **family : str
        Texts by placeholder beside the shared ones, indented as they shall stand.
    """
    texts = {**_SHARED, **family}

    def decorate(cls):
        defaults = {
            name: repr(parameter.default)
            for name, parameter in inspect.signature(cls.__init__).parameters.items()
        }

        def fill(match):
            text = texts[match[1]].lstrip("\n")
            return text.format(**defaults) if match[1] == "training" else text

        if cls.__doc__:
            cls.__doc__ = _PLACEHOLDER.sub(fill, cls.__doc__)
        return cls

    return decorate
