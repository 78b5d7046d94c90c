"""The estimator that the options of ``skmat train`` ask for."""

from skmat.exceptions import InvalidInputError

__all__ = ["choose_network", "new_model"]

#: Options of one network, and of the average of models: arguments by the parameter.
_OF_NETWORK = {
    "family": "family",
    "pretrained": "pretrained",
    "preset": "size",
    "loss": "loss",
    "trainable": "trainable",
    "max_epochs": "max_epochs",
    "n_estimators": "n_estimators",
}
_OF_AVERAGE = {
    "preset": "preset",
    "time_limit": "time_limit",
    "decision": "decision",
    "n_jobs": "jobs",
}

# Functions import estimators on use, to keep `skmat --help` fast.


def choose_network(arguments, given):
    """Return the family of the network that options ask for, None for the average of all models.

    Parameters
    ----------
    arguments : Namespace
        Those of ``skmat train``.
    given : GivenMaterials
        Source of the materials.

    Raises
    ------
    InvalidInputError
        If options exclude each other, or the family does not read these materials.
    """
    of_network, of_average = (
        [name for name in names.values() if getattr(arguments, name) is not None]
        for names in (_OF_NETWORK, _OF_AVERAGE)
    )
    if of_network and of_average:
        raise InvalidInputError(
            f"{_option(of_average[0])} is for the average of all models, and"
            f" {_option(of_network[0])} for one network. Drop one of them."
        )
    if not of_network:
        return None
    if arguments.group_column and not _is_measured(arguments):
        raise InvalidInputError(
            "--group-column keeps rows together in splits, but one network makes none. Add --cv or"
            " --test-size, or drop it."
        )
    return given.choose_family(arguments.family, _pretrained(arguments))


def new_model(arguments, given, family, *, is_classifier):
    """Return the estimator, which checks its parameters in ``fit``.

    Parameters
    ----------
    arguments : Namespace
        Those of ``skmat train``.
    given : GivenMaterials
        Source of the materials.
    family : Family or None
        What ``choose_network`` returns.
    is_classifier : bool
        Whether labels are classes.

    Raises
    ------
    InvalidInputError
        If options do not suit the labels.
    """
    settings = {
        "random_state": arguments.random_state,
        "device": arguments.device,
        "verbose": 0 if arguments.quiet else 1,
        **given.disorder,
    }
    if family is None:
        return _new_average(arguments, {**settings, "input": given.input}, is_classifier)
    return _new_network(arguments, settings, family, is_classifier)


def _new_average(arguments, settings, is_classifier):
    from skmat.auto import AutoClassifier, AutoRegressor

    if arguments.decision and not is_classifier:
        raise InvalidInputError(
            "--decision is for classes, but the labels are numbers. Add --classification, or drop"
            " it."
        )
    make = AutoClassifier if is_classifier else AutoRegressor
    return make(**settings, **_given(arguments, _OF_AVERAGE))


def _new_network(arguments, settings, family, is_classifier):
    if is_classifier and arguments.loss:
        raise InvalidInputError("--loss is for regression, but the labels are classes. Drop it.")
    make = family.classifier if is_classifier else family.regressor
    if arguments.size is not None and arguments.size not in make._presets:
        raise InvalidInputError(
            f"--size {arguments.size} is not a size of {make.__name__}. Choose one of"
            f" {list(make._presets)}."
        )
    chosen = {**_given(arguments, _OF_NETWORK), "pretrained": _pretrained(arguments)}
    chosen.pop("family", None)
    return make(**settings, **chosen)


def _pretrained(arguments):
    """Return the encoder to start from, None for random weights."""
    name = "auto" if arguments.pretrained is None else arguments.pretrained
    return None if name == "none" else name


def _is_measured(arguments):
    return arguments.cv or arguments.test_size or arguments.split_column


def _given(arguments, names):
    """Return the parameters that were given; the others keep the defaults of the estimator."""
    found = {parameter: getattr(arguments, name) for parameter, name in names.items()}
    return {parameter: value for parameter, value in found.items() if value is not None}


def _option(name):
    return "--" + name.replace("_", "-")
