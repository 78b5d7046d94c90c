import datetime
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from common.auto import BINARIES, NUMBERS, regressor
from common.materials import many, mixed_salt, rock_salt, rutile
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.core import Composition, Lattice, Structure
from sklearn.base import BaseEstimator

from skmat import MTEncoderRegressor
from skmat.auto._reading import MaterialsInputMixin
from skmat.exceptions import (
    CandidateWarning,
    InvalidCompositionError,
    InvalidInputError,
    InvalidStructureError,
    NoveltyWarning,
)
from skmat.structure import StructureArrays, _neighbors

FORMULAS = ["TiO2", "NaCl", "MgO", "Fe2O3"]
FRAME = pd.DataFrame(
    {
        "formula": FORMULAS,
        "T": [300.0, np.nan, 400.0, 500.0],
        "doped": [True, False, True, True],
        "process": ["cast", "rolled", None, "cast"],
    },
    index=[7, 3, 5, 1],
)
SALTS = [rock_salt(), rutile(), rock_salt(4.2, "Mg", "O")]


class Reader(MaterialsInputMixin, BaseEstimator):
    """Only reads."""

    def __init__(self, input="auto", disorder="raise", on_invalid="raise", device="auto"):
        self.input = input
        self.disorder = disorder
        self.on_invalid = on_invalid
        self.device = device

    def fit(self, X, y=None):
        self.table, self.valid = self._read_table(X, reset=True)
        return self

    def read(self, X):
        return self._read_table(X, reset=False)


def columns_of(X, reader=None):
    reader = reader or Reader().fit(FRAME)
    table, _ = reader.read(X)
    return table.columns


# Formulas


@pytest.mark.parametrize(
    "X",
    [
        FORMULAS,
        np.array(FORMULAS),
        np.array(FORMULAS, dtype=object).reshape(-1, 1),
        pd.Series(FORMULAS, index=[3, 1, 2, 0]),
        pd.DataFrame({"formula": FORMULAS}),
        pl.Series(FORMULAS),
        pl.DataFrame({"formula": FORMULAS}),
        [Composition(each) for each in FORMULAS],
        [Composition(each).as_dict() for each in FORMULAS],
        iter(FORMULAS),
    ],
    ids=lambda X: type(X).__name__,
)
def test_forms_of_formulas(X):
    reader = Reader().fit(X)
    assert reader.input_ == "formula"
    assert reader.material_column_ is None
    assert reader.n_features_in_ == 1
    assert reader.table.columns is None
    assert reader.valid.all()
    expected = Reader().fit(FORMULAS).table.compositions
    assert_array_equal(reader.table.compositions.keys(), expected.keys())
    assert len(reader.table.given) == 4


def test_a_matrix_of_amounts_may_have_empty_rows():
    amounts = np.eye(4, 10)
    amounts[2] = 0
    reader = Reader().fit(amounts)
    assert_array_equal(reader.valid, [True, True, False, True])
    assert_array_equal(reader.table.given, amounts[reader.valid])
    assert len(reader.table) == 3
    with pytest.raises(InvalidInputError, match="No row of X holds a material"):
        Reader().fit(np.zeros((3, 10)))


@pytest.mark.parametrize("library", [pd, pl])
def test_a_table_of_amounts(library):
    reader = Reader().fit(library.DataFrame({"Fe": [1.0, 2.0], "O": [1.0, 3.0]}))
    assert reader.material_column_ is None
    assert_array_equal(reader.table.compositions.fractions[1], [0.6, 0.4])


def test_rows_that_cannot_be_read():
    bad = ["TiO2", "Xy2", None, "NaCl"]
    with pytest.raises(InvalidCompositionError) as caught:
        Reader(on_invalid="nan").fit(bad)
    assert caught.value.rows == [1, 2]
    table, valid = Reader(on_invalid="nan").fit(FORMULAS).read(bad)
    assert_array_equal(valid, [True, False, False, True])
    assert table.given == ["TiO2", "NaCl"]
    with pytest.raises(InvalidCompositionError):
        Reader().fit(FORMULAS).read(bad)


# Structures


