from pathlib import Path

import pytest

from skmat.estimators import FAMILIES
from skmat.exceptions import PretrainedError
from skmat.pretrained import BEST, _registry, list_pretrained
from skmat.pretrained._overview import INPUTS
from skmat.pretrained._registry import resolve_folder


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Ship two encoders and a folder that is none."""
    folder = tmp_path / "weights"
    for name in ("small", "large"):
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text("{}")
    (folder / "scraps").mkdir()
    monkeypatch.setattr(_registry, "_SHIPPED", folder)
    return folder


def test_names_are_listed_in_order(shipped):
    assert list_pretrained() == ["large", "small"]


def test_nothing_may_be_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(_registry, "_SHIPPED", tmp_path / "none")
    assert list_pretrained() == []
    with pytest.raises(PretrainedError, match="none are shipped"):
        resolve_folder("small")


def test_every_listed_name_resolves():
    assert all((resolve_folder(name) / "config.json").is_file() for name in list_pretrained())


def test_a_name_goes_before_a_folder_of_the_same_name(shipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    assert resolve_folder("small") == shipped / "small"
    assert resolve_folder("./small").resolve() == tmp_path / "small"
    assert resolve_folder(tmp_path / "small") == tmp_path / "small"
    assert resolve_folder(Path("small")).resolve() == tmp_path / "small"


@pytest.mark.parametrize("missing", ["medium", "scraps", "/no/such/folder"])
def test_what_is_neither_is_answered_with_the_names(shipped, missing, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PretrainedError, match=r"large, small.*save_pretrained") as error:
        resolve_folder(missing)
    assert missing in str(error.value)


def test_a_file_is_no_folder(shipped, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(PretrainedError, match="folder"):
        resolve_folder(tmp_path / "file")


def test_the_table_agrees_with_networks_and_files():
    table = list_pretrained(as_frame=True).set_index("name")
    assert list(table.index) == list_pretrained()
    assert set(table.index[table["auto"]]) == set(BEST.values())
    assert {name: family.input for name, family in FAMILIES.items()} == INPUTS
    for name in ("mtencoder-multi", "roost-ssl", "cgcnn-mp-ssl", "alignn-mp-mpt"):
        row = table.loc[name]
        encoder = FAMILIES[row["family"]].encoder.from_pretrained(name)
        network = encoder.estimators_[0].model.encoder
        assert row["n_parameters"] == sum(each.numel() for each in network.parameters())
        assert encoder.model_card_.data.startswith(row["pretrained_on"])
        assert encoder.model_card_.licence == row["licence"]
    assert table.loc["cgcnn-mp-ssl", "pretrained_on"] == "mp (58,982 crystals)"
    assert table.loc["cgcnn-mp-ssl", "size_mb"] == 0.16
    assert table.loc["cgcnn-mp-ssl", "held_out"].split(", ")[:2] == [
        "matbench_steels",
        "matbench_jdft2d",
    ]
