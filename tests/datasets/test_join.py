import numpy as np
import pandas as pd
import pytest

from skmat.datasets import fetch_formulas, fetch_jarvis, join_tables
from skmat.exceptions import InvalidCompositionError, InvalidInputError


def test_tables_meet_in_their_compositions():
    first = pd.DataFrame({"gap": [3.0, 8.5], "metal": [False, True]}, index=["x", "y"])
    second = pd.DataFrame({"density": [2.2, 4.2, 7.0]})
    formulas, y = join_tables(
        (["TiO2", "NaCl"], first), (["ClNa", "Ti2O4", "Fe"], second), (["NaN", "Fe3"], None)
    )
    assert formulas.tolist() == ["TiO2", "NaCl", "Fe", "NaN"]
    assert formulas.dtype == object
    expected = pd.DataFrame(
        {
            "gap": [3.0, 8.5, np.nan, np.nan],
            "metal": [False, True, np.nan, np.nan],
            "density": [4.2, 2.2, 7.0, np.nan],
        }
    )
    pd.testing.assert_frame_equal(y, expected)


def test_rows_of_one_composition_are_merged():
    formulas = ["TiO2", "NaCl", "O2Ti", "TiO2", "O4Ti2", "NaCl", "Fe"]
    labels = pd.DataFrame(
        {
            "gap": [1.0, 5.0, np.nan, 2.0, 6.0, 7.0, np.nan],
            "kind": ["a", "b", "c", None, "a", "c", None],
            "count": [1, 2, 3, 4, 5, 6, 7],
        }
    )
    merged, y = join_tables((formulas, labels))
    assert merged.tolist() == ["TiO2", "NaCl", "Fe"]
    expected = pd.DataFrame(
        {"gap": [2.0, 6.0, np.nan], "kind": ["a", np.nan, np.nan], "count": [3.5, 4.0, 7.0]}
    )
    pd.testing.assert_frame_equal(y, expected)


def test_booleans_are_no_numbers():
    labels = pd.DataFrame({"metal": [True, True, False]})
    _, y = join_tables((["Fe", "Fe", "Fe"], labels), (["Cu"], None))
    assert y["metal"].tolist()[0] is True
    assert pd.isna(y["metal"][1])


def test_the_tables_given_stay_as_they_are():
    labels = pd.DataFrame({"gap": [1, 2]}, index=[5, 5])
    copy = labels.copy()
    join_tables((["Fe", "Cu"], labels), (["Cu"], None))
    pd.testing.assert_frame_equal(labels, copy)


def test_fractions_within_rounding_are_one_composition():
    formulas, _ = join_tables((["Fe2O3", "Fe0.4O0.6", "Fe0.41O0.59"], None))
    assert formulas.tolist() == ["Fe2O3", "Fe0.41O0.59"]


def test_nothing_but_formulas():
    formulas, y = join_tables((["Fe", "Cu"], None))
    assert formulas.tolist() == ["Fe", "Cu"]
    assert y.shape == (2, 0)


def test_formulas_in_a_table_of_one_column():
    gaps = pd.DataFrame({"gap": [3.0, 8.5]})
    for frame in (
        pd.DataFrame({"formula": ["TiO2", "NaCl"]}),
        pd.DataFrame({"formula": pd.array(["TiO2", "NaCl"], dtype="string")}, index=[7, 7]),
    ):
        formulas, y = join_tables((frame, gaps), (["ClNa"], None))
        assert formulas.tolist() == ["TiO2", "NaCl"]
        assert y["gap"].tolist() == [3.0, 8.5]
    with pytest.raises(InvalidInputError, match=r"table 0 .* the columns \['formula', 'gap'\]"):
        join_tables((gaps.assign(formula=["Fe", "Cu"])[["formula", "gap"]], gaps))
    with pytest.raises(InvalidInputError, match="single value 'TiO2'"):
        join_tables(("TiO2", None))


def test_types_of_labels():
    labels = pd.DataFrame({"metal": [True, False], "n": [1, 2]})
    assert join_tables((["Fe", "O2"], labels))[1].dtypes.tolist() == [bool, float]
    for tables in ([(["Fe", "Fe2"], labels)], [(["Fe", "O2"], labels), (["Cu"], None)]):
        assert join_tables(*tables)[1].dtypes.tolist() == [object, float]


def test_errors_name_the_table():
    gap = pd.DataFrame({"gap": [1.0]})
    with pytest.raises(InvalidInputError, match=r"'gap' is in table 0 and in table 2 .* Rename"):
        join_tables((["Fe"], gap), (["Fe"], None), (["Fe"], gap))
    with pytest.raises(InvalidInputError, match="Table 1 has 2 formulas but 1 rows"):
        join_tables((["Fe"], None), (["Fe", "Cu"], gap))
    with pytest.raises(InvalidCompositionError, match="row 1: 'Xx'") as raised:
        join_tables((["Fe"], None), (["Fe", "Xx"], None))
    assert "table 1" in raised.value.__notes__[0]
    with pytest.raises(InvalidInputError, match="at least one table"):
        join_tables()


@pytest.mark.slow
def test_corpora_join(data_home):
    jarvis = fetch_jarvis(data_home=data_home, as_frame=True)
    corpus = fetch_formulas(data_home=data_home, sources="jarvis")
    formulas, y = join_tables((jarvis.data["formula"], jarvis.target), (corpus.data, None))
    assert y.shape == (len(formulas), 38)
    assert len(set(formulas)) == len(formulas) >= len(jarvis.data)
    pd.testing.assert_frame_equal(y.iloc[: len(jarvis.data)], jarvis.target)
