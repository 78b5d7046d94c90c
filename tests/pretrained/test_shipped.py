"""The encoders that come with the package."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from common.materials import bcc_iron, rock_salt
from pymatgen.core import Lattice, Structure

from skmat import ALIGNNEncoder, MTEncoder, list_pretrained
from skmat.cli.pretrain.config import read_config
from skmat.estimators import choose_family
from skmat.pretrained import BEST, load_checkpoint
from skmat.pretrained._registry import resolve_folder

CONFIGS = Path(__file__).parents[2] / "studies" / "configs"
#: Vectors of `MATERIALS`, written when the weights were: PYTHONPATH=tests python <this file>.
STORED = Path(__file__).with_name("shipped_vectors.json")
FORMULAS = ["TiO2", "Bi2Te3", "Fe0.7Ni0.2Cr0.1", "Li7La3Zr2O12", "W"]
MATERIALS = {
    "formula": FORMULAS,
    "structure": [
        rock_salt(5.69),
        bcc_iron(),
        Structure.from_spacegroup(
            "P4_2/mnm", Lattice.tetragonal(4.59, 2.96), ["Ti", "O"], [[0] * 3, [0.305, 0.305, 0]]
        ),
    ],
}
N_COLUMNS = 8
#: How many of Matbench's tasks the weights of formulas and of crystals have seen nothing of.
N_EXCLUDED = {"formula": 10, "structure": 7}

NAMES = list_pretrained()


def vectors_of(name):
    family = choose_family(pretrained=name)
    encoder = family.encoder(pretrained=name, device="cpu")
    return encoder.fit_transform(MATERIALS[family.input])[:, :N_COLUMNS]


def test_there_are_some():
    assert {"mtencoder-oqmd-mem", "mtencoder-oqmd-supervised", "mtencoder-oqmd-joint"} <= set(
        NAMES
    )
    assert set(BEST.values()) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_weights_card_and_configuration_agree(name):
    checkpoint = load_checkpoint(name)  # verifies the hash of the weights
    config = json.loads((resolve_folder(name) / "config.json").read_text())
    card = checkpoint.card
    assert card.name == name
    assert card.sha256 == config["sha256"]
    assert checkpoint.family == name.split("-")[0]
    path = CONFIGS / f"{name}.toml"
    assert card.config == path.read_text()
    asked = read_config(path)
    assert card.epochs == asked.encoder["max_epochs"]
    encoder = choose_family(asked.family).encoder(**asked.encoder)
    assert [each.describe() for each in encoder._objectives()] == card.objectives
    assert checkpoint.network == encoder._network_config()
    # What the smaller tasks test on was not seen.
    assert all(task in card.excluded for task in asked.exclude)
    assert len(asked.exclude) == N_EXCLUDED[choose_family(asked.family).input]
    assert card.metrics
    # Formulas alone are facts; labels and structures have a licence.
    has_licence = {table.source for table in asked.tables} != {"formulas"}
    assert ("CC BY 4.0" if has_licence else "facts") in card.licence
    assert card.citation
    assert (resolve_folder(name) / "README.md").read_text() == card.to_markdown()


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_small_and_finite(name):
    assert (resolve_folder(name) / "model.safetensors").stat().st_size < 6e6
    assert all(torch.isfinite(tensor).all() for tensor in load_checkpoint(name).state.values())


@pytest.mark.parametrize("name", NAMES)
def test_vectors_are_those_that_were_stored(name):
    stored = json.loads(STORED.read_text())[name]
    np.testing.assert_allclose(vectors_of(name), stored, rtol=0, atol=1e-5)


def test_the_default_is_the_best():
    default = MTEncoder().fit(FORMULAS)
    assert default.model_card_.name == BEST["mtencoder"]
    # Other sizes have no weights, and begin with random ones.
    assert MTEncoder(preset="tiny", max_epochs=1).fit(FORMULAS).model_card_ is None
    assert MTEncoder(preset="tiny", max_epochs=1, objectives="masked_elements").fit(FORMULAS)


def test_the_default_of_angles():
    crystals = MATERIALS["structure"]
    assert ALIGNNEncoder().fit(crystals).model_card_.name == BEST["alignn"]
    for number in (None, 5):
        model = ALIGNNEncoder(n_angle_neighbors=number, max_epochs=1).fit(crystals)
        assert model.model_card_ is None


if __name__ == "__main__":
    stored = {name: vectors_of(name).round(7).tolist() for name in NAMES}
    STORED.write_text(json.dumps(stored, indent=1) + "\n")
