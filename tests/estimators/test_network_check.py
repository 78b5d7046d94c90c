import json

import pytest
import torch
from common.checkpoints import alter
from common.materials import many

from skmat import MTEncoder
from skmat.estimators import FAMILIES as ALL
from skmat.exceptions import PretrainedError

FORMULAS = ["TiO2", "NaCl"]
FAMILIES = {
    name: (family.encoder, FORMULAS if family.input == "formula" else many(2))
    for name, family in ALL.items()
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Function that returns a new copy of a checkpoint of a family."""
    contents = {}

    def copy(family, folder):
        if family not in contents:
            encoder, X = FAMILIES[family]
            fitted = encoder(preset="tiny", pretrained=None, max_epochs=1, random_state=0).fit(X)
            made = fitted.save_pretrained(tmp_path_factory.mktemp(family))
            contents[family] = {path.name: path.read_bytes() for path in made.iterdir()}
        for name, content in contents[family].items():
            (folder / name).write_bytes(content)
        return folder

    return copy


def refused(family, folder, message=""):
    encoder, X = FAMILIES[family]
    with pytest.raises(PretrainedError, match=message) as error:
        encoder(pretrained=folder).fit(X)
    assert str(folder) in str(error.value)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("family", FAMILIES)
def test_what_was_saved_is_read(saved, family, tmp_path):
    encoder, X = FAMILIES[family]
    loaded = encoder(pretrained=saved(family, tmp_path)).fit(X)
    assert loaded.load_report_.complete
    assert set(loaded._network_keys()) == set(loaded._network_config())


#: By the type of a size, what else a file may say.
WRONG = {
    int: [0, -1, 2.0, 2.5, True, None, "4", [4], {}, 10**9, 10**30, float("nan")],
    float: [0, -1.0, True, None, "8", [8.0], float("nan"), float("inf"), 1e9, 10**300],
    bool: [0, 1, None, "true", []],
    str: [3, None, "", "sum", ["cpd"], {}],
    list: [64, None, "64", [0], [-1], [6.5], [True], [[64]], [10**9], [64] * 10_000],
}


@pytest.mark.parametrize("family", FAMILIES)
def test_sizes_of_other_types_or_values_are_refused(saved, family, tmp_path):
    network = json.loads((saved(family, tmp_path) / "config.json").read_text())["network"]
    for name, value in network.items():
        for wrong in WRONG[type(value)]:
            if name in ("element_features", "n_angle_neighbors") and wrong is None:
                continue  # another network
            if wrong == value or (name == "n_heads" and wrong == 1):
                continue
            folder = saved(family, tmp_path)
            alter(folder, network=lambda sizes, n=name, w=wrong: sizes.update({n: w}))
            refused(family, folder, "network of|do not fit")


@pytest.mark.parametrize("family", FAMILIES)
def test_sizes_that_lack_or_are_too_many_are_refused(saved, family, tmp_path):
    network = json.loads((saved(family, tmp_path) / "config.json").read_text())["network"]
    for name in network:
        alter(saved(family, tmp_path), network=lambda sizes, n=name: sizes.pop(n))
        refused(family, tmp_path, "has the sizes")
    alter(saved(family, tmp_path), network=lambda sizes: sizes.update(fraction=1))
    refused(family, tmp_path, "has the sizes")
    alter(saved(family, tmp_path), network=lambda sizes: sizes.update(element_features=None))
    refused(family, tmp_path, "do not fit")


@pytest.mark.parametrize(
    "sizes",
    [
        {"n_layers": 10**9, "d_model": 20_000, "d_feedforward": 10**7},
        {"n_layers": 10**4},
        {"d_feedforward": 2**31 - 1, "d_model": 2**31 - 4},
        {"n_element_features": 2**31 - 1},
        {"n_heads": 3},
        {"n_heads": 2**30},
    ],
)
def test_sizes_that_are_claimed_cost_nothing(saved, sizes, tmp_path):
    alter(saved("mtencoder", tmp_path), network=lambda network: network.update(sizes))
    refused("mtencoder", tmp_path, "network of|do not fit")


@pytest.mark.parametrize("family", FAMILIES)
def test_tensors_of_other_names_shapes_and_types_are_refused(saved, family, tmp_path):
    # A file has its tensors in any order.
    def a_weight(state):
        return min(name for name, tensor in state.items() if tensor.ndim)

    def drop(state):
        state.pop(a_weight(state))

    def add(state):
        state["more"] = torch.zeros(2)

    def lengthen(state):
        name = a_weight(state)
        state[name] = torch.cat([state[name], state[name]])

    def cut(state):
        name = a_weight(state)
        state[name] = state[name].long()

    def widen(state):
        name = a_weight(state)
        state[name] = state[name].unsqueeze(0)

    for change in (drop, add, lengthen, cut, widen):
        refused(family, alter(saved(family, tmp_path), state=change), "do not fit")


def test_whole_numbers_are_not_cut_from_others(saved, tmp_path):
    def change(state):
        name = next(name for name in state if name.endswith("num_batches_tracked"))
        state[name] = torch.tensor(3.7)

    refused("cgcnn", alter(saved("cgcnn", tmp_path), state=change), "num_batches_tracked")


def test_variances_below_zero_are_refused(saved, tmp_path):
    def change(state):
        next(tensor for name, tensor in state.items() if name.endswith("running_var"))[0] = -1.0

    refused("cgcnn", alter(saved("cgcnn", tmp_path), state=change), "negative variances")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_named(saved, value, tmp_path):
    def change(state):
        state["elements.weight"][3, 0] = value

    refused("mtencoder", alter(saved("mtencoder", tmp_path), state=change), "elements.weight")


@pytest.mark.parametrize("pretrained", [3, b"folder", ["mtencoder-multi"], object()])
def test_what_is_no_checkpoint_is_refused(pretrained):
    with pytest.raises(PretrainedError, match="must be a name, a folder or a fitted encoder"):
        MTEncoder(pretrained=pretrained).fit(FORMULAS)


@pytest.mark.parametrize("pretrained", ["~nobody-of-this-name/x", "x" * 300, "a\0b", "", "."])
def test_paths_of_nothing_are_refused(pretrained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PretrainedError):
        MTEncoder(pretrained=pretrained).fit(FORMULAS)
