"""Models on the Hugging Face Hub, against a local stand-in of its server."""

import functools
import sys

import numpy as np
import pandas as pd
import pytest

from skmat import (
    AutoClassifier,
    AutoRegressor,
    MTEncoder,
    MTEncoderRegressor,
    RoostEncoder,
    load_model,
)
from skmat.exceptions import InvalidInputError, PretrainedError, SavedModelError
from skmat.pretrained import ModelCard, load_checkpoint
from skmat.screening import merge_parts, predict_stream

constants = pytest.importorskip("huggingface_hub.constants")
from common.commands import fails, run  # noqa: E402
from common.hub import served  # noqa: E402

X = ["TiO2", "ZnO", "NaCl", "KCl"]


def point_to(address, monkeypatch):
    """Let huggingface_hub ask another server, as HF_ENDPOINT does before its import."""
    template = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A server of the Hub, and an empty cache."""
    with served() as (hub, address):
        point_to(address, monkeypatch)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", True)
        yield hub


@pytest.fixture
def offline(monkeypatch):
    """Return a function that puts the Hub out of reach."""

    def leave():
        point_to("http://127.0.0.1:9", monkeypatch)
        # It would wait for the network, longer each time.
        monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)

    return leave


@pytest.fixture(scope="module")
def encoder():
    return MTEncoder(preset="tiny", max_epochs=1, random_state=0).fit(X)


@pytest.fixture(scope="module")
def regressor():
    model = MTEncoderRegressor(preset="tiny", max_epochs=1, random_state=0)
    return model.fit(X, [3.2, 3.3, 8.5, 8.4])


def test_an_encoder_goes_to_the_hub_and_back(hub, encoder, offline):
    card = ModelCard(name="oxides", licence="CC BY 4.0")
    version = encoder.push_to_hub("lab/oxides", card=card, private=True, message="first")
    repository = hub.repositories["lab/oxides"]
    commit, files = repository.commits[-1]
    assert version == f"hf://lab/oxides@{commit}"
    assert set(files) == {"README.md", "config.json", "model.safetensors"}
    assert repository.private is True
    assert repository.messages == ["first"]
    readme = files["README.md"].decode()
    assert readme.startswith("---\nlibrary_name: skmat\n")
    assert 'MTEncoder.from_pretrained("hf://lab/oxides")' in readme
    assert "- **Licence**: CC BY 4.0" in readme

    again = MTEncoder.from_pretrained("hf://lab/oxides")
    np.testing.assert_array_equal(again.transform(X), encoder.transform(X))
    assert again.model_card_.name == "oxides"
    started = MTEncoderRegressor(
        pretrained="hf://lab/oxides", trainable="head", max_epochs=1, random_state=0
    ).fit(X, [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(started.transform(X), encoder.transform(X))

    offline()
    np.testing.assert_array_equal(
        MTEncoder.from_pretrained("hf://lab/oxides").transform(X), encoder.transform(X)
    )


def test_a_regressor_goes_to_the_hub_and_back(hub, regressor, offline, tmp_path):
    version = regressor.push_to_hub("lab/gaps")
    files = hub.repositories["lab/gaps"].commits[-1][1]
    saved = regressor.save_model(tmp_path / "saved")
    names = {each.relative_to(saved).as_posix() for each in saved.rglob("*") if each.is_file()}
    assert set(files) == names | {"README.md"}
    assert 'skmat.load_model("hf://lab/gaps")' in files["README.md"].decode()
    for _ in range(2):
        for address in ("hf://lab/gaps", version):
            again = load_model(address)
            np.testing.assert_array_equal(again.predict(X), regressor.predict(X))
        offline()


def test_an_average_goes_to_the_hub_and_back(hub):
    average = AutoRegressor(preset=["trees"], cv=2, random_state=0)
    average.fit([*X, "LiF", "NaF"], [3.2, 3.3, 8.5, 8.4, 13.0, 11.0])
    average.push_to_hub("lab/average")
    again = load_model("hf://lab/average")
    np.testing.assert_array_equal(again.predict(X), average.predict(X))
    assert callable(AutoClassifier.push_to_hub)


def test_the_command_line_takes_addresses(hub, encoder, regressor, capsys):
    encoder.push_to_hub("lab/oxides")
    regressor.push_to_hub("lab/gaps")
    assert run("predict", "--model", "hf://lab/gaps", "--formulas", "TiO2") == 0
    expected = f"TiO2,{float(regressor.predict(['TiO2']).item()):.4g}"
    assert capsys.readouterr().out.splitlines()[1] == expected
    assert run("embed", "--pretrained", "hf://lab/oxides", "--formulas", "TiO2") == 0
    vector = capsys.readouterr().out.splitlines()[1].split(",")[1:]
    np.testing.assert_array_equal(np.float32(vector), encoder.transform(["TiO2"])[0])
    assert "hf://lab/none: there is no such repository" in fails(
        capsys, "predict", "--model", "hf://lab/none", "--formulas", "TiO2"
    )


def test_a_stream_has_one_commit(hub, regressor, tmp_path):
    first = regressor.push_to_hub("lab/gaps")
    other = MTEncoderRegressor(preset="tiny", max_epochs=1, random_state=1)
    other.fit(X, [3.2, 3.3, 8.5, 8.4])

    def formulas():
        yield from X
        other.push_to_hub("lab/gaps")
        yield from X

    stream = functools.partial(
        predict_stream, "hf://lab/gaps", sink=tmp_path / "out", chunk_size=len(X), verbose=0
    )
    stream(source=formulas())
    merge_parts(tmp_path / "out", tmp_path / "all.csv")
    found = pd.read_csv(tmp_path / "all.csv")["y_predicted"]
    np.testing.assert_allclose(found, np.tile(regressor.predict(X), 2), rtol=1e-6)
    with pytest.raises(InvalidInputError, match=f"model was {first!r} and is now"):
        stream(source=[*X, *X])


def test_a_revision_is_that_of_all_files(hub, tmp_path):
    versions = []
    for seed in range(2):
        model = RoostEncoder(preset="tiny", max_epochs=1, random_state=seed).fit(X)
        versions.append((model.push_to_hub("lab/roost"), model.transform(X)))
    for address, vectors in [*versions, ("hf://lab/roost", versions[1][1])]:
        np.testing.assert_array_equal(RoostEncoder.from_pretrained(address).transform(X), vectors)
    hub.asked.clear()
    RoostEncoder.from_pretrained(versions[0][0])
    assert hub.asked == []  # a commit that is in the cache asks for nothing


def test_other_files_of_a_repository_are_not_downloaded(hub, regressor, tmp_path):
    regressor.push_to_hub("lab/gaps")
    hub.repositories["lab/gaps"].commit({"evil.pkl": b"x", ".gitattributes": b"x"})
    load_model("hf://lab/gaps")
    assert not [path for path in hub.asked if "evil" in path or "gitattributes" in path]


@pytest.mark.parametrize("load", [load_model, load_checkpoint])
@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("hf://name", "Write hf://organisation/name"),
        ("hf://lab/na me", "Write hf://organisation/name"),
        ("hf://lab/name@", "Write hf://organisation/name"),
        ("hf://lab/../etc", "Write hf://organisation/name"),
        ("hf://lab/missing", "no such repository"),
        ("hf://lab/text@v7", "no such revision"),
        ("hf://lab/text", "is not a.* of skmat: it has no"),
    ],
)
def test_what_cannot_be_loaded(hub, load, address, fault, tmp_path):
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "notes.txt").write_text("x")
    hub.put("lab/text", tmp_path / "text")
    error = SavedModelError if load is load_model else PretrainedError
    with pytest.raises(error, match=fault) as raised:
        load(address)
    assert address.split("@")[0] in str(raised.value)


def test_the_other_kind_of_repository(hub, encoder, regressor):
    encoder.push_to_hub("lab/encoder")
    regressor.push_to_hub("lab/model")
    with pytest.raises(SavedModelError, match="from_pretrained"):
        load_model("hf://lab/encoder")
    with pytest.raises(PretrainedError, match=r"skmat\.load_model"):
        load_checkpoint("hf://lab/model")


def test_a_configuration_of_another_program(hub, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"model_type": "bert"}')
    hub.put("lab/bert", tmp_path / "other")
    with pytest.raises(PretrainedError, match="not an encoder of skmat: its config"):
        load_checkpoint("hf://lab/bert")


def test_damaged_files(hub, encoder, regressor):
    encoder.push_to_hub("lab/encoder")
    regressor.push_to_hub("lab/model")
    for name, load, error in [
        ("encoder", load_checkpoint, PretrainedError),
        ("model", load_model, SavedModelError),
    ]:
        files = hub.repositories[f"lab/{name}"].commits[-1][1]
        weights = next(each for each in files if each.endswith(".safetensors"))
        files[weights] = files[weights][:-1] + b"x"
        with pytest.raises(error, match=r"SHA-256 differs.*remove the folder .*lab--") as raised:
            load(f"hf://lab/{name}")
        assert str(raised.value).startswith(f"hf://lab/{name}: ")


def test_a_newer_format_is_no_damage(hub, regressor, monkeypatch):
    from skmat._utils import saved_models

    with monkeypatch.context() as patch:
        patch.setattr(saved_models, "_FORMAT", 99)
        regressor.push_to_hub("lab/model")
    with pytest.raises(SavedModelError, match="hf://lab/model has the format 99") as raised:
        load_model("hf://lab/model")
    assert "remove" not in str(raised.value)


def test_without_network_and_cache(hub, offline):
    offline()
    for load, error in [(load_checkpoint, PretrainedError), (load_model, SavedModelError)]:
        with pytest.raises(error, match="not in the cache"):
            load("hf://lab/oxides")


def test_without_the_package(monkeypatch, regressor):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for load, error in [(load_checkpoint, PretrainedError), (load_model, SavedModelError)]:
        with pytest.raises(error, match="pip install huggingface_hub"):
            load("hf://lab/oxides")
    with pytest.raises(InvalidInputError, match="pip install huggingface_hub"):
        regressor.push_to_hub("lab/oxides")


@pytest.mark.parametrize("name", ["gaps", "lab/ga ps", "hf://lab/gaps", 3])
def test_names_of_repositories(name, regressor):
    with pytest.raises(InvalidInputError, match="Write organisation/name"):
        regressor.push_to_hub(name)


def test_an_upload_that_the_hub_refuses(regressor, hub, offline):
    offline()
    with pytest.raises(InvalidInputError, match="lab/gaps: the Hub did not answer"):
        regressor.push_to_hub("lab/gaps")
