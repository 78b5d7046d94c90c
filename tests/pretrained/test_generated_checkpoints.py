"""Checkpoints and states altered at random, with hashes that agree: equal, or an error."""

import copy
import json
import shutil
import warnings

import pytest
import torch
from common.checkpoints import alter, put_content
from common.generated import check_generated, on_generated
from hypothesis import strategies as st

from skmat import MTEncoder
from skmat.exceptions import PretrainedError
from skmat.pretrained import load_checkpoint
from skmat.training import CheckpointFolder

FORMULAS = ["TiO2", "NaCl", "GaAs", "Fe2O3"]

#: What may stand anywhere in a file, as JSON or torch can hold it.
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([10**9, 10**30, 2**63, -(10**9), float("nan"), float("inf"), 1e308, 0.5]),
    st.sampled_from(["", "x", "mtencoder", "roost", "cpd", "mean", "\ud800", "../..", "a\0b"]),
    st.sampled_from([[], {}, [[]], [1], {"a": 1}, [64] * 1000, {"": {"": []}}]),
)
TENSORS = st.one_of(
    st.sampled_from([(), (0,), (3,), (64, 64), (1, 64)]).map(torch.zeros),
    st.sampled_from([torch.tensor(float("nan")), torch.ones(64).long(), torch.ones(3).double()]),
)
#: Which of the places in a nested value is altered, and whether it is left out.
PLACES = st.integers(0, 10**6)
ALTERATIONS = st.tuples(PLACES, st.one_of(st.just("drop"), VALUES.map(lambda value: [value])))


def places_in(value, path=()):
    """List the places of dicts and lists in which something stands."""
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield (*path, key)
        if isinstance(value[key], dict | list) and len(value[key]) < 200:
            yield from places_in(value[key], (*path, key))


def altered(value, place, change):
    """Return a copy of a nested value in which something is left out or replaced."""
    value = copy.deepcopy(value)
    places = list(places_in(value))
    path = places[place % len(places)]
    part = value
    for key in path[:-1]:
        part = part[key]
    if change == "drop":
        del part[path[-1]]
    else:
        part[path[-1]] = change[0]
    return value


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Make a checkpoint, and the vectors that its encoder gives."""
    encoder = MTEncoder(preset="tiny", pretrained=None, max_epochs=1, random_state=0).fit(FORMULAS)
    folder = encoder.save_pretrained(tmp_path_factory.mktemp("saved"))
    return folder, encoder.transform(FORMULAS)


def check_folder(folder, vectors):
    """Load a folder: the encoder is the one that was saved, or it is refused."""
    try:
        encoder = MTEncoder(pretrained=folder).fit(FORMULAS)
        card = load_checkpoint(folder).card
    except PretrainedError:
        return
    assert encoder.transform(FORMULAS).shape == vectors.shape
    assert torch.isfinite(torch.from_numpy(encoder.transform(FORMULAS))).all()
    # Any card is one, if its fields are of the right types.
    assert type(card).from_dict(card.to_dict()) == card
    assert card.to_markdown()
    encoder.save_pretrained(folder)


@on_generated(50)
def test_configurations_and_cards(saved, tmp_path, n_inputs):
    original, vectors = saved
    config = json.loads((original / "config.json").read_text())

    def check(alteration):
        shutil.rmtree(tmp_path)
        shutil.copytree(original, tmp_path)
        values = altered(config, *alteration)
        (tmp_path / "config.json").write_text(json.dumps(values))
        check_folder(tmp_path, vectors)

    check_generated(n_inputs, ALTERATIONS, check)


@on_generated(50)
def test_networks_that_agree_with_their_weights(saved, tmp_path, n_inputs):
    original, vectors = saved

    def check(alteration):
        shutil.rmtree(tmp_path)
        shutil.copytree(original, tmp_path)

        def change(network):
            values = altered(network, *alteration)
            network.clear()
            network.update(values)

        check_folder(alter(tmp_path, network=change), vectors)

    check_generated(n_inputs, ALTERATIONS, check)


@on_generated(50)
def test_tensors(saved, tmp_path, n_inputs):
    original, vectors = saved

    def check(alteration):
        place, tensor, name = alteration
        shutil.rmtree(tmp_path)
        shutil.copytree(original, tmp_path)

        def change(state):
            key = sorted(state)[place % len(state)]
            value = state.pop(key)
            if tensor is not None:
                state[name or key] = tensor
            elif name:
                state[name] = value

        check_folder(alter(tmp_path, state=change), vectors)

    names = st.sampled_from(["", "x", "__metadata__x", "layers.0.query.weight", "a" * 1000])
    check_generated(n_inputs, st.tuples(PLACES, st.none() | TENSORS, names), check)


@on_generated(50)
def test_bytes_of_weights(saved, tmp_path, n_inputs):
    original, vectors = saved
    content = (original / "model.safetensors").read_bytes()

    def check(alteration):
        place, new, n_kept = alteration
        shutil.rmtree(tmp_path)
        shutil.copytree(original, tmp_path)
        # Any finite number may be a weight.
        place %= 8 + int.from_bytes(content[:8], "little") - len(new)
        changed = content[:place] + new + content[place + len(new) :]
        put_content(tmp_path, changed[: len(changed) - n_kept])
        check_folder(tmp_path, vectors)

    strategy = st.tuples(
        PLACES, st.binary(min_size=1, max_size=8), st.sampled_from([0, 0, 1, 9000])
    )
    check_generated(n_inputs, strategy, check)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Break a training off after two epochs of three; return its folder and state."""
    folder = tmp_path_factory.mktemp("run")
    write, written = CheckpointFolder.write, []

    class Interrupted(Exception):
        pass

    def stop(self, state):
        write(self, state)
        written.append(state)
        if len(written) == 2:
            raise Interrupted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CheckpointFolder, "write", stop)
        with pytest.raises(Interrupted):
            go_on(folder)
    return folder, CheckpointFolder(folder).read()


def go_on(folder):
    encoder = MTEncoder(
        preset="tiny", pretrained=None, objectives="masked_elements", max_epochs=3, batch_size=2,
        random_state=0, device="cpu", precision="float32", checkpoint_dir=folder,
    )  # fmt: skip
    return encoder.fit(FORMULAS)


@on_generated(20)
def test_states_of_runs(run, tmp_path, n_inputs):
    original, state = run

    def check(alteration):
        place, change = alteration
        shutil.rmtree(tmp_path)
        shutil.copytree(original, tmp_path)
        CheckpointFolder(tmp_path).write(altered(state, place, change))
        try:
            encoder = go_on(tmp_path)
        except PretrainedError:
            return
        assert len(encoder.history_) == 3
        assert torch.isfinite(torch.from_numpy(encoder.transform(FORMULAS))).all()

    changes = st.one_of(
        st.just("drop"), VALUES.map(lambda value: [value]), TENSORS.map(lambda value: [value])
    )
    check_generated(n_inputs, st.tuples(PLACES, changes), check)


@on_generated(50)
def test_descriptions_of_runs(run, tmp_path, n_inputs):
    original, _ = run
    description = json.loads((original / "run.json").read_text())

    def check(alteration):
        shutil.rmtree(tmp_path)
        shutil.copytree(original, tmp_path)
        (tmp_path / "run.json").write_text(json.dumps(altered(description, *alteration)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other versions
            try:
                encoder = go_on(tmp_path)
            except PretrainedError:
                return
        assert len(encoder.history_) == 3

    check_generated(n_inputs, ALTERATIONS, check)
