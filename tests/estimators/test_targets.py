"""y in every container and of every type."""

import datetime
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import torch
from common import materials
from common.materials import FORMULAS
from numpy.testing import assert_array_equal
from readings.labels import CLASS_LABELS, LABELS, ArrowArray, PolarsSeries
from sklearn.preprocessing import LabelEncoder

from skmat import MTEncoder, MTEncoderClassifier, MTEncoderRegressor, RoostRegressor
from skmat.estimators._targets import (
    class_columns,
    read_class_targets,
    read_known_classes,
    read_mixed_targets,
    read_numeric_targets,
)
from skmat.exceptions import InvalidInputError, InvalidLabelsError, LabelTypeError, SkmatError

GAPS = np.array(materials.GAPS)
FAST = {"preset": "tiny", "pretrained": None, "max_epochs": 1, "random_state": 0}


def n_rows_of(y):
    y = y.values if isinstance(y, PolarsSeries | ArrowArray) else y
    return len(y) if hasattr(y, "__len__") else 1


def named(readings):
    return pytest.mark.parametrize("reading", readings, ids=[each.kind for each in readings])


class PolarsFrame:
    """Stand-in for a polars.DataFrame."""

    def __init__(self, **columns):
        self.series = [PolarsSeries(name, values) for name, values in columns.items()]
        self.columns = list(columns)

    def get_columns(self):
        return self.series


@named(LABELS)
def test_labels_of_regressors(reading):
    y = reading.spelling
    n_rows = n_rows_of(y)
    if reading.refused:
        with pytest.raises(SkmatError, match=re.escape(reading.refused)):
            read_numeric_targets(y, n_rows)
        return
    values = read_numeric_targets(y, n_rows).values[:, 0]
    assert ", ".join("missing" if np.isnan(v) else f"{v:g}" for v in values) == reading.gives


@named(CLASS_LABELS)
def test_labels_of_classifiers(reading):
    y = reading.spelling
    n_rows = n_rows_of(y)
    if reading.refused:
        with pytest.raises(ValueError, match=re.escape(reading.refused)):
            read_class_targets(y, n_rows)
        return
    read = read_class_targets(y, n_rows)
    (classes,) = read.classes
    words = ["missing" if np.isnan(v) else str(classes[int(v)]) for v in read.values[:, 0]]
    kind = "text" if classes.dtype.kind == "U" else classes.dtype.name
    assert f"{', '.join(words)} ({kind})" == reading.gives


def test_bad_labels_are_listed_with_a_classifier_as_the_remedy():
    y = pd.DataFrame({"gap": GAPS, "kind": ["a", "b", "c", "d", "e", "f", "7", "8", None, "9"]})
    with pytest.raises(InvalidLabelsError) as caught:
        MTEncoderRegressor(**FAST).fit(FORMULAS, y)
    lines = str(caught.value).splitlines()
    assert lines[0] == "6 of 10 rows of y cannot be used as labels:"
    assert lines[5] == "  row 4, target 'kind': 'e' is text, not a number"
    assert lines[6] == "  ... and 1 more (all in the attribute `rows` of this error)"
    assert "set them to NaN" in lines[7]
    assert "Use a classifier, such as AutoClassifier" in lines[8]
    assert caught.value.rows == [0, 1, 2, 3, 4, 5]


def test_a_few_texts_are_mistakes_rather_than_classes():
    y = [*GAPS[:8], "n/a", "high"]
    with pytest.raises(InvalidLabelsError) as caught:
        RoostRegressor(**FAST).fit(FORMULAS, y)
    assert caught.value.rows == [8, 9]
    assert "classifier" not in str(caught.value)


def test_bad_labels_of_several_targets_come_in_one_error():
    y = np.array([[1.0, "x"], [np.inf, 2], [3, 1j], [4, 5]], dtype=object)
    with pytest.raises(InvalidLabelsError) as caught:
        read_numeric_targets(y, 4)
    assert caught.value.rows == [0, 1, 2]
    assert "row 1, target 'y0': inf is infinite" in str(caught.value)
    assert "row 2, target 'y1': 1j is a complex number" in str(caught.value)