@pytest.mark.parametrize(
    "form", ["list", "arrays", "cif", "dicts", "frame", "series", "array", "polars", "arrow"]
)
def test_forms_of_structures(form):
    objects = np.empty(3, dtype=object)
    objects[:] = SALTS
    X = {
        "list": SALTS,
        "arrays": StructureArrays.from_structures(SALTS),
        "cif": [each.to(fmt="cif") for each in SALTS],
        "dicts": [each.as_dict() for each in SALTS],
        "frame": pd.DataFrame({"structure": SALTS}),
        "series": pd.Series(SALTS, index=[3, 1, 2]),
        "array": objects,
        "polars": pl.DataFrame({"cif": [each.to(fmt="cif") for each in SALTS]}),
        "arrow": pa.array([each.to(fmt="cif") for each in SALTS]),
    }[form]
    reader = Reader().fit(X)
    assert reader.input_ == "structure"
    assert_array_equal(reader.table.structures.n_atoms, [8, 6, 8])
    formulas = Reader().fit(["NaCl", "TiO2", "MgO"]).table.compositions
    assert_array_equal(reader.table.compositions.keys(), formulas.keys())


def test_structure_files(tmp_path):
    paths = []
    for number, structure in enumerate(SALTS):
        paths.append(tmp_path / f"{number}.cif")
        structure.to(filename=str(paths[-1]))
    for X in (paths, [str(each) for each in paths]):
        assert Reader().fit(X).input_ == "structure"


def test_disordered_structures():
    X = [*SALTS, mixed_salt(0.5)]
    with pytest.raises(InvalidStructureError):
        Reader().fit(X)
    assert len(Reader(disorder="average").fit(X).table) == 4
    table, valid = Reader(on_invalid="nan").fit(SALTS).read(X)
    assert_array_equal(valid, [True, True, True, False])
    assert len(table.given) == len(table.structures) == 3


def test_a_missing_structure_in_front():
    for missing in (None, np.nan, pd.NA):
        with pytest.raises(InvalidStructureError) as caught:
            Reader().fit([missing, *SALTS])
        assert caught.value.rows == [0]


def test_no_structure():
    with pytest.raises(InvalidInputError, match="0 sample"):
        Reader(input="structure").fit([])


def test_the_input_can_be_told():
    with pytest.raises(ValueError, match="TiO2"):
        Reader(input="structure").fit(FORMULAS)
    with pytest.raises(InvalidInputError, match="structures"):
        Reader(input="formula").fit(SALTS)


def test_formulas_after_structures():
    with pytest.raises(ValueError, match="TiO2"):
        Reader().fit(SALTS).read(["TiO2"])


# Further columns


def test_numbers_and_categories():
    reader = Reader().fit(FRAME)
    assert reader.material_column_ == "formula"
    assert reader.n_features_in_ == 4
    assert_array_equal(reader.feature_names_in_, FRAME.columns)
    expected = {
        "T": [300.0, np.nan, 400.0, 500.0],
        "doped": [1.0, 0.0, 1.0, 1.0],
        "process=cast": [1.0, 0.0, 0.0, 1.0],
        "process=rolled": [0.0, 1.0, 0.0, 0.0],
    }
    assert list(reader.table.columns) == list(expected)
    for name, values in expected.items():
        assert_array_equal(reader.table.columns[name], values)


@pytest.mark.parametrize(
    "convert",
    [
        pl.from_pandas,
        pd.DataFrame.convert_dtypes,
        lambda frame: frame.astype(object),
        lambda frame: frame.astype({"process": "category"}),
        lambda frame: frame.astype({"T": "Float32", "doped": "boolean"}),
        lambda frame: frame.to_records(index=False),
    ],
    ids=["polars", "nullable", "objects", "categorical", "types", "records"],
)
def test_forms_of_frames(convert):
    again = columns_of(convert(FRAME))
    pd.testing.assert_frame_equal(again, columns_of(FRAME))
    fitted = Reader().fit(convert(FRAME)).table.columns
    pd.testing.assert_frame_equal(fitted, columns_of(FRAME))


def test_structures_with_a_temperature():
    frame = pd.DataFrame({"T": [1, 2, 3], "crystal": SALTS})
    reader = Reader().fit(frame)
    assert reader.material_column_ == "crystal"
    assert reader.input_ == "structure"
    assert_array_equal(reader.table.columns["T"], [1.0, 2.0, 3.0])


def test_rows_that_cannot_be_read_take_their_columns_with_them():
    reader = Reader(on_invalid="nan").fit(FRAME)
    table, valid = reader.read(FRAME.assign(formula=["TiO2", "Xy", "MgO", "Fe2O3"]))
    assert_array_equal(valid, [True, False, True, True])
    assert_array_equal(table.columns["T"], [300.0, 400.0, 500.0])


