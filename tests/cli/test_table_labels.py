import numpy as np
import pandas as pd
import pytest

from skmat.cli.table_labels import columns_of_classes, few_integers, read_labels, read_words
from skmat.cli.tables import Table
from skmat.exceptions import InvalidInputError


def labels(cells, *, comma="delimiter", classification=False, **others):
    columns = {"y": cells, **others}
    frame = pd.DataFrame(columns, dtype=object)
    table = Table(frame, {name: i for i, name in enumerate(columns)}, None, comma)
    read = read_labels(table, list(columns), "data.csv", classification=classification)
    return read["y"].tolist()


def test_missing_labels_of_both_kinds_are_the_same():
    cells = ["1", np.nan, "N/A", " ", "-", "NaN", "2"]
    for classification in (False, True):
        with pytest.warns(UserWarning, match=r"'N/A' \(1\), '-' \(1\), 'NaN' \(1\)"):
            read = labels(cells, classification=classification)
        assert pd.isna(read).tolist() == [False, True, True, True, True, True, False]


def test_the_minus_of_plus_and_minus_is_a_class():
    assert labels(["+", "-", "+ ", "-"], classification=True) == ["+", "-", "+", "-"]


def test_a_minus_that_was_learned_is_a_word():
    table = Table(pd.DataFrame({"carrier": ["-", np.nan, "NA"]}, dtype=object), {"carrier": 0})
    read = read_words(table, {"carrier": ["+", "-"]}, "data.csv")["carrier"].tolist()
    assert read[0] == "-"
    assert pd.isna(read[1:]).all()


@pytest.mark.filterwarnings("error")
def test_of_usual_labels_nothing_is_said():
    assert labels(["1", np.nan, "2.5"])[::2] == [1.0, 2.5]
    assert labels(["None", "metal", "Na"], classification=True) == ["None", "metal", "Na"]
    assert labels([str(i % 20) for i in range(40)], classification=True)[:2] == ["0", "1"]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["Metal", "metal ", "oxide"], "differ only in spelling: 'Metal' and 'metal'."),
        (["+", "-", "\u2212"], "differ only in spelling: '-' and '\u2212'."),
        (["1", "1.0", "0", "0.0"], "'1' and '1.0' and 1 more such groups."),
        (
            [f"{i}.5" for i in range(21)],
            "All 21 classes of 'y' are numbers. To predict numbers, drop --class",
        ),
    ],
)
def test_classes_that_look_like_a_mistake(cells, said):
    with pytest.warns(UserWarning, match="data.csv") as warned:
        labels(cells, classification=True)
    assert said in str(warned[0].message)


class TestDecimalCommas:
    @pytest.mark.parametrize("comma", ["decimal", "unclear"])
    def test_are_read_and_said(self, comma):
        with pytest.warns(UserWarning, match="Commas are decimal marks in 'y'"):
            assert labels(["3,2", "8", "1,234"], comma=comma, z="1") == [3.2, 8.0, 1.234]

    def test_points_beside_them_are_refused(self):
        # Where commas are decimal marks, 1.234 is one thousand two hundred and thirty-four.
        with pytest.raises(InvalidInputError) as raised:
            labels(["3,2", "1"], comma="decimal", z=["5", "1.234"])
        assert "row 2, z: '1.234': a decimal point, but" in str(raised.value)
        assert str(raised.value).endswith("same decimal mark and without thousands marks.")

    def test_a_point_in_words_is_no_decimal_point(self):
        with pytest.raises(InvalidInputError) as raised:
            labels(["3,2", "ca. 1200"], comma="decimal")
        assert "row 2, y: 'ca. 1200': not a finite number" in str(raised.value)

    def test_thousands_are_not_taken_for_them(self):
        for comma in ("unclear", "delimiter"):
            with pytest.raises(InvalidInputError, match="thousands, or a decimal comma"):
                labels(["1,234", "5,678,901"], comma=comma)
        with pytest.raises(InvalidInputError, match="row 2, y"):
            labels(["1,2", "5,678,901"], comma="decimal")

    def test_not_where_commas_separate_fields(self):
        with pytest.raises(InvalidInputError, match="write a decimal point"):
            labels(["3,2"])


class TestMessages:
    def test_five_are_listed(self):
        with pytest.raises(InvalidInputError) as raised:
            labels(["metal", "oxide"] * 250)
        lines = str(raised.value).splitlines()
        assert lines[0].startswith("data.csv: 500 cells cannot be read as numbers")
        assert lines[5:] == [
            "  row 5, y: 'metal': not a finite number",
            "  ... and 495 more",
            "If labels are classes, such as 'metal', 'oxide', add --classification. Leave cells"
            " without a label empty.",
        ]

    def test_no_column_hides_another(self):
        with pytest.raises(InvalidInputError) as raised:
            labels(["high"] * 9, z=["1"] * 8 + ["low"])
        assert "row 5, y: 'high'" in str(raised.value)
        assert "row 9, z: 'low'" in str(raised.value)

    @pytest.mark.parametrize(
        ("cells", "advice"),
        [
            (["unknown"] * 3 + ["1"], "If 'unknown' means a missing label, leave these"),
            (["a", "b"], "If labels are classes, add --classification."),
            (["3.2 eV", "1"], "write the others as plain numbers: 3.2 or 3.2e-5."),
        ],
    )
    def test_the_remedy(self, cells, advice):
        with pytest.raises(InvalidInputError) as raised:
            labels(cells)
        assert advice in str(raised.value)

    @pytest.mark.parametrize(
        "cell", ["3'200", "1/3", "3.2 x 10^3", "50%", "2026-01-01", "1.5D+00"]
    )
    def test_a_part_of_a_number_is_not_to_be_left_out(self, cell):
        with pytest.raises(InvalidInputError) as raised:
            labels([cell, "1"])
        assert "data.csv: 1 cell cannot be read" in str(raised.value)
        assert "leave out" not in str(raised.value)


def test_columns_of_words_are_classes():
    columns = {
        "group": ["Fm-3m", "P2_1/c", "Fm-3m", np.nan],
        "flag": ["True", "False", "N/A", "True"],
        "unit": ["3.2 eV", "3.2 eV", "4.1 eV", np.nan],
        "limit": ["<5", "high", "high", "low"],
        "name": ["a", "b", "c", "d"],
        "one": ["a", "a", "a", np.nan],
        "mixed": ["1", "2", "two", "two"],
    }
    table = Table(pd.DataFrame(columns, dtype=object), {name: i for i, name in enumerate(columns)})
    found = columns_of_classes(table, list(columns))
    assert found == {"group": ["Fm-3m", "P2_1/c"], "flag": ["False", "True"]}


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 1.0] * 5, [0, 1]), ([0.0, 1.0], []), ([0.0, 0.5] * 9, []), ([3.0] * 9, [])],
)
def test_few_integers_may_be_classes(values, expected):
    assert few_integers(pd.Series([*values, np.nan])) == expected


def test_a_rare_class_that_looks_like_a_usual_one_is_asked_about():
    labels = ["metal"] * 10 + ["mteal"] + ["salt"] * 10 + ["glass"]
    table = Table(pd.DataFrame({"kind": labels}, dtype=object), {"kind": 0})
    with pytest.warns(UserWarning, match="'mteal'. Is it a misspelling of 'metal'") as caught:
        read_labels(table, ["kind"], "t.csv", classification=True)
    assert "glass" not in str(caught[0].message)
