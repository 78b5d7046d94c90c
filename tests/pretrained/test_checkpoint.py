import hashlib
import json
import stat
from dataclasses import replace

import pytest
import torch
from torch import nn

from skmat.estimators import MTEncoder
from skmat.exceptions import PretrainedError
from skmat.pretrained import Checkpoint, ModelCard, load_checkpoint, save_checkpoint

FILES = ["README.md", "card.json", "config.json", "model.safetensors"]


def make_checkpoint(**changes):
    torch.manual_seed(0)
    state = {"a": torch.randn(7, 5), "b": 1e-4 * torch.randn(3), "c": torch.randn(4, 6).T}
    card = ModelCard(name="small", description="Åström's encoder", metrics={"MAE": 0.5})
    values = {"family": "mtencoder", "network": {"d_model": 5}, "state": state, "card": card}
    return Checkpoint(**{**values, "source": "a test", **changes})


@pytest.fixture
def folder(tmp_path):
    return save_checkpoint(tmp_path / "deep" / "encoder", make_checkpoint())


def refused(folder, message):
    """Expect a refusal that names the folder and what to do."""
    with pytest.raises(PretrainedError, match=message) as error:
        load_checkpoint(folder)
    assert str(folder) in str(error.value)
    assert "save" in str(error.value).lower()


def test_float32_comes_back_to_the_last_bit(folder):
    saved, loaded = make_checkpoint(), load_checkpoint(folder)
    assert set(loaded.state) == set(saved.state)
    for name, tensor in saved.state.items():
        assert torch.equal(loaded.state[name], tensor)
    assert (loaded.family, loaded.network) == ("mtencoder", {"d_model": 5})
    assert loaded.card == replace(saved.card, sha256=loaded.card.sha256)
    assert len(loaded.card.sha256) == 64
    assert loaded.source == str(folder)


def test_bf16_halves_the_file_and_rounds_to_eight_bits(tmp_path):
    state = {"a": torch.randn(200, 100)}
    whole = save_checkpoint(tmp_path / "whole", make_checkpoint(state=state))
    half = save_checkpoint(tmp_path / "half", make_checkpoint(state=state), dtype="bf16")
    sizes = [(each / "model.safetensors").stat().st_size for each in (whole, half)]
    assert sizes[1] < 0.51 * sizes[0]
    loaded = load_checkpoint(half).state["a"]
    assert loaded.dtype == torch.float32
    assert not torch.equal(loaded, state["a"])
    assert ((loaded - state["a"]).abs() <= 2**-8 * state["a"].abs()).all()


@pytest.mark.parametrize("dtype", ["float32", "bf16"])
def test_counters_stay_whole(tmp_path, dtype):
    norm = nn.BatchNorm1d(3)
    norm.num_batches_tracked.fill_(2**24 + 1)
    save_checkpoint(tmp_path, make_checkpoint(state=norm.state_dict()), dtype=dtype)
    counter = load_checkpoint(tmp_path).state["num_batches_tracked"]
    assert counter.item() == 2**24 + 1


def test_the_folder_holds_no_pickle_and_a_card_for_people(folder):
    assert sorted(path.name for path in folder.iterdir()) == FILES
    for path in folder.iterdir():
        assert path.read_bytes()[:2] not in (b"PK", b"\x80\x04", b"\x80\x02")
    assert "# small\n\nÅström's encoder" in (folder / "README.md").read_text(encoding="utf-8")
    config = json.loads((folder / "config.json").read_text())
    assert set(config) == {"family", "network", "sha256"}


def test_a_second_save_replaces_the_first(folder):
    save_checkpoint(folder, make_checkpoint(state={"other": torch.ones(2)}))
    assert list(load_checkpoint(folder).state) == ["other"]


def test_saving_leaves_the_tensors_alone(tmp_path):
    parameter = nn.Parameter(torch.randn(3))
    save_checkpoint(tmp_path, make_checkpoint(state={"p": parameter}), dtype="bf16")
    assert parameter.dtype == torch.float32
    assert parameter.requires_grad
    assert not load_checkpoint(tmp_path).state["p"].requires_grad


@pytest.mark.parametrize("position", [-1, 200])
def test_altered_weights_are_refused(folder, position):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    refused(folder, "SHA-256")


def test_weights_cut_short_are_refused(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    refused(folder, "SHA-256")


def test_weights_that_are_no_safetensors_are_refused(folder):
    (folder / "model.safetensors").write_bytes(b"\x80\x04 a pickle")
    config = json.loads((folder / "config.json").read_text())
    config["sha256"] = hashlib.sha256(b"\x80\x04 a pickle").hexdigest()
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, "cannot be read")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "card.json"])
def test_missing_files_are_named(folder, name):
    (folder / name).unlink()
    refused(folder, name)


@pytest.mark.parametrize("name", ["config.json", "card.json"])
@pytest.mark.parametrize("content", [b"", b"{'a': 1}", b'{"a": ', b"[1, 2]", b"3", b"\xff\xfe{}"])
def test_invalid_json_is_refused(folder, name, content):
    (folder / name).write_bytes(content)
    refused(folder, name)


@pytest.mark.parametrize("key", ["family", "network", "sha256"])
def test_an_incomplete_configuration_is_refused(folder, key):
    config = json.loads((folder / "config.json").read_text())
    del config[key]
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, key)


def test_another_family_is_refused(tmp_path):
    folder = save_checkpoint(tmp_path, make_checkpoint(family="roost"))
    with pytest.raises(PretrainedError, match=r"'roost'.*MTEncoder needs 'mtencoder'"):
        MTEncoder(pretrained=folder).fit(["TiO2"])


def test_no_folder_at_all_is_refused():
    with pytest.raises(PretrainedError, match="neither a shipped encoder"):
        load_checkpoint("/no/such/folder")


def test_its_files_may_be_read_by_whoever_may_read_others(folder):
    modes = {stat.S_IMODE((folder / name).stat().st_mode) for name in FILES}
    assert len(modes) == 1