def test_missing_values_of_a_later_call():
    columns = columns_of(FRAME.assign(T=None, doped=None, process=[None, np.nan, pd.NA, "cast"]))
    assert columns[["T", "doped"]].isna().all(axis=None)
    assert_array_equal(columns["process=cast"], [0, 0, 0, 1])


def test_an_unknown_category():
    with pytest.raises(InvalidInputError, match=r"'forged' in row 2, which fit did not see"):
        columns_of(FRAME.assign(process=["cast", "cast", "forged", "forged"]))


def test_bad_values_of_further_columns_are_rows_without_a_prediction():
    reader = Reader(on_invalid="nan").fit(FRAME)
    table, valid = reader.read(
        FRAME.assign(process=["cast", "forged", None, "cast"], T=[300, 300, 400, "hot"])
    )
    assert_array_equal(valid, [True, False, True, False])
    assert_array_equal(table.columns["T"], [300.0, 400.0])


def test_values_unlike_those_of_the_training_set():
    reader = Reader().fit(FRAME.fillna({"process": "cast"}))
    table, _ = reader.read(FRAME.assign(T=[305, 505, 900, np.nan]))
    assert list(table.odd) == [
        "a 'T' outside of 300 to 500",
        "no 'process', which all of the training set have",
    ]
    masks = np.array(list(table.odd.values()))
    assert_array_equal(masks, [[False, False, True, False]] * 2)


@pytest.mark.parametrize("value", ["hot", "300 K", np.inf, -np.inf, "1e999"])
def test_a_value_that_is_no_finite_number(value):
    with pytest.raises(InvalidInputError, match=r"Column 'T' of X has .* in row 1"):
        columns_of(FRAME.assign(T=[1, value, 3, 4]))


def test_text_that_holds_numbers_is_read_as_in_y():
    again = columns_of(FRAME.assign(T=["300", None, "400.0", "5e2"]))
    pd.testing.assert_frame_equal(again, columns_of(FRAME))


@pytest.mark.parametrize(
    "values",
    [
        pd.date_range("2020-01-01", periods=4),
        [datetime.date(2020, 1, 1)] * 4,
        pd.to_timedelta([1, 2, 3, 4], unit="h"),
        [1 + 2j, 1, 2, 3],
    ],
    ids=["datetime64", "date", "timedelta", "complex"],
)
def test_dates_and_complex_numbers_are_neither_numbers_nor_categories(values):
    with pytest.raises(InvalidInputError, match="'when'"):
        Reader().fit(FRAME.assign(when=values))


def test_missing_columns():
    for X in (FRAME[["formula", "T"]], FRAME["formula"], FORMULAS, FRAME.drop(columns="formula")):
        with pytest.raises(ValueError, match="needs the column 'formula'"):
            columns_of(X)


def test_further_and_moved_columns():
    with pytest.raises(ValueError, match="unseen"):
        columns_of(FRAME.assign(p=1))
    with pytest.raises(ValueError, match="same order"):
        columns_of(FRAME[["T", "formula", "doped", "process"]])


def test_names_that_are_not_text_are_found_by_name():
    frame = FRAME.set_axis(range(4), axis=1)
    reader = Reader().fit(frame)
    expected = reader.table.columns
    pd.testing.assert_frame_equal(columns_of(frame[[3, 1, 0, 2]], reader), expected)


def test_names_that_are_equal_as_text():
    frame = pd.DataFrame({"f": FORMULAS, "a": ["b=c", "b", "b", "b"], "a=b": ["c", "d", "d", "d"]})
    columns = Reader().fit(frame).table.columns
    assert columns.shape == (4, 4)


def test_names_that_occur_twice():
    with pytest.raises(InvalidInputError, match="more than one column"):
        Reader().fit(FRAME.set_axis(["formula", "T", "T", "p"], axis=1))


def test_two_columns_of_formulas():
    frame = FRAME.assign(substrate=["SiO2", "Si", "Si", "GaAs"])
    with pytest.raises(InvalidInputError, match="2 columns that could hold the materials"):
        Reader().fit(frame)
    reader = Reader().fit(frame.astype({"substrate": "category"}))
    assert reader.material_column_ == "formula"
    assert "substrate=GaAs" in reader.table.columns


