"""What to do with so many labels: an estimator with its settings, and why."""

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

#: Where averages are recommended: from the fewest labels that they were measured with, to where
#: support vectors take hours, or, of crystals, to the most labels that they were measured with.
_AVERAGED = {"formula": (50, 10_000), "structure": (50, 200)}
#: From here on it was measured that more epochs than automatic ones help.
_MANY = 15_000

_COMPOUNDS = (
    "Fine-tuned, an encoder had 0.70 to 0.77 times the error of a forest on Magpie features with"
    " 50 to 500 labels, means of four tasks, and less than it on each; frozen, with support"
    " vectors, it was as good up to 200."
)
_CLASSES = (
    "The average of a fine-tuned encoder, a frozen one and trees had 0.69 to 0.74 times the loss"
    " of a forest on Magpie features on one task (metals), with 50 to 1,000 labels, and 0.91 to"
    " 1.02 times on another (glasses). It needs five labels of each class."
)
_ALLOYS = (
    "On steels, the one task of alloys, the average of a network, a frozen encoder and trees had"
    " 0.82 to 0.93 times the error of a forest on Magpie features with 50 to 249 labels; the"
    " fine-tuned encoder alone had 0.90 to 1.08 times it."
)
_SEVERAL = (
    "One network learns several properties and takes missing labels, as averages and frozen"
    " encoders do not. Fit each alone beside it: an easy one can be better off alone."
)
_NOT_AVERAGED = (
    "Averages with a frozen encoder and trees were not measured with fewer than 50 labels, and"
    " take hours with more than 10,000."
)
_FEW_CRYSTALS = (
    "On test crystals of six properties the average of a fine-tuned encoder, which had learned"
    " others, with support vectors and trees on its frozen vectors had 0.89, 0.87 and 0.92 times"
    " the error of random weights with 50, 100 and 200 labels (means; fine-tuned alone 0.91, 0.89"
    " and 0.93); on phonons, with 0.90 to 1.17 times, fine-tuning alone is better."
)
_CRYSTALS = (
    "Fine-tuned to 1,012 labels of phonons, CGCNN's default encoder had 37 1/cm, and random"
    " weights 44. Averages were measured for numbers alone, with 10 to 800 labels; with 800 they"
    " were no better."
)
_MANY_LABELS = (
    " With so many labels try max_epochs=60 too: on 20,000 of each of two tasks it had 2 and 4 %"
    " less error than 30 epochs, and 8 and 15 % less than 10."
)


class Recommendation(NamedTuple):
    """What :func:`skmat.recommend` returns.

    Attributes
    ----------
    estimator : estimator
        Not fitted.
    reason : str
        What speaks for it.
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
    """Return the estimator that did best on tasks like yours, and why.

    The answers are those of the user guide, "I have N labels", which tells on how few tasks they
    rest: a cross-validation of two or three candidates on your own labels tells more.

    Parameters
    ----------
    n_labels : int
        Labels to learn from, of the property of which there are fewest.
    input : {"formula", "structure"}, default="formula"
        What is known of the materials.
    kind : {"regression", "classification"}, default="regression"
        What is predicted.
    n_properties : int, default=1
        Columns of y.
    alloys : bool, default=False
        Whether most formulas have about ten elements, as those of steels; of no effect on classes
        and on structures.
    random_state : int, RandomState instance or None, default=None
        Seed of the estimator.

    Returns
    -------
    Recommendation
        A named tuple of ``estimator``, not fitted, and ``reason``.

    Raises
    ------
    ValueError
        If a parameter has a value that it cannot have.

    See Also
    --------
    make_search_regressor : Finds out by cross-validation which weights to start from.

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
        pair, reason = (CGCNNRegressor, CGCNNClassifier), _CRYSTALS
        if not is_classification and n_properties == 1 and fewest <= n_labels <= most:
            pair, reason = (make_voting_regressor, make_voting_classifier), _FEW_CRYSTALS
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
