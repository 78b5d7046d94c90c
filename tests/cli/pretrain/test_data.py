import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from common.materials import bcc_iron, rock_salt
from sklearn.utils import Bunch

from skmat.cli.pretrain import config as _config
from skmat.cli.pretrain import data as _data
from skmat.cli.pretrain.config import PretrainConfig, TableConfig
from skmat.cli.pretrain.data import read_data
from skmat.estimators._objectives import resolve_objectives
from skmat.exceptions import DatasetNotFoundError, InvalidInputError
from skmat.structure import StructureArrays


@pytest.fixture
def config(tmp_path):
    gaps = tmp_path / "gaps.csv"
    gaps.write_text("formula,gap,kind\nTiO2,3.0,oxide\nO2Ti,3.4,oxide\nNaN,,\nNaCl,8.5,halide\n")
    (tmp_path / "tested.csv").write_text("name\nCl2Na2\nXe\n")
    options = {
        "path": gaps,
        "formula_column": "formula",
        "targets": ["gap"],
        "classes": ["kind"],
        "units": {"gap": "eV"},
    }
    return PretrainConfig(
        text="",
        tables=[TableConfig("csv", "", options)],
        exclude=[],
        exclude_column="name",
        validation_fraction=0.0,
        split_seed=0,
        max_compositions=None,
        max_atoms=None,
        data_home="data home",
        family="mtencoder",
        encoder={},
        folder=tmp_path / "out",
        dtype="float32",
        card={},
    )


@pytest.fixture
def calls(monkeypatch):
    """Fetchers without data; returns what they were called with."""
    calls = []

    def fetch(*, data_home=None, targets=None, input="structure", exclude=None, as_frame=False):
        calls.append({"data_home": data_home, "targets": targets, "input": input})
        assert as_frame
        frame = pd.DataFrame({"formula": ["Ti2O4", "Fe"], "gap": [3.1, 0.0]}, index=[7, 8])
        units, entries = {"gap": "eV"}, {"licence": "CC", "citation": "us"}
        return Bunch(frame=frame, units=units, **entries)

    def fetch_task(task, *, data_home=None):
        if task != "steels":
            raise InvalidInputError("no such task")
        calls.append({"task": task, "data_home": data_home})
        return Bunch(data=np.array(["Fe2", "TiO2", "W"], dtype=object))

    monkeypatch.setitem(_config.FETCHERS, "mp", fetch)
    monkeypatch.setattr(_data, "fetch_matbench", fetch_task)
    return calls


def read(config, objectives="joint", **changes):
    return read_data(replace(config, **changes), resolve_objectives(objectives))


def test_tables_are_joined(config, calls):
    more = TableConfig("mp", "mp_", {"targets": ["gap"]})
    data = read(config, tables=[*config.tables, more])
    assert data.materials.tolist() == ["TiO2", "NaN", "NaCl", "Fe"]
    nan = np.nan
    expected = pd.DataFrame(
        {
            "gap": [3.2, nan, 8.5, nan],
            "kind": ["oxide", nan, "halide", nan],
            "mp_gap": [3.1, nan, nan, 0.0],
        }
    )
    pd.testing.assert_frame_equal(data.labels, expected)
    assert data.units == {"gap": "eV", "mp_gap": "eV"}
    assert [(table.name, count) for table, count in data.tables] == [("gaps.csv", 3), ("mp", 2)]
    assert calls == [{"data_home": "data home", "targets": ["gap"], "input": "formula"}]
    assert (data.licences, data.citations) == (["CC"], ["us"])


def test_columns_of_one_name_need_a_prefix(config, calls):
    with pytest.raises(
        InvalidInputError, match=r"'gap' is in the table gaps.csv and in the table mp.*'mp_'"
    ):
        read(config, tables=[*config.tables, TableConfig("mp")])


def test_logarithms_are_taken_where_there_are_any(config, calls):
    table = TableConfig("mp", "mp_", log10=("gap",))
    data = read(config, tables=[table])
    np.testing.assert_allclose(data.labels["mp_gap"], [np.log10(3.1), np.nan])
    assert data.units == {"mp_gap": "log10(eV)"}
    with pytest.raises(InvalidInputError, match=r"mp has log10 = \['gip'\].* are \['gap'\]"):
        read(config, tables=[replace(table, log10=("gip",))])


def test_compositions_are_left_out_however_they_are_written(config, calls, tmp_path):
    tables = [*config.tables, TableConfig("mp", "mp_")]
    data = read(config, tables=tables, exclude=["steels", tmp_path / "tested.csv"])
    assert data.materials.tolist() == ["NaN"]
    assert data.excluded == {"steels": 2, "tested.csv": 1}
    assert data.n_excluded == 3
    assert list(data.labels.columns) == ["gap", "kind", "mp_gap"]
    assert [count for _, count in data.tables] == [1, 0]
    with pytest.raises(InvalidInputError, match="no such task") as raised:
        read(config, exclude=["iron"])
    assert "of .csv files" in raised.value.__notes__[0]