def test_text_without_formulas():
    with pytest.raises(InvalidInputError, match="none of them holds formulas"):
        Reader().fit(FRAME.drop(columns="formula"))
    phases = pd.DataFrame({"formula": pd.Categorical(FORMULAS), "phase": ["FCC", "BCC"] * 2})
    with pytest.raises(InvalidInputError, match=r"\['phase'\] of text.*astype\(object\)"):
        Reader().fit(phases)


def test_categories_hold_the_materials_beside_numbers():
    frame = FRAME[["formula", "T"]].astype({"formula": "category"})
    reader = Reader().fit(frame)
    assert reader.material_column_ == "formula"
    assert_array_equal(reader.read(FRAME[["formula", "T"]])[0].given, FORMULAS)


def test_phases_beside_amounts_are_no_materials():
    frame = pd.DataFrame({"phase": ["B2", "SC"], "Fe": [1.0, 2.0], "Ni": [2.0, 1.0]})
    with pytest.raises(InvalidInputError, match=r"named after elements.*'phase' holds .*'B2'"):
        Reader().fit(frame)


def test_a_formula_that_cannot_be_read_is_told_with_its_row():
    with pytest.raises(InvalidCompositionError) as caught:
        Reader().fit(FRAME.assign(formula=["TiO2", "NaCl", "Xy", "MgO"]))
    assert caught.value.rows == [2]


def test_X_is_not_changed():
    before = FRAME.copy(deep=True)
    Reader().fit(FRAME)
    pd.testing.assert_frame_equal(FRAME, before)


# Through an estimator


def test_the_temperature_is_learned():
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"formula": BINARIES, "T": generator.uniform(0, 10, size=60)})
    y = 2 * frame["T"]
    model = regressor().fit(frame, y)
    assert model.score(frame, y) > 0.9
    alone = np.concatenate([model.predict(frame.iloc[[i]]) for i in range(5)])
    assert_allclose(alone, model.predict(frame.iloc[:5]))


def test_numbers_outside_of_the_learned_range_warn():
    frame = pd.DataFrame({"formula": BINARIES, "T": np.linspace(0, 10, 60)})
    model = regressor().fit(frame, NUMBERS)
    given = frame.head(3).assign(T=[5.0, 11.0, np.nan])
    with pytest.warns(NoveltyWarning) as caught:
        model.predict(given)
    assert [str(each.message).split(".")[0] for each in caught] == [
        "1 of 3 rows have no 'T', which all of the training set have",
        "1 of 3 rows have a 'T' outside of 0 to 10",
    ]
    assert model.novelty(given)[1:].tolist() == [100, 100]
    assert model.novelty(given)[0] < 100


def test_numbers_of_a_column_that_had_none_warn_and_change_nothing():
    frame = pd.DataFrame({"formula": BINARIES, "T": np.nan})
    model = regressor(preset=["svm"], candidates=None).fit(frame, NUMBERS)
    given = frame.head(3).assign(T=[900.0, np.nan, np.nan])
    with pytest.warns(NoveltyWarning, match="1 of 3 rows have a 'T', of which no labelled"):
        predicted = model.predict(given)
    assert_array_equal(predicted, model.predict(frame.head(3)))
    assert model.novelty(given)[0] == 100
    assert model.novelty(given)[1:].max() < 100


@pytest.mark.parametrize("how", ["no label", "no weight"])
def test_rows_without_a_label_teach_neither_ranges_nor_categories(how):
    frame = pd.DataFrame({"formula": BINARIES, "T": np.linspace(0, 10, 60), "process": "cast"})
    frame.loc[59, ["T", "process"]] = [900.0, "forged"]
    y, weights = np.array(NUMBERS, dtype=float), np.ones(60)
    if how == "no label":
        y[59] = np.nan
    else:
        weights[59] = 0.0
    model = regressor().fit(frame, y, sample_weight=weights)
    hot = frame.head(1).assign(T=800.0)
    with pytest.warns(NoveltyWarning, match="a 'T' outside of 0 to 9"):
        model.predict(hot)
    assert model.novelty(hot).tolist() == [100]
    forged = frame.tail(1).assign(T=5.0)
    with pytest.warns(NoveltyWarning, match="a 'process' that no labelled material has"):
        model.predict(forged)
    assert model.novelty(forged).tolist() == [100]
    assert model.novelty(forged.assign(process="cast"))[0] < 100


