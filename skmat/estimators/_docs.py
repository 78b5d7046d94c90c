"""Parameter descriptions that every family shares, written once."""

import inspect
import re

__all__ = ["shared_docs"]

_PLACEHOLDER = re.compile(r"^ *\{(\w+)\}\n", re.MULTILINE)

#: Texts whose defaults are those of the constructor.
_WITH_DEFAULTS = ("training", "finetuning")

_SHARED = {
    "pretrained": """
    pretrained : str, path-like, fitted encoder or None, default="auto"
        Where the encoder's weights come from: the name of shipped weights
        (:func:`skmat.list_pretrained`), a folder written by ``save_pretrained``, or a fitted
        estimator of the same family. None starts from random weights. With weights given, the
        sizes of the network are theirs. "auto" takes the best of the family's shipped weights, if
        there are any and the parameters of the network are at their defaults, and random weights
        otherwise; a regressor or classifier that trains all of the encoder takes random weights
        too where most materials have more than nine elements, which none that the shipped
        weights have read has. A fitted estimator inside a parameter grid must be wrapped in
        :class:`sklearn.frozen.FrozenEstimator`, because ``GridSearchCV`` clones the values of its
        grid.
""",
    "objectives": """
    objectives : str, Objective, list of them or None, default=None
        What is learned: "masked_elements", "barlow_twins", "fingerprint" (descriptors that are
        computed from the formula), "properties", "joint" (masked elements and properties), or
        objects of :mod:`skmat.objectives`, such as an Distillation of another model's features.
        None loads `pretrained` without training, or is "masked_elements" if there is nothing to
        load. With both, pretraining goes on from the loaded weights; with ``pretrained="auto"``
        it begins with random ones.
""",
    "crystal_objectives": """
    objectives : str, Objective, list of them or None, default=None
        What is learned: "masked_elements", "barlow_twins", "crystal_twins" (Barlow Twins that
        leave out edges too), "properties", "joint" (masked elements and properties), or objects
        of :mod:`skmat.objectives`, such as an Distillation of another model's features.
        None loads `pretrained` without training, or is "masked_elements" if there is nothing to
        load. With both, pretraining goes on from the loaded weights; with ``pretrained="auto"``
        it begins with random ones.
""",
    "losses": """
    loss_weights : dict, sequence of float, "sqrt_labels" or None, default=None
        Weight of each task's loss: a sequence in the order of the columns of y, or a dict by
        task name (tasks it leaves out weigh 1). "sqrt_labels" takes the square root of the number
        of a task's labels, so that properties that are rarely known are neither lost nor learned
        by heart. Only ratios matter: weights are divided by their mean.
    loss_weighting : str, default="equal"
        What multiplies `loss_weights`: "equal" (nothing), "fixed" (nothing, and `loss_weights`
        must be given), "uncertainty" (a learned scale per task; Kendall et al. 2018), or weights
        drawn anew at each step: "rlw-normal", "rlw-uniform", "rlw-dirichlet", "rlw-bernoulli",
        "rlw-one-hot", "rlw-mtencoder" (see :class:`skmat.objectives.LossWeighting`).
""",
    "training": """
    max_epochs : int or "auto", default={max_epochs}
        Passes over the training rows; "auto" takes 60. Where these would read fewer than 30,000
        rows in all it takes more of them, up to 120, and where more than 300,000, fewer, down
        to 10. Families of crystals take three times these numbers of epochs. Where rows of one
        formula contradict each other (their share of the rows times the variance within formulas
        is 0.3 of that of all numbers or more), it takes 5, or what reads 10,000 rows.
    batch_size : int or "auto", default="auto"
        Materials per step; "auto" is the power of two next to a sixteenth of the training rows,
        between 16 and 512 (128 for CGCNN, 32 for ALIGNN).
    lr : float, default={lr}
        Largest learning rate of AdamW; ``partial_fit`` keeps to it.
    weight_decay : float, default={weight_decay}
        Weight decay of AdamW. It acts on matrices alone: biases, norms and the vectors of
        elements do not decay.
    schedule : {{"one_cycle", "constant"}}, default="one_cycle"
        Course of the learning rate over the steps.
    patience : int or None, default=None
        None trains on all rows for all epochs and keeps the last weights, which the schedule has
        brought to rest. A number holds rows back, stops after so many epochs without improvement
        on them and keeps the best weights.
    validation_fraction : float, default=0.1
        Share of the compositions that is held back if `patience` is a number; all rows of one
        composition stay on one side. A share that rounds to none holds nothing back. A column
        whose labels, or a class whose rows, would all be held back gives them back to training
        but for its share.
    trainable : {{"all", "last", "head", "two_body", "three_body"}}, default="all"
        What learns: everything, the heads and the last layer of the encoder, or the heads
        alone; of ALIGNN also the heads with the layers of atoms and bonds ("two_body"), or with
        those of bonds and angles ("three_body"). The rest stays as it is, bit for bit. Everything
        learns, whatever this says, where all weights are random: where nothing was loaded, also
        by ``pretrained="auto"``, and neither a ``fit`` with `warm_start` nor a later call of
        ``partial_fit`` goes on with what was learned before.
""",
    "finetuning": """
    encoder_lr_factor : float, default={encoder_lr_factor}
        Learning rate of the encoder as a multiple of `lr`, which is then that of the heads.
    layer_decay : float, default={layer_decay}
        Learning rate of each layer of the encoder as a multiple of that of the layer after it, at
        most 1; the last layer has `lr` times `encoder_lr_factor`.
    freeze_epochs : int or sequence of int, default={freeze_epochs}
        So many of the `max_epochs`, the first, train the new heads alone, as with
        ``trainable="head"``; the others train what `trainable` allows. Several numbers unfreeze
        the encoder gradually: the heads alone for the first number of epochs, then the heads and
        the last layer for the second, then the last two layers, and so on, before all that
        `trainable` allows; stages beyond the number of layers train all of them. Each stage is a
        whole cycle of the `schedule`, and `patience` counts from the last. Without `pretrained`,
        in ``partial_fit``, and where `warm_start` goes on with heads that are not new, there is
        only the last stage.
    ema_decay : float or None, default={ema_decay}
        Decay of an exponential moving average of the weights over the steps, such as 0.999; the
        averaged weights are validated and kept. At step n the decay is at most
        (1 + n) / (10 + n), so that the first weights are forgotten in short trainings too. A
        ``fit`` with `warm_start` goes on from the averaged weights and begins a new average;
        ``partial_fit`` does not average. None keeps the weights of the last (or best) epoch.
    auxiliary_objective : str, Objective, list of them or None, default={auxiliary_objective}
        What is learned beside y, so that the encoder does not forget it: an objective that needs
        no labels, such as "masked_elements", or several. It learns from every row that is
        fitted, also from those without any label; its heads are new and take no part in
        predictions; its loss is in the history and is not what `patience` watches.
    auxiliary_weight : float, default={auxiliary_weight}
        Weight of each task of `auxiliary_objective`, where that of all columns of y together is 1.
        `loss_weighting` multiplies it as it does the others.
""",
    "checkpoints": """
    checkpoint_dir : str or path-like, default=None
        Folder that keeps the state of the training, written at the end of every epoch. ``fit``
        with the same parameters and data goes on from there, however it was broken off, and on
        one CPU gives the very weights of an unbroken run; if the run had come to its end, it
        loads them. A folder of another run is an error. With ``random_state=None`` the seed is
        the one that the run began with. None keeps nothing.
""",
    "ensemble": """
    n_estimators : int, default=1
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
        What ``predict`` and ``transform`` do with rows that are no material: raise one error
        that lists all of them, or return NaN for them. ``fit`` always raises. (Rows of zeros in a
        matrix of amounts get a warning and NaN either way, and teach nothing.)
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last ``fit``, with its tasks, its
        standardisation of the targets and its network, whatever the parameters of the network
        are by then.
    verbose : int, default=0
        1 shows losses, speed and time left: as a bar on a terminal or in a notebook, else as
        one line per epoch on standard error.
""",
    "fitted": """
    history_ : list of dict
        One entry per epoch and member: losses in total and per task (on standardised targets),
        the tasks' weights, learning rate and seconds.
    estimators_ : list of Member
        The trained networks; ``estimators_[i].net`` is a skorch net.
    net_ : skorch.NeuralNet
        The first of them.
    load_report_ : LoadReport or None
        Which tensors were loaded from `pretrained`.
    model_card_ : ModelCard or None
        Where the weights of `pretrained` come from.
    n_features_in_ : int
        1 for formulas and crystals, else the number of columns of the amounts matrix.
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
            return text.format(**defaults) if match[1] in _WITH_DEFAULTS else text

        if cls.__doc__:
            cls.__doc__ = _PLACEHOLDER.sub(fill, cls.__doc__)
        return cls

    return decorate