@pytest.mark.parametrize(
    "y",
    [
        [1, "a"] * 5,
        np.array(["a", 1.5] * 5, dtype=object),
        pd.Series(["a", True] * 5),
        pd.Series([datetime.date(2020, 1, 1), 3] * 5),
        [("a", "b"), ("c", "d")] * 5,
        pd.Series([("a", "b"), ("c", "d")] * 5),
    ],
)
def test_labels_of_several_types_are_type_errors(y):
    with pytest.raises(TypeError) as caught:
        MTEncoderClassifier(**FAST).fit(FORMULAS, y)
    assert isinstance(caught.value, LabelTypeError | SkmatError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.rows


@pytest.mark.parametrize(
    "y",
    [
        np.array(["2020-01-01", "2021-01-01"] * 5, dtype="M8[D]"),
        pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01"] * 5)),
        pd.Series(pd.to_timedelta([3, 4] * 5)),
        [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)] * 5,
        [True, False] * 5,
        np.array([3, 7] * 5, dtype="uint16"),
        np.array([3, 7] * 5, dtype="float32"),
        ["metal", "insulator"] * 5,
        np.array(["metal", "insulator"] * 5, dtype=object),
    ],
)
@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_classes_are_those_of_the_label_encoder(y):
    model = MTEncoderClassifier(**FAST, on_invalid="nan").fit(FORMULAS, y)
    expected = LabelEncoder().fit(np.asarray(y)).classes_
    assert_array_equal(model.classes_, expected)
    if np.asarray(y).dtype.kind != "O" and np.asarray(y).dtype.kind != "U":
        assert model.classes_.dtype == np.asarray(y).dtype
    predicted = model.predict(FORMULAS)
    assert predicted.dtype == model.classes_.dtype
    assert set(predicted.tolist()) <= set(expected.tolist())
    assert 0 <= model.score(FORMULAS, y) <= 1
    assert pd.isna(model.predict(["TiO2", "Xy"])[1])


def test_dates_beside_text():
    y = pd.DataFrame({"kind": ["a", "b"] * 5, "day": pd.to_datetime(["2020", "2021"] * 5)})
    model = MTEncoderClassifier(**FAST).fit(FORMULAS, y)
    assert model.classes_[1].dtype == "M8[ns]"
    kinds, days = model.predict(FORMULAS).T
    assert set(kinds) <= {"a", "b"}
    assert set(pd.to_datetime(pd.Series(days))) <= set(y["day"])


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (pd.Series([1, 2, None, 1, 2] * 2, dtype="Int64"), "int64"),
        (pd.Series([1, 2, None, 1, 2] * 2, dtype="UInt8"), "uint8"),
        (pd.Series([True, False, None, True, False] * 2, dtype="boolean"), "bool"),
        (pd.array([1, 2, None, 1, 2] * 2, dtype="Int16"), "int16"),
        (pd.Series(pd.Categorical([1, 2, None, 1, 2] * 2)), "int64"),
        (np.ma.masked_array([1, 2, 3, 1, 2] * 2, [0, 0, 1, 0, 0] * 2), "int64"),
        ([1, 2, None, 1, 2] * 2, "int64"),
        ([1, 2, np.nan, 1, 2] * 2, "int64"),
        ([[1], [2], [np.ma.masked], [1], [2]] * 2, "int64"),
        (PolarsSeries("site", [1, 2, None, 1, 2] * 2), "int64"),
        (ArrowArray([1, 2, None, 1, 2] * 2), "int64"),
    ],
)
def test_classes_keep_their_type_where_labels_are_missing(y, kind):
    model = MTEncoderClassifier(**FAST).fit(FORMULAS, y)
    classes = model.classes_[0] if isinstance(model.classes_, list) else model.classes_
    assert classes.dtype == kind
    assert len(classes) == 2
    assert model.predict(FORMULAS).dtype == kind
    assert 0 <= model.score(FORMULAS, y) <= 1


def test_masked_labels_teach_nothing():
    mask = np.arange(10) % 3 == 1
    settings = {**FAST, "max_epochs": 3}
    expected = MTEncoderRegressor(**settings).fit(FORMULAS, np.where(mask, np.nan, GAPS))
    masked = np.ma.masked_array(np.where(mask, 1e6, GAPS), mask)
    for y in (masked, np.ma.column_stack([masked])):
        model = MTEncoderRegressor(**settings).fit(FORMULAS, y)
        assert_array_equal(model.predict(FORMULAS).ravel(), expected.predict(FORMULAS))
        assert model.score(FORMULAS, y) == expected.score(FORMULAS, np.where(mask, np.nan, GAPS))


