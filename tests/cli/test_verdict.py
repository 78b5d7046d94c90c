from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from skmat.cli.verdict import verdict


def board(*rows):
    names = ["candidate", "target", "error", "weight", "status"]
    return pd.DataFrame(rows, columns=names)


def regressor(oof, leaderboard):
    return SimpleNamespace(
        leaderboard_=leaderboard, error_name_="mean absolute error", oof_predictions_=oof
    )


def classifier(probabilities, decision):
    decide = SimpleNamespace(decide=lambda each: each.argmax(axis=1))
    return SimpleNamespace(
        leaderboard_=board(("svm", "kind", 0.5, 1.0, "fitted")),
        error_name_="log-loss",
        oof_predictions_=np.asarray(probabilities),
        classes_=np.array(["a", "b"]),
        decision=decision,
        _averages=[decide],
        predict_proba=None,
    )


def test_errors_are_those_of_known_labels_with_predictions():
    labels = pd.DataFrame({"gap": [0.0, 4.0, np.nan, 8.0]})
    model = regressor(np.array([1.0, 3.0, 9.0, np.nan]), board(("svm", "gap", 1, 1.0, "fitted")))
    assert verdict(model, labels)[1] == "  gap: 1, 50% less than the mean of the labels: 2"


def test_a_useless_model_is_called_so():
    labels = pd.DataFrame({"gap": [0.0, 4.0], "mass": [1.0, 3.0]})
    oof = np.array([[4.0, 1.5], [0.0, 2.5]])
    lines = verdict(regressor(oof, board(("svm", "gap", 4, 1.0, "fitted"))), labels)
    assert lines[1] == "  gap: 4, no better than the mean of the labels: 2"
    assert lines[2] == "  mass: 0.5, 50% less than the mean of the labels: 1"


def test_the_best_candidates_and_those_left_out_are_shown():
    fitted = [(f"model-{i}", "gap", float(i), 0.25, "fitted") for i in range(5)]
    failed = ("boosting", "gap", np.nan, 0.0, "failed: ValueError: too few")
    labels = pd.DataFrame({"gap": [0.0, 4.0]})
    lines = verdict(regressor(np.zeros(2), board(*fitted, failed)), labels)
    assert "mean absolute error" in lines[2]
    assert [line.split()[1] for line in lines[4:7]] == ["model-0", "model-1", "model-2"]
    assert lines[7:] == ["Left out: boosting (failed: ValueError: too few)"]


@pytest.mark.parametrize(
    ("decision", "error", "guess"),
    # Three of four "a" and the "b" are right. Always "a": 1/5, 1/2; always "b": F1 of 1/3.
    [("accuracy", "0.2, no", "0.2"), ("balanced_accuracy", "0.125, 75%", "0.5"),
     ("f1", "0.3333, 50%", "0.6667")],
)  # fmt: skip
def test_the_error_of_classes_is_that_of_the_decision(decision, error, guess):
    labels = pd.DataFrame({"kind": ["a", "a", "a", "a", "b", None]})
    probabilities = [[0.9, 0.1]] * 3 + [[0.1, 0.9]] * 2 + [[0.5, 0.5]]
    line = verdict(classifier(probabilities, decision), labels)[1]
    assert line.startswith(f"  kind: {error} ")
    assert line.endswith(f"always the same class: {guess}")


def test_a_network_has_nothing_to_say():
    assert verdict(SimpleNamespace(), pd.DataFrame()) == []
