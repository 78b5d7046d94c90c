"""Networks in model folders, and what others may make of them."""

import copy
import json

import numpy as np
import pytest
from common.folders import alter, put
from common.materials import FORMULAS, GAPS
from numpy.testing import assert_array_equal

from skmat import MTEncoderClassifier, MTEncoderRegressor, RoostRegressor, load_model
from skmat.exceptions import SavedModelError

FAST = {"preset": "tiny", "pretrained": None, "max_epochs": 1, "random_state": 0}


def places(value, path=()):
    """Yield the path of every value inside a JSON value."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def test_whatever_a_hostile_writer_puts_there_is_one_error_or_a_model(tmp_path):
    model = RoostRegressor(**FAST).fit(FORMULAS, GAPS)
    folder = model.save_model(tmp_path / "model")
    whole = json.loads((folder / "model.json").read_bytes())
    n_refused = 0
    for path in [each for each in places(whole["content"]) if each]:
        for wrong in (None, {"$tuple": ["text"]}, 10**12):
            values = copy.deepcopy(whole)
            inner = values["content"]
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = wrong
            put(folder, "model.json", json.dumps(values).encode())
            try:
                load_model(folder)
            except SavedModelError:
                n_refused += 1
    assert n_refused > 50
    put(folder, "model.json", json.dumps(whole).encode())
    assert_array_equal(load_model(folder).predict(FORMULAS), model.predict(FORMULAS))


def change_network(folder, change):
    alter(folder, lambda values: change(values["content"]["networks"][0]))


@pytest.mark.parametrize("hidden", [[10**9], [1] * 10**4, [0], ["text"]], ids=str)
def test_heads_of_other_sizes_are_refused_without_memory_for_them(hidden, tmp_path):
    folder = MTEncoderRegressor(**FAST).fit(FORMULAS, GAPS).save_model(tmp_path / "model")

    def change(network):
        network["objectives"][0]["$Properties"]["hidden"] = {"$tuple": hidden}

    change_network(folder, change)
    with pytest.raises(SavedModelError, match="network 0 is damaged"):
        load_model(folder)


@pytest.mark.parametrize("size", [10**9, 0, -1, "text", None, 2.5])
def test_encoders_of_other_sizes_are_refused_without_memory_for_them(size, tmp_path):
    folder = MTEncoderRegressor(**FAST).fit(FORMULAS, GAPS).save_model(tmp_path / "model")
    for name in ("d_model", "n_layers"):
        change_network(folder, lambda network, name=name: network["encoder"].update({name: size}))
        with pytest.raises(SavedModelError, match="network 0 is damaged"):
            load_model(folder)


def test_weights_of_another_model_are_refused(tmp_path):
    folder = MTEncoderRegressor(**FAST).fit(FORMULAS, GAPS).save_model(tmp_path / "model")
    two = MTEncoderRegressor(**FAST).fit(FORMULAS, np.stack([GAPS, GAPS], axis=1))
    two.save_model(tmp_path / "two")
    put(
        folder,
        "network-0.safetensors",
        (tmp_path / "two" / "network-0.safetensors").read_bytes(),
    )
    with pytest.raises(SavedModelError, match=r"network 0 is damaged.*unexpected"):
        load_model(folder)


def test_classes_and_scales_must_fit_the_heads(tmp_path):
    y = ["a", "b"] * 5
    folder = MTEncoderClassifier(**FAST).fit(FORMULAS, y).save_model(tmp_path / "model")
    three = {"dtype": "<U1", "shape": [3], "values": ["a", "b", "c"]}
    change_network(folder, lambda network: network.update(classes=[{"$array": three}]))
    with pytest.raises(SavedModelError, match="the classes of 'y' are not those of its head"):
        load_model(folder)
    change_network(folder, lambda network: network.update(classes=[]))
    with pytest.raises(SavedModelError, match="network 0 is damaged"):
        load_model(folder)
    folder = MTEncoderRegressor(**FAST).fit(FORMULAS, GAPS).save_model(tmp_path / "model")
    two = {"$array": {"dtype": "<f8", "shape": [2], "values": [1.0, 2.0]}}
    change_network(folder, lambda network: network["scaling"]["$TargetScaling"].update(mean=two))
    with pytest.raises(SavedModelError, match="not one scale per target"):
        load_model(folder)


def test_dropout_of_the_fit_is_kept(tmp_path):
    model = MTEncoderRegressor(**FAST, dropout=0.3).fit(FORMULAS, GAPS)
    folder = model.save_model(tmp_path / "model")
    change_network(folder, lambda network: network["dropout"].append(0.5))
    with pytest.raises(SavedModelError, match="dropout layers"):
        load_model(folder)
    change_network(folder, lambda network: network.update(dropout=[7.0] * 8))
    with pytest.raises(SavedModelError, match="network 0 is damaged"):
        load_model(folder)