def containers():
    missing = [*GAPS[:9], None]
    yield "list", [*GAPS[:9], float("nan")]
    yield "tuple", tuple(missing)
    yield "objects", np.array(missing, dtype=object)
    yield "pandas.NA", [*GAPS[:9], pd.NA]
    yield "Float64", pd.Series(missing, dtype="Float64")
    yield "another index", pd.Series(missing, index=range(10, 0, -1), dtype=float)
    yield "Index", pd.Index(missing, dtype=float)
    yield "tensors", [torch.tensor(value) for value in [*GAPS[:9], np.nan]]
    yield "tensor", torch.tensor([*GAPS[:9], np.nan])
    yield "text", [*map(str, GAPS[:9]), "nan"]
    yield "polars", PolarsSeries("y", missing)
    yield "pyarrow", ArrowArray(missing)


@pytest.mark.parametrize("y", [y for _, y in containers()], ids=[kind for kind, _ in containers()])
def test_every_container_teaches_the_same(y):
    expected = MTEncoderRegressor(**FAST).fit(FORMULAS, np.r_[GAPS[:9], np.nan])
    model = MTEncoderRegressor(**FAST).fit(FORMULAS, y)
    assert_array_equal(model.predict(FORMULAS), expected.predict(FORMULAS))
    assert model.target_names_ == ["y"]


def test_names_of_other_frames_are_kept():
    y = PolarsFrame(gap=list(GAPS), volume=[*GAPS[:8], None, None])
    model = MTEncoderRegressor(**FAST, loss_weights={"volume": 2}).fit(FORMULAS, y)
    assert model.target_names_ == ["gap", "volume"]
    assert model.predict(FORMULAS).shape == (10, 2)
    single = MTEncoderRegressor(**FAST).fit(FORMULAS, PolarsSeries("gap", list(GAPS)))
    assert single.target_names_ == ["gap"]
    assert single.predict(FORMULAS).shape == (10,)


def test_polars_itself():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "gap": [1.5, None, 2.5],
            "site": [3, None, 7],
            "kind": ["a", None, "b"],
            "metal": [True, None, False],
        },
        schema_overrides={"site": polars.Int8},
    )
    assert_array_equal(read_numeric_targets(frame["gap"], 3).values[:, 0], [1.5, np.nan, 2.5])
    read = read_class_targets(frame[["site", "kind", "metal"]], 3)
    assert read.names == ["site", "kind", "metal"]
    assert [classes.dtype.str for classes in read.classes] == ["|i1", "<U1", "|b1"]
    assert np.isnan(read.values[1]).all()
    mixed = read_mixed_targets(frame, 3)
    assert [target.n_classes for target in mixed.targets] == [0, 0, 2, 2]
    with pytest.raises(InvalidInputError, match="collect"):
        read_numeric_targets(frame.lazy(), 3)


def test_pyarrow_itself():
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"gap": [1.5, None, 2.5], "site": [3, None, 7]})
    assert read_numeric_targets(table, 3).names == ["gap", "site"]
    assert_array_equal(read_numeric_targets(table["gap"], 3).values[:, 0], [1.5, np.nan, 2.5])
    assert read_class_targets(table["site"], 3).classes[0].dtype == "int64"


def test_columns_of_encoders_are_told_apart_by_what_they_are():
    y = pd.DataFrame(
        {
            "gap": pd.Series([1.5, None, 2.5], dtype="Float64"),
            "count": [1, 2, 3],
            "group": pd.Categorical([1, 2, None]),
            "metal": pd.Series([True, None, False], dtype="boolean"),
            "kind": ["a", "b", None],
        }
    )
    read = read_mixed_targets(y, 3)
    assert [target.n_classes for target in read.targets] == [0, 0, 2, 2, 2]
    with pytest.raises(LabelTypeError, match="target 'kind': 'b' is no number"):
        read_mixed_targets(y.assign(kind=[1, "b", 2]), 3)
    vectors = MTEncoder(**FAST, objectives="properties").fit(FORMULAS[:3], y).transform(FORMULAS)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros((10, 2, 2)), "3 dimensions"),
        (np.zeros((10, 0)), "no column"),
        (pd.DataFrame(index=range(10)), "no column"),
        (pd.DataFrame([[1, 2]] * 10, columns=["a", "a"]), "name of its own"),
        (frozenset(GAPS), "frozenset, which has no rows in order"),
        (iter(GAPS), "can be read only once"),
        ("abc", "single value 'abc'"),
        (np.float64(3), "single value"),
        (np.array(3.0), "single ndarray"),
        (None, "requires y to be passed"),
    ],
)
def test_what_is_no_y_is_refused(y, message):
    for model in (MTEncoderRegressor(**FAST), MTEncoderClassifier(**FAST)):
        with pytest.raises(InvalidInputError, match=message):
            model.fit(FORMULAS, y)