def test_files_of_one_name_are_all_left_out(config, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "tested.csv").write_text("name\nTiO2\n")
    data = read(config, exclude=[tmp_path / "tested.csv", other / "tested.csv"])
    assert data.materials.tolist() == ["NaN"]
    assert data.excluded == {str(tmp_path / "tested.csv"): 1, str(other / "tested.csv"): 1}


@pytest.fixture
def crystals(config, monkeypatch):
    """A configuration of a family that reads crystals, of which there are eleven."""
    compounds = [("Na", "Cl"), ("K", "Cl"), ("Mg", "O"), ("Ca", "O")]
    cells = [rock_salt(5 + 0.1 * i, *compounds[i % 4]) for i in range(10)]
    cells[1] = cells[1].get_primitive_structure()
    structures = StructureArrays.from_structures(cells)

    def fetch(*, data_home=None, targets=None, input="formula", as_frame=False):
        assert (data_home, input, as_frame) == ("data home", "structure", True)
        frame = pd.DataFrame({"structure": structures.formulas(), "gap": np.arange(10.0)})
        return Bunch(data=structures, frame=frame, units={"gap": "eV"})

    def fetch_iron(*, data_home=None, as_frame=False):
        frame = pd.DataFrame({"structure": ["Fe"], "heat": [0.5]})
        return Bunch(data=StructureArrays.from_structures([bcc_iron()]), frame=frame, units={})

    monkeypatch.setitem(_config.FETCHERS, "mp", fetch)
    monkeypatch.setitem(_config.FETCHERS, "perovskites", fetch_iron)
    tables = [TableConfig("mp"), TableConfig("perovskites")]
    return replace(config, family="cgcnn", tables=tables)


def test_crystals_are_stacked(crystals):
    data = read(crystals)
    assert data.materials.formulas().tolist()[-3:] == ["NaCl", "KCl", "Fe"]
    np.testing.assert_array_equal(data.labels["gap"], [*range(10), np.nan])
    np.testing.assert_array_equal(data.labels["heat"], [np.nan] * 10 + [0.5])
    assert [count for _, count in data.tables] == [10, 1]
    assert data.describe()[-1] == "11 structures to train on, 0 held out"


def test_crystals_are_left_out_by_composition_and_size(crystals, tmp_path):
    data = read(crystals, exclude=[tmp_path / "tested.csv"])
    assert "NaCl" not in data.materials.formulas()
    assert (len(data.materials), data.n_excluded) == (8, 3)
    assert data.excluded == {"tested.csv": 3}
    assert read(crystals, max_atoms=2).materials.formulas().tolist() == ["KCl", "Fe"]
    with pytest.raises(InvalidInputError, match="too many atoms"):
        read(crystals, max_atoms=1)


def test_crystals_of_one_composition_are_held_out_together(crystals):
    with pytest.warns(UserWarning, match="is 4, but 5 compositions have labels"):
        data = read(crystals, validation_fraction=0.4, max_compositions=4)
    names = data.materials.formulas()
    held_out = set(names[data.validation])
    assert len(held_out) == 2
    assert len(held_out | set(names[data.training])) == 4
    assert not held_out & set(names[data.training])


def test_what_has_no_structures_is_refused(crystals, calls):
    csv = TableConfig("csv", "", {"path": Path("gaps.csv")})
    with pytest.raises(InvalidInputError, match=r"gaps\.csv has formulas, but the encoder reads"):
        read(crystals, tables=[csv])

    def fetch(*, data_home=None, as_frame=False):
        frame = pd.DataFrame({"formula": ["Fe"], "gap": [0.0]})
        return Bunch(data=frame.formula, frame=frame, units={})

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(_config.FETCHERS, "oqmd", fetch)
        with pytest.raises(InvalidInputError, match="The table oqmd has no structures"):
            read(crystals, tables=[TableConfig("oqmd")])


def test_objectives_decide_what_is_read(config):
    assert read(config, "joint").materials.tolist() == ["TiO2", "NaN", "NaCl"]
    without = read(config, "masked_elements")
    assert without.materials.tolist() == ["TiO2", "NaN", "NaCl"]
    assert without.labels.shape == (3, 0)
    assert read(config, "properties").materials.tolist() == ["TiO2", "NaCl"]
    with pytest.raises(InvalidInputError, match="nothing would be trained"):
        read_data(config, ())
    unlabelled = replace(
        config.tables[0], options={**config.tables[0].options, "targets": [], "classes": []}
    )
    with pytest.raises(InvalidInputError, match="no table has labels"):
        read(config, "joint", tables=[unlabelled])


def test_nothing_left(config, tmp_path):
    (tmp_path / "tested.csv").write_text("name\nTiO2\nNaN\nNaCl\n")
    with pytest.raises(InvalidInputError, match="none is left"):
        read(config, exclude=[tmp_path / "tested.csv"])


