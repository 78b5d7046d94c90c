import pytest

from skmat.datasets import fetch_formulas
from skmat.exceptions import DatasetNotFoundError, InvalidInputError

PATH = "composition/all_formulas.csv.gz"
TABLE = """
    formula,sources
    B3H2O7.5Pb2,gaps
    B6H4O15Pb4,crystals|oqmd
    FeO,oqmd
    NaN,crystals
"""


@pytest.fixture
def formulas(put_table):
    put_table(PATH, TABLE)


def test_all_formulas(home, formulas):
    data = fetch_formulas(data_home=home)
    assert data.data.tolist() == ["B3H2O7.5Pb2", "B6H4O15Pb4", "FeO", "NaN"]
    assert data.sources.tolist() == ["gaps", "crystals|oqmd", "oqmd", "crystals"]
    assert data.source_names == ["crystals", "gaps", "oqmd"]
    assert data.groups[0] == data.groups[1]
    assert len(set(data.groups)) == 3
    assert data.target is None
    assert data.target_names == []
    assert data.units == {}
    assert "sources" in data.DESCR


def test_frame(home, formulas):
    data = fetch_formulas(data_home=home, as_frame=True)
    assert data.frame.columns.tolist() == ["formula"]
    assert data.data["formula"].tolist() == data.ids.tolist()


def test_sources_are_selected(home, formulas):
    assert fetch_formulas(data_home=home, sources="oqmd").data.tolist() == ["B6H4O15Pb4", "FeO"]
    both = fetch_formulas(data_home=home, sources=["gaps", "oqmd"])
    assert both.data.tolist() == ["B3H2O7.5Pb2", "B6H4O15Pb4", "FeO"]


def test_a_composition_goes_even_if_another_source_writes_it_differently(home, formulas):
    data = fetch_formulas(data_home=home, exclude_sources=["gaps"])
    assert data.data.tolist() == ["FeO", "NaN"]
    data = fetch_formulas(data_home=home, sources=["oqmd"], exclude_sources="gaps")
    assert data.data.tolist() == ["FeO"]
    assert data.sources.tolist() == ["oqmd"]


def test_exclude_drops_compositions(home, formulas):
    data = fetch_formulas(data_home=home, exclude=["Na2N2", "PbB1.5HO3.75"])
    assert data.data.tolist() == ["FeO"]
    assert data.groups.shape == (1,)


@pytest.mark.parametrize("parameter", ["sources", "exclude_sources"])
def test_unknown_source_is_refused(home, formulas, parameter):
    with pytest.raises(InvalidInputError, match=f"{parameter} has unknown names .*'moon'"):
        fetch_formulas(data_home=home, **{parameter: ["oqmd", "moon"]})


@pytest.mark.parametrize("download", [True, False])
def test_missing_file_has_no_address(home, download):
    with pytest.raises(DatasetNotFoundError, match="compiled for skmat") as caught:
        fetch_formulas(data_home=home, download_if_missing=download)
    assert str(home / PATH) in str(caught.value)


@pytest.mark.slow
def test_real_data(data_home):
    data = fetch_formulas(data_home=data_home)
    assert len(data.data) == 425_745
    assert len(set(data.groups)) == 425_669
    assert len(data.source_names) == 20
    without = fetch_formulas(data_home=data_home, exclude_sources="matbench_expt_gap")
    # 4,604 rows, and others that write the same compositions differently.
    assert len(without.data) == 421_113