def test_networks_of_formulas_read_structures_with_a_temperature():
    structures = many(24)
    temperature = np.arange(24.0) % 6
    frame = pd.DataFrame({"crystal": structures, "T": temperature})
    net = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=30, lr=3e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("error", CandidateWarning)
        model = regressor(preset=[], candidates=[("net", net)], cv=2).fit(
            frame, 3 * temperature + 1
        )
    hot, cold = (model.predict(frame.assign(T=each)).mean() for each in (5.0, 0.0))
    assert hot - cold > 3


def test_a_column_of_the_labels_is_refused():
    frame = pd.DataFrame({"formula": BINARIES, "gap": NUMBERS})
    with pytest.raises(InvalidInputError, match="'gap' of X holds the labels of 'y'"):
        regressor().fit(frame, NUMBERS)


def test_predictions_do_not_depend_on_the_library():
    frame = pd.DataFrame({"formula": BINARIES, "T": -np.array(NUMBERS)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = regressor().fit(pl.from_pandas(frame), pl.Series(NUMBERS))
        assert_array_equal(model.predict(pl.from_pandas(frame)), model.predict(frame))


def test_cheap_candidates_of_structures():
    X = many(24)
    y = np.array([each.volume / len(each) for each in X])
    model = regressor().fit(X, y)
    assert model.input_ == "structure"
    assert model.predict(X).shape == (24,)
    assert_array_equal(model.predict(StructureArrays.from_structures(X)), model.predict(X))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([300, 350, "n.a.", 400], "numbers, but also 'n.a.' in row 2"),
        (["300", "350", "400", "450"], "numbers as text"),
        (["20,5", "21,5", "20,5", "22"], "numbers with decimal commas as text, such as '20,5'"),
        (["20 °C", "21°C", "20 °C", "21 °C"], "numbers with the unit '°C' as text"),
    ],
)
def test_numbers_as_text_are_no_categories(values, message):
    frame = pd.DataFrame({"formula": ["NaCl", "KCl", "LiF", "MgO"], "T": values})
    with pytest.raises(InvalidInputError, match=message):
        Reader().fit(frame)
    Reader().fit(frame.astype({"T": "category"}))


@pytest.mark.parametrize("values", [["2H", "3R", "2H", "3R"], ["-1", "4mm", "m-3m", "4mm"]])
def test_names_that_begin_with_numbers_are_categories(values):
    frame = pd.DataFrame({"formula": FORMULAS, "kind": values})
    assert Reader().fit(frame).table.columns.shape == (4, len(set(values)))


def test_names_that_do_not_repeat_are_no_categories():
    frame = pd.DataFrame({"formula": ["NaCl", "KCl"] * 20, "id": [f"a{i}" for i in range(40)]})
    with pytest.raises(InvalidInputError, match=r"'id' of X has 40 categories in 40 rows"):
        Reader().fit(frame)


def test_whole_numbers_are_one_category_whatever_their_type():
    frame = pd.DataFrame({"formula": ["NaCl", "KCl"], "kind": pd.Categorical([1, 2])})
    reader = Reader().fit(frame)
    table, _ = reader._read_table(
        pd.DataFrame({"formula": ["NaCl", "KCl"], "kind": [1, None]}), reset=False
    )
    assert table.columns.to_numpy().tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_a_structure_with_too_many_neighbours_has_no_prediction(monkeypatch):
    X = many(12)
    model = regressor(cv=2, on_invalid="nan").fit(X, NUMBERS[:12])
    # Of a slab, 8 Å are searched only for the atom far away from it.
    block = rock_salt() * (3, 3, 3)
    slab = Structure(
        Lattice.orthorhombic(16.92, 16.92, 50.0), block.species, block.frac_coords * [1, 1, 0.3384]
    )
    crowded = slab.copy().append("Na", [0.5, 0.5, 0.7])
    monkeypatch.setattr(_neighbors, "_MOST_PAIRS", 6_000)
    X = [rock_salt(), "nothing", crowded, slab]
    assert np.isnan(model.predict(X)).tolist() == [False, True, True, False]
    with pytest.raises(InvalidStructureError, match=r"217 atoms have about") as caught:
        model.set_params(on_invalid="raise").predict(X)
    assert caught.value.rows == [1, 2]
    with pytest.raises(InvalidStructureError, match="row 2: 'Na109 Cl108'"):
        regressor(cv=2).fit([*X[:1], rutile(), crowded], NUMBERS[:3])


def test_encoders_get_the_device():
    table = Reader(device="cpu").fit(SALTS).table
    assert table.device == "cpu"
    assert Reader(device="cpu").fit(FRAME).table.device == "cpu"
