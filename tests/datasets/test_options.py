import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skmat.composition import read_compositions
from skmat.datasets._options import check_choice, check_targets, rows_to_keep, select_labels
from skmat.exceptions import InvalidInputError
from skmat.structure import StructureArrays


def test_choice_names_parameter_value_and_choices():
    check_choice("colour", "red", ("red", "blue"))
    with pytest.raises(InvalidInputError, match=r"colour must be one of \['red', 'blue'\].*green"):
        check_choice("colour", "green", ("red", "blue"))


def test_targets_by_name_by_sequence_and_by_default():
    known = {"a": 1, "b": 2, "c": 3}
    assert check_targets(None, known) == ["a", "b", "c"]
    assert check_targets(None, known, default=["b"]) == ["b"]
    assert check_targets("c", known) == ["c"]
    assert check_targets(("c", "a"), known) == ["c", "a"]


@pytest.mark.parametrize("targets", ["d", ["a", "d"], [], ["a", "a"]])
def test_bad_targets_are_refused(targets):
    with pytest.raises(InvalidInputError, match="targets must be one of"):
        check_targets(targets, ["a", "b"])


def test_excluded_compositions_go_however_they_are_written():
    compositions = read_compositions(["Ti2O4", "NaN", "FeO"])
    kept = rows_to_keep(lambda: compositions, ["O2Ti", "N1Na1"], 3)
    assert kept.tolist() == [2]


@pytest.mark.parametrize(
    "exclude",
    [
        pd.DataFrame({"composition": ["TiO2"]}),
        pd.Series(["TiO2"]),
        StructureArrays(np.eye(3)[None], [3], [22, 8, 8], np.zeros((3, 3))),
    ],
)
def test_what_loaders_return_can_be_excluded(exclude):
    compositions = read_compositions(["Ti2O4", "FeO"])
    assert rows_to_keep(lambda: compositions, exclude, 2).tolist() == [1]


def test_what_cannot_be_excluded_is_named():
    with pytest.raises(
        InvalidInputError, match=r"1 of 2 items of exclude .* at 1: 'Xx2'"
    ) as caught:
        rows_to_keep(lambda: read_compositions(["TiO2"]), ["TiO2", "Xx2"], 1)
    assert "on_invalid" not in str(caught.value)


def test_nothing_is_parsed_without_exclude():
    assert rows_to_keep(lambda: pytest.fail("parsed"), None, 2).tolist() == [0, 1]


def test_empty_exclude_keeps_all():
    assert rows_to_keep(lambda: read_compositions(["FeO"]), [], 1).tolist() == [0]


def test_string_is_no_sequence_of_formulas():
    with pytest.raises(InvalidInputError, match=r"Pass \['TiO2'\]"):
        rows_to_keep(lambda: read_compositions(["TiO2"]), "TiO2", 1)


def test_labels_are_one_dimensional_for_a_string():
    table = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    assert select_labels(table, ["b"], "b").shape == (2,)
    labels = select_labels(table, ["b"], ["b"])
    assert labels.shape == (2, 1)
    assert labels.dtype == np.float64


@pytest.mark.parametrize(
    "exclude", [{"TiO2"}, pl.DataFrame({"formula": ["TiO2"]}), pa.table({"formula": ["O2Ti"]})]
)
def test_what_is_left_out_needs_no_order(exclude):
    compositions = read_compositions(["Ti2O4", "NaN", "FeO"])
    assert rows_to_keep(lambda: compositions, exclude, 3).tolist() == [1, 2]
