from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from skmat.cli.held_out import HeldOut, HeldOutTarget, not_measured
from skmat.cli.verdict import judge, verdict


def board(*rows):
    names = ["candidate", "target", "error", "weight", "status"]
    return pd.DataFrame(rows, columns=names)


def average(leaderboard):
    return SimpleNamespace(leaderboard_=leaderboard, error_name_="mean absolute error")


def numbers(name, truth, predicted):
    return HeldOutTarget(name, np.array(truth, dtype=float), np.array(predicted, dtype=float))


def measured(*targets, way="out_of_fold"):
    return HeldOut(way, "In this way.", list(targets))


ONE = board(("svm", "gap", 1, 1.0, "fitted"))


def test_errors_are_those_of_known_labels_with_predictions():
    gap = numbers("gap", [0, 4, np.nan, 8], [1, 3, 9, np.nan])
    lines = verdict(measured(gap), average(ONE))
    assert lines[0] == ("Out-of-fold mean absolute error, in the unit of the column:")
    assert lines[1] == "  gap: 1, 50% less than the median of the labels: 2"
    assert lines[2] == "In this way."
    assert verdict(measured(gap, way="test_part"), ONE)[0].startswith("Held-out mean ")


def test_a_useless_model_is_called_so():
    gap = numbers("gap", [0, 4], [4, 0])
    mass = numbers("mass", [1, 3], [1.5, 2.5])
    lines = verdict(measured(gap, mass), average(ONE))
    assert lines[1] == "  gap: 4, no better than the median of the labels: 2"
    assert lines[2] == "  mass: 0.5, 50% less than the median of the labels: 1"
    assert judge(gap).sentence().endswith("Do not rely on the predictions.")
    assert judge(mass).sentence() == (
        "The mean absolute error is 0.5, 50 % less than with the median of the labels (1)."
    )


def test_errors_have_a_standard_error():
    truth, errors = np.arange(40.0), np.tile([1.0, 3.0], 20)
    found = judge(numbers("gap", truth, truth + errors))
    assert found.deviation == pytest.approx(errors.std() / 40**0.5)
    assert str(found).startswith("2 ± 0.16, 80% less")
    assert found.sentence().startswith("The mean absolute error is 2 ± 0.16, 80 % less")


def test_a_gain_that_may_be_chance_is_called_so():
    # Seven rows of twelve gain 1, the others lose 0.9.
    truth, predicted = [0.0, 2.0] * 6, [0.0, 2.0] * 3 + [0.0] + [3.9, 1.9] * 2 + [3.9]
    few = judge(numbers("gap", truth, predicted))
    assert str(few).endswith("(12 labels: may be chance)")
    assert few.sentence().endswith("With 12 labels, this may be chance.")
    many = judge(numbers("gap", truth * 20, predicted * 20))
    assert many.error == pytest.approx(few.error)
    assert not many.may_be_chance


def test_the_best_candidates_and_those_left_out_are_shown():
    fitted = [(f"model-{i}", "gap", float(i), 0.25, "fitted") for i in range(5)]
    failed = ("boosting", "gap", np.nan, 0.0, "failed: ValueError: too few")
    lines = verdict(measured(numbers("gap", [0, 4], [0, 0])), average(board(*fitted, failed)))
    assert "mean absolute error" in lines[3]
    assert [line.split()[1] for line in lines[5:8]] == ["model-0", "model-1", "model-2"]
    assert lines[8:] == ["Left out: boosting (failed: ValueError: too few)"]


@pytest.mark.parametrize(
    ("decision", "error", "guess"),
    # Three of four "a" and the "b" are right. Always "a": 1/5, 1/2; always "b": F1 of 1/3.
    [("accuracy", "0.2 ± 0.18, no", "0.2"), ("balanced_accuracy", "0.125 ± 0.11, 75%", "0.5"),
     ("f1", "0.3333, 50%", "0.6667")],
)  # fmt: skip
def test_the_error_of_classes_is_that_of_the_decision(decision, error, guess):
    truth = np.array(["a", "a", "a", "a", "b", None], dtype=object)
    predicted = np.array(["a", "a", "a", "b", "b", "a"], dtype=object)
    kind = HeldOutTarget("kind", truth, predicted, ["a", "b"], decision=decision)
    line = verdict(measured(kind), None)[1]
    assert line.startswith(f"  kind: {error} ")
    assert f"always the same class: {guess}" in line


def test_a_class_that_is_never_found_is_named():
    truth = np.array(["a"] * 6 + ["b"] * 3, dtype=object)
    kind = HeldOutTarget("kind", truth, np.array(["a"] * 9, dtype=object), ["a", "b"])
    sentence = "Never found: 'b' (3 labels). An average with --decision balanced_accuracy"
    assert sentence in judge(kind).sentence()
    assert verdict(measured(kind), None)[2].startswith("    Never found: 'b' (3 labels).")
    assert judge(numbers("gap", [0, 4], [1, 3])).never == ()


def test_a_network_that_was_not_measured_says_so():
    held_out = not_measured(pd.DataFrame({"gap": [0.0]}), is_classifier=False)
    (line,) = verdict(held_out, SimpleNamespace(predict=None))
    assert line.startswith("The error was not measured.")
