import numpy as np
import pandas as pd
import pytest

from skmat.cli.contradictions import contradictions

X = ["TiO2", "Ti2O4", "NaCl", "ClNa", "KCl"]


def test_numbers():
    labels = pd.DataFrame({"gap": [3.0, 3.4, 8.5, 8.5, np.nan], "density": [1.0, 1.0, 2, 2, 3]})
    (sentence,) = contradictions(X, labels).values()
    assert sentence == (
        "2 labels differ from others of the same formula; on average, they are 0.2 away from the"
        " median of that formula. No model of a formula can tell such rows apart."
    )


def test_rounding_contradicts_nothing():
    assert not contradictions(["TiO2", "TiO2"], pd.DataFrame({"gap": [0.1 + 0.2, 0.3]}))


def test_classes():
    labels = pd.DataFrame({"kind": ["a", "b", "a", "a", None]})
    (sentence,) = contradictions(X, labels).values()
    assert "2 labels differ from others of the same formula" in sentence
    assert "at least 50 % of them are predicted wrongly" in sentence


@pytest.mark.parametrize(("temperatures", "found"), [([1, 2], False), ([1, 1], True)])
def test_further_columns_tell_rows_apart(temperatures, found):
    frame = pd.DataFrame({"formula": ["TiO2", "TiO2"], "T": temperatures})
    labels = pd.DataFrame({"gap": [3.0, 4.0]})
    assert bool(contradictions(frame, labels, ["T"])) == found


def test_a_missing_further_value_is_a_value():
    frame = pd.DataFrame({"T": [np.nan, np.nan], "formula": ["TiO2", "TiO2"]})
    assert contradictions(frame, pd.DataFrame({"gap": [3.0, 4.0]}), ["T"])


def test_structures_repeat_if_their_texts_do():
    labels = pd.DataFrame({"gap": [1.0, 2.0, 3.0]})
    (sentence,) = contradictions(["a", "a", "b"], labels, input="structure").values()
    assert "2 labels differ from others of the same structure" in sentence