def test_the_split_is_by_composition_and_follows_from_its_seed(config, tmp_path):
    formulas = [f"Fe{n}O{m}" for n in range(1, 9) for m in range(1, 9)]
    lines = "".join(f"{formula},{i},\n" for i, formula in enumerate(formulas))
    (tmp_path / "gaps.csv").write_text("formula,gap,kind\n" + lines)
    options = {**config.tables[0].options, "classes": []}
    tables = [replace(config.tables[0], options=options)]
    splits = []
    for seed in (0, 0, 1):
        data = read(config, tables=tables, validation_fraction=0.25, split_seed=seed)
        rows = np.concatenate([data.training, data.validation])
        assert sorted(rows) == list(range(len(data.materials)))
        assert len(data.validation) == round(0.25 * len(data.materials))
        splits.append(data.validation.tolist())
    assert splits[0] == splits[1] != splits[2]
    assert len(data.materials) < len(formulas)
    assert any("held out" in line for line in data.describe())


def test_some_of_the_compositions_can_be_drawn(config):
    everything = read(config, "masked_elements")
    drawn = [
        read(config, "masked_elements", max_compositions=2, split_seed=seed)
        for seed in (0, 0, 1, 2, 3)
    ]
    assert all(len(data.materials) == len(data.labels) == 2 for data in drawn)
    assert drawn[0].materials.tolist() == drawn[1].materials.tolist()
    assert len({tuple(data.materials) for data in drawn}) > 1
    assert {name for data in drawn for name in data.materials} <= set(everything.materials)
    assert len(read(config, max_compositions=99).materials) == len(read(config).materials)


@pytest.fixture
def mostly_unlabelled(config, tmp_path):
    """20 compositions with labels, in a table of their own, and 100 without."""
    labelled = [f"Na{n}Cl" for n in range(1, 21)]
    others = [f"Ti{n}O" for n in range(1, 101)]
    (tmp_path / "gaps.csv").write_text(
        "formula,gap,kind\n" + "".join(f"{each},1.5,oxide\n" for each in labelled)
    )
    (tmp_path / "more.csv").write_text("formula\n" + "".join(f"{each}\n" for each in others))
    options = {"path": tmp_path / "more.csv", "formula_column": "formula", "targets": []}
    more = TableConfig("csv", "", {**options, "classes": [], "units": {}})
    return replace(config, tables=[more, *config.tables])


@pytest.mark.parametrize("most", [20, 21, 60, 119, 120, 500])
def test_compositions_with_labels_are_drawn_first(mostly_unlabelled, most):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = read(mostly_unlabelled, "joint", max_compositions=most)
    assert len(data.materials) == min(most, 120)
    assert data.labels["gap"].notna().sum() == 20
    again = read(mostly_unlabelled, "joint", max_compositions=most)
    assert data.materials.tolist() == again.materials.tolist()
    if 20 < most < 120:
        other = read(mostly_unlabelled, "joint", max_compositions=most, split_seed=1)
        assert data.materials.tolist() != other.materials.tolist()


@pytest.mark.parametrize("most", [1, 19])
def test_labels_that_are_left_out_are_counted(mostly_unlabelled, most):
    with pytest.warns(UserWarning, match=f"is {most}, but 20 .* {20 - most} of them are left"):
        data = read(mostly_unlabelled, "joint", max_compositions=most)
    assert data.labels["gap"].notna().all()
    assert len(data.materials) == most


def test_without_labels_the_draw_is_among_all(mostly_unlabelled):
    """What was drawn before labels were looked at is drawn still."""
    everything = read(mostly_unlabelled, "masked_elements")
    data = read(mostly_unlabelled, "masked_elements", max_compositions=30, split_seed=5)
    rows = np.random.default_rng(5).choice(120, 30, replace=False)
    assert data.materials.tolist() == everything.materials[np.sort(rows)].tolist()


def test_bad_cells_of_a_file_are_listed(config, tmp_path):
    (tmp_path / "gaps.csv").write_text("formula,gap,kind\nTiO2,high,a\n")
    with pytest.raises(InvalidInputError, match=r"gaps.csv: 1 cell cannot be read as numbers"):
        read(config)
    (tmp_path / "gaps.csv").write_text("formula,gap,kind\nXx,1,a\n")
    with pytest.raises(InvalidInputError, match=r"cannot be read as formulas.*\n.*'Xx'"):
        read(config)


def test_real_tables(config, data_home):
    tables = [
        TableConfig("jarvis", "", {"targets": ["ehull"]}),
        TableConfig("mp", "mp_", {"targets": ["efermi"], "version": "2024"}),
        TableConfig("matbench", "", {"task": "glass"}),
        TableConfig("obelix"),
        TableConfig("aflow", "", {"targets": ["Egap"]}),
        TableConfig("mp_compositions", "", {"targets": ["mu_b"]}),
    ]
    data = read(config, tables=tables, exclude=["expt_gap"], data_home=str(data_home))
    assert list(data.labels.columns)[:3] == ["ehull", "mp_efermi", "gfa"]
    counts = [count for _, count in data.tables]
    assert max(counts) < len(data.materials) < sum(counts)
    assert data.excluded["expt_gap"] > 0
    assert data.labels["gfa"].dropna().isin([True, False]).all()
    assert len(data.licences) == 6
    with pytest.raises(DatasetNotFoundError):
        read(config, tables=tables, data_home=str(config.folder))
