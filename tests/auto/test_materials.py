import numpy as np
import pandas as pd
import pytest
from common.materials import FORMULAS, mixed_salt, rock_salt, rutile
from numpy.testing import assert_array_equal

from skmat import MTEncoder
from skmat.auto import _materials
from skmat.auto._materials import MaterialTable, feature_pipeline
from skmat.composition import read_compositions
from skmat.featurizers import FractionFeaturizer, MagpieFeaturizer
from skmat.structure import StructureArrays


@pytest.fixture
def table():
    columns = pd.DataFrame({"T": np.arange(10) * 1e40}, index=range(5, 15))
    return MaterialTable(FORMULAS, read_compositions(FORMULAS), columns=columns)


def test_features(table):
    assert_array_equal(table.feature("fractions"), FractionFeaturizer().fit_transform(FORMULAS))
    magpie = MagpieFeaturizer(features="all").fit_transform(FORMULAS)
    assert_array_equal(table.feature("magpie"), magpie)
    vectors = MTEncoder(pretrained="mtencoder-multimodal").fit(FORMULAS).transform(FORMULAS)
    assert_array_equal(table.feature("vectors"), vectors)


def test_features_side_by_side(table):
    both = table.read(("magpie", "fractions", "columns"))
    assert both.shape == (10, 145 + 118 + 1)
    assert_array_equal(both[:, :145], table.feature("magpie"))
    # float32 has no such number.
    assert_array_equal(both[:, -1], np.arange(10) * 1e40)


def test_features_are_computed_once(table, monkeypatch):
    first = table.feature("magpie")
    monkeypatch.setattr(MaterialTable, "_compute", None)
    assert table.feature("magpie") is first
    assert table.read(("magpie",)) is first


def test_materials_are_as_given(table):
    assert table.read("materials") is FORMULAS


def test_networks_get_amounts_or_a_frame(table):
    alone = MaterialTable(FORMULAS, read_compositions(FORMULAS))
    assert_array_equal(alone.read("formula"), alone.feature("fractions"))
    frame = table.read("formula")
    assert list(frame.columns) == ["material", "column 0"]
    assert frame["material"].tolist() == FORMULAS
    assert_array_equal(frame["column 0"], table.columns["T"])


def test_networks_get_structures():
    structures = StructureArrays.from_structures([rock_salt(), rutile()])
    table = MaterialTable([rock_salt(), rutile()], structures.compositions(), structures)
    assert table.read("structure") is structures
    assert table.feature("structure_vectors").shape[0] == 2


def test_materials_beyond_the_encoders():
    formulas = ["Og", "LrF3", "NaCl"]
    table = MaterialTable(formulas, read_compositions(formulas))
    assert table.feature("vectors").shape[0] == 3


@pytest.mark.parametrize("names", [("fractions",), ("magpie", "fractions", "vectors")])
def test_the_pipeline_of_features_computes_the_same(table, names):
    pipeline = feature_pipeline(names, "formula").fit(FORMULAS)
    np.testing.assert_allclose(pipeline.transform(FORMULAS), table.read(names), atol=1e-6)


def test_the_pipeline_of_features_of_structures():
    salts = [rock_salt(), rutile()]
    structures = StructureArrays.from_structures(salts)
    table = MaterialTable(salts, structures.compositions(), structures)
    names = ("magpie", "structure_vectors")
    pipeline = feature_pipeline(names, "structure").fit(salts)
    np.testing.assert_allclose(pipeline.transform(salts), table.read(names), atol=1e-5)


def test_vectors_of_disordered_structures():
    # Whether such structures may be read is decided before.
    structures = StructureArrays.from_structures([mixed_salt(0.5)], disorder="average")
    table = MaterialTable(structures, structures.compositions(), structures)
    assert np.isfinite(table.feature("structure_vectors")).all()


@pytest.mark.parametrize("name", ["vectors", "structure_vectors"])
def test_encoders_are_on_the_device_of_the_table(name, monkeypatch):
    devices = []
    loaded = _materials._loaded

    def load(input, device):
        encoder = loaded(input, device)
        devices.append(encoder.device)
        return encoder

    monkeypatch.setattr(_materials, "_loaded", load)
    structures = StructureArrays.from_structures([rock_salt()])
    # This machine may lack the device of another one, and takes the CPU.
    for device in ("cpu", "cuda:77", "cpu"):
        table = MaterialTable([rock_salt()], structures.compositions(), structures, device=device)
        assert table.feature(name).shape[0] == 1
    assert devices == ["cpu", "cuda:77", "cpu"]
    pipeline = feature_pipeline((name,), "structure", "cpu")
    assert "cpu" in {each for key, each in pipeline.get_params().items() if "device" in key}