def test_sparse_y_is_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(InvalidInputError, match="toarray"):
        MTEncoderRegressor(**FAST).fit(FORMULAS, sparse.csr_array(GAPS.reshape(-1, 1)))


@pytest.mark.parametrize("y", [GAPS[:9], list(GAPS) * 2, pd.Series(GAPS[:3]), []])
def test_y_of_another_length_is_refused(y):
    for model in (MTEncoderRegressor(**FAST), MTEncoderClassifier(**FAST)):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            model.fit(FORMULAS, y)
    fitted = MTEncoderRegressor(**FAST).fit(FORMULAS, GAPS)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted.score(FORMULAS, y)


@pytest.mark.parametrize("view", [dict.keys, dict.values])
def test_keys_and_values_of_a_dict_are_labels(view):
    labels = {1.5: 1.5, 2.5: 2.5}
    assert_array_equal(read_numeric_targets(view(labels), 2).values[:, 0], [1.5, 2.5])


def test_text_of_variable_length_is_text():
    text = np.dtypes.StringDType(na_object=np.nan)
    read = read_class_targets(np.array(["b", np.nan, "a"], dtype=text), 3)
    assert_array_equal(read.classes[0], ["a", "b"])
    assert_array_equal(read.values[:, 0], [1, np.nan, 0])
    assert_array_equal(read_numeric_targets(np.array(["1.5"], dtype=text), 1).values, [[1.5]])


def test_known_classes_may_be_a_set():
    assert_array_equal(read_known_classes({"b", "a"}), [["a", "b"]])


def test_known_classes_of_every_type():
    day = datetime.date(2020, 1, 1)
    assert_array_equal(read_known_classes(["b", "a"]), [["a", "b"]])
    assert_array_equal(read_known_classes([day, datetime.date(2019, 1, 1)])[0][1], day)
    assert read_known_classes(np.array(["2020", "2019"], "M8[D]"))[0].dtype == "M8[D]"
    first, second = read_known_classes([["b", "a"], (3, 1, 2)])
    assert_array_equal(first, ["a", "b"])
    assert_array_equal(second, [1, 2, 3])
    with pytest.raises(LabelTypeError):
        read_known_classes(["a", 1])
    with pytest.raises(InvalidInputError, match="empty"):
        read_known_classes([])


@pytest.mark.parametrize(
    "later", [["1", "2"], [1.5, 1.5], [3, 4], [datetime.date(2020, 1, 1)] * 2]
)
def test_labels_of_another_type_are_unknown(later):
    model = MTEncoderClassifier(**FAST).partial_fit(FORMULAS[:2], [1, 2])
    with pytest.raises(ValueError, match=r"not among the classes \[1, 2\]|continuous"):
        model.partial_fit(FORMULAS[:2], later)


def test_scores_of_labels_of_another_type_are_0():
    model = MTEncoderClassifier(**FAST).fit(FORMULAS, [1, 2] * 5)
    assert model.score(FORMULAS, ["1", "2"] * 5) == 0


@pytest.mark.parametrize("container", [list, pd.Series, lambda y: np.array(y, dtype=object)])
def test_signalling_nan_and_masked_elements_are_missing(container):
    y = container([Decimal("sNaN"), Decimal("1.5"), np.ma.masked])
    assert_array_equal(read_numeric_targets(y, 3).values[:, 0], [np.nan, 1.5, np.nan])


def test_class_columns_have_all_rows():
    y = pd.DataFrame({"a": pd.Series([1, None], dtype="Int64"), "b": ["x", "y"]})
    first, second = class_columns(y)
    assert first.tolist() == [1, None]
    assert second.tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("label", "remedy"),
    [
        ("0,35", "decimal point in place of the comma"),
        ("0.35 eV", "Remove 'eV'"),
        ("-2e3GPa", "Remove 'GPa'"),
        ("5 %", "Remove '%'"),
    ],
)
def test_text_that_is_almost_a_number_has_a_remedy(label, remedy):
    with pytest.raises(InvalidLabelsError, match=remedy):
        read_numeric_targets([label, 1.0, 2.0], 3)


@pytest.mark.parametrize("label", ["1.2.3", "<5", "3-4", "one"])
def test_other_text_has_none(label):
    with pytest.raises(InvalidLabelsError) as caught:
        read_numeric_targets([label, 1.0, 2.0], 3)
    assert not caught.value.remedy
