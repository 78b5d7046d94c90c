import hashlib
import json
import os
import stat
from dataclasses import replace

import numpy as np
import pytest
import torch
from common.checkpoints import make_checkpoint, put_content, put_weights, to_format_0_1
from torch import nn

from skmat.estimators import MTEncoder
from skmat.exceptions import InvalidInputError, PretrainedError
from skmat.pretrained import ModelCard, load_checkpoint, save_checkpoint

FILES = ["README.md", "config.json", "model.safetensors"]


@pytest.fixture
def folder(tmp_path):
    return save_checkpoint(tmp_path / "deep" / "encoder", make_checkpoint())


@pytest.fixture
def old_folder(folder):
    return to_format_0_1(folder)


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
    assert set(config) == {"family", "network", "weights", "sha256", "card"}


@pytest.mark.parametrize(
    "name",
    ["../other/model.safetensors", "/dev/zero", "card.json", "model-.safetensors", "", 3, None],
)
def test_weights_of_another_name_are_not_read(folder, name):
    config = json.loads((folder / "config.json").read_text())
    config["weights"] = name
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, "weights")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers_are_neither_saved_nor_loaded(folder, value):
    bad = {"fine": torch.ones(3), "bad": torch.tensor([1.0, value])}
    before = load_checkpoint(folder)
    with pytest.raises(PretrainedError, match=r"NaN or infinite in bad\. They are not saved"):
        save_checkpoint(folder, make_checkpoint(state=bad))
    assert set(load_checkpoint(folder).state) == set(before.state)
    put_weights(folder, bad)
    refused(folder, r"NaN or infinite in bad\. Train")


def test_numbers_that_another_format_cannot_hold_are_refused(folder):
    large = torch.full((2,), torch.finfo(torch.float32).max)
    save_checkpoint(folder, make_checkpoint(state={"a": large}))
    with pytest.raises(PretrainedError, match="infinite in a"):
        save_checkpoint(folder, make_checkpoint(state={"a": large}), dtype="bf16")
    put_weights(folder, {"a": torch.tensor([1e300], dtype=torch.float64)})
    refused(folder, "infinite in a")


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\x00" * 8, b"\xff" * 64, b"\x02" + b"\x00" * 7 + b"[]", b"[" * 100_000),
        *((3).to_bytes(8, "little") + b"nul", (2).to_bytes(8, "little") + b"{}"),
        (10**6).to_bytes(8, "little") + b"[" * 10**6,
        (26).to_bytes(8, "little") + b'{"__metadata__":{"a":"b"}}',
    ],
    ids=range(9),
)
def test_weights_that_are_none_are_refused(folder, content):
    put_content(folder, content)
    refused(folder, "cannot be read|does not describe")


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.complex64, torch.float8_e4m3fn])
def test_numbers_of_other_formats_are_refused(folder, dtype):
    put_weights(folder, {"a": torch.zeros(3, dtype=dtype)})
    refused(folder, "cannot be read")


@pytest.mark.parametrize("text", ["[" * 5000, "3", "null", "", "{}"])
def test_metadata_that_describe_nothing_are_refused(folder, text):
    put_weights(folder, {"a": torch.zeros(3)}, {"config": text})
    refused(folder, "cannot be read|does not describe")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("family", 3), ("family", None), ("family", ["mtencoder"])),
        *(("network", [1]), ("network", "tiny"), ("sha256", 5), ("card", [1]), ("card", None)),
    ],
)
def test_fields_of_other_types_are_refused(folder, field, value):
    config = json.loads((folder / "config.json").read_text())
    config[field] = value
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", 3), ("description", None), ("licence", ["MIT"]), ("name", "\ud800")),
        *(("metrics", "x"), ("metrics", [1]), ("metrics", {"MAE": "low"}), ("epochs", 1.5)),
        *(("metrics", {"MAE": True}), ("metrics", {"MAE": 10**400}), ("epochs", -1)),
        *(("objectives", {}), ("objectives", ["properties"]), ("objectives", [{"a": "\ud800"}])),
    ],
)
@pytest.mark.parametrize("is_old", [False, True])
def test_fields_of_the_card_of_other_types_are_refused(folder, field, value, is_old):
    path = (to_format_0_1(folder) / "card.json") if is_old else folder / "config.json"
    content = json.loads(path.read_text())
    (content if is_old else content["card"])[field] = value
    path.write_text(json.dumps(content))
    refused(folder, f"{path.name}: The model card has {field}")


def test_a_card_that_no_file_can_hold_is_not_written(folder):
    for card in (ModelCard(metrics="x"), ModelCard(epochs=1.5), ModelCard(objectives=[{1: {2}}])):
        with pytest.raises(InvalidInputError, match="The model card has"):
            save_checkpoint(folder, make_checkpoint(card=card))
    assert load_checkpoint(folder).card.name == "small"


def test_numbers_of_numpy_are_written_to_a_card(folder):
    card = ModelCard(metrics={"MAE": np.float32(0.5)}, epochs=np.int64(3))
    save_checkpoint(folder, make_checkpoint(card=card))
    loaded = load_checkpoint(folder).card
    assert (loaded.metrics, loaded.epochs) == ({"MAE": 0.5}, 3)


@pytest.mark.parametrize("path", ["x" * 300, "a\0b", "\ud800"])
def test_no_folder_of_such_a_name_is_written_or_read(path):
    with pytest.raises(InvalidInputError, match="is not a valid path"):
        save_checkpoint(path, make_checkpoint())
    with pytest.raises(PretrainedError, match="is not a valid path"):
        load_checkpoint(path)


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
def test_missing_files_are_named(old_folder, name):
    (old_folder / name).unlink()
    refused(old_folder, name)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "card.json"])
def test_a_folder_in_the_place_of_a_file_is_refused(old_folder, name):
    (old_folder / name).unlink()
    (old_folder / name).mkdir()
    refused(old_folder, name)


@pytest.mark.parametrize("name", ["config.json", "card.json"])
def test_a_pipe_is_not_waited_for(old_folder, name):
    (old_folder / name).unlink()
    os.mkfifo(old_folder / name)
    refused(old_folder, "not a regular file")


@pytest.mark.parametrize("name", ["config.json", "card.json"])
@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{'a': 1}", b'{"a": ', b"[1, 2]", b"3", b"\xff\xfe{}"),
        *(b"[" * 100_000, b'{"a":' * 200 + b"1" + b"}" * 200, b'{"a": ' + b"9" * 5000 + b"}"),
        b" " * (5 * 2**20),
    ],
    ids=range(10),
)
def test_invalid_json_is_refused(old_folder, name, content):
    (old_folder / name).write_bytes(content)
    refused(old_folder, name)


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
