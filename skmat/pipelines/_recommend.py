"""A recommended estimator for a given number of labels, with the reason."""

from numbers import Integral
from typing import Any, NamedTuple

from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from skmat.estimators import (
    CGCNNClassifier,
    CGCNNRegressor,
    MTEncoderClassifier,
    MTEncoderRegressor,
)
from skmat.pipelines._voting import make_voting_classifier, make_voting_regressor

__all__ = ["Recommendation", "recommend"]

#: Fewest and most labels for averages. Below, they are not measured. Above, support vectors take
#: hours (formulas), or the average is no better (structures).
_AVERAGED = {"formula": (50, 10_000), "structure": (50, 200)}
#: With more labels, more epochs than "auto" reduce the error.
_MANY = 15_000

_COMPOUNDS = (
    "With 50 to 500 labels, a fine-tuned encoder had 0.70 to 0.77 times the error of a forest on"
    " Magpie features (means of four tasks), and a lower error on each task. Up to 200 labels, a"
    " frozen encoder with support vectors was as good."
)
_CLASSES = (
    "With 50 to 1,000 labels, the average of a fine-tuned encoder, a frozen one and trees had 0.69"
    " to 0.74 times the loss of a forest on Magpie features on one task (metals). On another"
    " (glasses) it had 0.91 to 1.02 times the loss. It needs five labels of each class."
)
_ALLOYS = (
    "On steels (the only task with alloys, 50 to 249 labels), the average of a network, a frozen"
    " encoder and trees had 0.82 to 0.93 times the error of a forest on Magpie features. The"
    " fine-tuned encoder alone had 0.90 to 1.08 times the error."
)
_SEVERAL = (
    "One network learns several properties and takes missing labels. Averages and frozen encoders"
    " do not. Also fit each property alone, which can be better for an easy one."
)
_NOT_AVERAGED = (
    "Averages with a frozen encoder and trees are not measured below 50 labels. Above 10,000 they"
    " take hours."
)
_FEW_STRUCTURES = (
    "With 50, 100 and 200 labels of six properties, the average of a fine-tuned encoder with"
    " support vectors and trees on frozen vectors had 0.89, 0.87 and 0.92 times the error of"
    " random weights (means). The fine-tuned encoder alone had 0.91, 0.89 and 0.93 times the"
    " error. On phonons, where the average had 0.90 to 1.17 times the error, fine-tuning alone is"
    " better."
)
_STRUCTURES = (
    "Fine-tuned on 1,012 labels of phonons, CGCNN's default encoder had an error of 37 1/cm, and"
    " random weights 44 1/cm. Averages are measured for regression with 10 to 800 labels. With 800"
    " they were no better."
)
_MANY_LABELS = (
    " With this many labels, also try max_epochs=60. With 20,000 labels of two tasks it had 2 and"
    " 4 % less error than 30 epochs, and 8 and 15 % less than 10."
)


class Recommendation(NamedTuple):
    """Output of :func:`skmat.recommend`.

    Attributes
    ----------
    estimator : estimator
        Unfitted estimator.
    reason : str
        Measured results that support it.
    """

    estimator: Any
    reason: str


@validate_params(
    {
        "n_labels": [Interval(Integral, 1, None, closed="left")],
        "input": [StrOptions({"formula", "structure"})],
        "kind": [StrOptions({"regression", "classification"})],
        "n_properties": [Interval(Integral, 1, None, closed="left")],
        "alloys": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def recommend(
    n_labels,
    *,
    input="formula",
    kind="regression",
    n_properties=1,
    alloys=False,
    random_state=None,
):
    """Return the estimator that did best on similar tasks, and the reason.

    The answers are those of the section "I have N labels" of the user guide. They rest on few
    tasks. A cross-validation of two or three candidates on your own labels is more reliable.

    Parameters
    ----------
    n_labels : int
        Number of labels. For several properties, of the one with the fewest labels.
    input : {"formula", "structure"}, default="formula"
        Input of the estimator.
    kind : {"regression", "classification"}, default="regression"
        Kind of the task.
    n_properties : int, default=1
        Number of columns of y.
    alloys : bool, default=False
        Whether most formulas have about ten elements, as those of steels. Ignored for
        classification and for structures.
    random_state : int, RandomState instance or None, default=None
        Seed of the estimator.

    Returns
    -------
    Recommendation
        Named tuple of ``estimator`` (unfitted) and ``reason``.

    Raises
    ------
    ValueError
        If the value of a parameter is invalid.

    See Also
    --------
    make_search_regressor : Chooses the weights to start from by cross-validation.

    Examples
    --------
    >>> from skmat import recommend
    >>> recommend(300).estimator
    MTEncoderRegressor()
    >>> estimator, reason = recommend(300, alloys=True)
    >>> [name for name, _ in estimator.estimators]
    ['fine_tuned', 'frozen', 'trees']
    """
    is_classification = kind == "classification"
    settings: dict[str, Any] = {"random_state": random_state}
    fewest, most = _AVERAGED[input]
    pair: tuple[Any, Any]
    if input == "structure":
        pair, reason = (CGCNNRegressor, CGCNNClassifier), _STRUCTURES
        if not is_classification and n_properties == 1 and fewest <= n_labels <= most:
            pair, reason = (make_voting_regressor, make_voting_classifier), _FEW_STRUCTURES
            settings["family"] = "cgcnn"
    elif n_properties > 1:
        pair, reason = (MTEncoderRegressor, MTEncoderClassifier), _SEVERAL
    elif not is_classification and not alloys:
        pair, reason = (MTEncoderRegressor, MTEncoderClassifier), _COMPOUNDS
        if n_labels >= _MANY:
            reason += _MANY_LABELS
    elif fewest <= n_labels <= most:
        pair = make_voting_regressor, make_voting_classifier
        reason = _CLASSES if is_classification else _ALLOYS
    else:
        pair, reason = (MTEncoderRegressor, MTEncoderClassifier), _NOT_AVERAGED
    return Recommendation(pair[is_classification](**settings), reason)
