import numpy as np
import pandas as pd
import pytest
from common import materials
from numpy.testing import assert_array_equal

from skmat import MTEncoder, MTEncoderRegressor
from skmat.estimators import FAMILIES
from skmat.estimators._objectives import OBJECTIVE_NAMES
from skmat.exceptions import InvalidInputError, PretrainedError
from skmat.objectives import MaskedElements, Properties
from skmat.pretrained import ModelCard, load_checkpoint

FORMULAS = materials.FORMULAS * 2
Y = np.random.default_rng(0).normal(size=(20, 2))


def encoder(**parameters):
    settings = {"preset": "tiny", "max_epochs": 2, "random_state": 0}
    return MTEncoder(**{**settings, **parameters})


@pytest.mark.parametrize(
    ("objectives", "tasks"),
    [
        (None, ["masked_elements"]),
        ("masked_elements", ["masked_elements"]),
        ("properties", ["gap", "metal"]),
        ("joint", ["gap", "metal", "masked_elements"]),
        (
            [Properties(loss="mse"), MaskedElements(0.5, "bert")],
            ["gap", "metal", "masked_elements"],
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("weighting", ["equal", "uncertainty", "rlw-mtencoder"])
def test_objectives(objectives, tasks, weighting):
    y = pd.DataFrame({"gap": Y[:, 0], "metal": ["yes", None] * 5 + ["no"] * 10})
    fitted = encoder(objectives=objectives, loss_weighting=weighting).fit(FORMULAS, y)
    recorded = [key[11:] for key in fitted.history_[0] if key.startswith("train_loss_")]
    assert recorded == tasks
    assert np.isfinite(fitted.transform(FORMULAS)).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_objective_that_has_a_name_is_described(family):
    text = FAMILIES[family].encoder.__doc__.split("\nobjectives : ")[1].split("\n\n")[0]
    assert {name for name in OBJECTIVE_NAMES if f'"{name}"' in text} == set(OBJECTIVE_NAMES)


def test_loss_weights_by_task_name():
    fitted = encoder(objectives="joint", loss_weights={"masked_elements": 3}).fit(FORMULAS, Y)
    row = fitted.history_[0]
    assert row["weight_masked_elements"] == pytest.approx(3 * row["weight_y0"])


def test_tasks_weigh_as_the_root_of_their_labels():
    y = np.where(np.arange(len(Y))[:, None] < [20, 5], Y[:, :2], np.nan)
    fitted = encoder(objectives="joint", loss_weights="sqrt_labels").fit(FORMULAS, y)
    row = fitted.history_[0]
    assert row["weight_y0"] == pytest.approx(2 * row["weight_y1"])
    # Learned from every row.
    expected = (len(FORMULAS) / 20) ** 0.5 * row["weight_y0"]
    assert row["weight_masked_elements"] == pytest.approx(expected)


def test_labels_are_asked_for():
    with pytest.raises(InvalidInputError, match="'joint' learns from labels"):
        encoder(objectives="joint").fit(FORMULAS)


def test_loading_trains_nothing(tmp_path):
    source = encoder().fit(FORMULAS)
    folder = source.save_pretrained(tmp_path)
    loaded = MTEncoder(pretrained=folder).fit(["H2O"], y=["anything"])
    assert_array_equal(loaded.transform(FORMULAS), source.transform(FORMULAS))
    assert loaded.history_ == []
    half = source.save_pretrained(tmp_path / "half", dtype="bf16")
    np.testing.assert_allclose(
        MTEncoder(pretrained=half).fit(["Fe"]).transform(FORMULAS),
        source.transform(FORMULAS),
        atol=0.05,
    )


def test_pretraining_goes_on_from_weights():
    source = encoder().fit(FORMULAS)
    further = encoder(pretrained=source, objectives="masked_elements", lr=1e-30, weight_decay=0)
    assert_array_equal(further.fit(FORMULAS).transform(FORMULAS), source.transform(FORMULAS))


def test_weights_bring_their_own_sizes(tmp_path):
    folder = encoder().fit(FORMULAS).save_pretrained(tmp_path)
    fitted = MTEncoderRegressor(pretrained=folder, preset="large", max_epochs=1).fit(FORMULAS, Y)
    assert fitted.transform(["Fe"]).shape == (1, 64)
    assert fitted.load_report_.complete


def test_a_regressor_gives_its_encoder_on():
    source = MTEncoderRegressor(preset="tiny", max_epochs=2, random_state=0).fit(FORMULAS, Y)
    assert_array_equal(
        MTEncoder(pretrained=source).fit(["Fe"]).transform(FORMULAS), source.transform(FORMULAS)
    )


@pytest.mark.parametrize("source", ["no-such-name", 3, MTEncoder()], ids=str)
def test_what_is_no_checkpoint_is_refused(source):
    with pytest.raises(PretrainedError):
        encoder(pretrained=source).fit(FORMULAS)


def test_provenance_is_handed_on(tmp_path):
    known = {"name": "first", "data": "20 formulas", "licence": "CC0-1.0", "citation": "Someone"}
    card = ModelCard(**known)
    first = encoder().fit(FORMULAS).save_pretrained(tmp_path / "1", card=card)
    assert card == ModelCard(**known)
    loaded = MTEncoder(pretrained=first).fit(["Fe"])
    assert loaded.model_card_.name == "first"
    assert len(loaded.model_card_.sha256) == 64
    copied = load_checkpoint(loaded.save_pretrained(tmp_path / "2")).card
    assert copied == loaded.model_card_
    tuned = MTEncoderRegressor(pretrained=first, max_epochs=1).fit(FORMULAS, Y)
    derived = load_checkpoint(tuned.save_pretrained(tmp_path / "3")).card
    assert (derived.derived_from, derived.licence, derived.data) == ("first", "CC0-1.0", "")
    assert derived.epochs == 1


def test_mixed_columns_are_told_apart_in_every_container():
    frame = pd.DataFrame({"gap": Y[:, 0], "metal": ["yes", None] * 5 + ["no"] * 10})
    for y in (frame, frame.to_numpy()):
        fitted = encoder(objectives="properties").fit(FORMULAS, y)
        assert [target.n_classes for target in fitted.estimators_[0].model.targets] == [0, 2]
    categories = pd.Series(["a", "b"] * 10, dtype="category")
    fitted = encoder(objectives="properties").fit(FORMULAS, categories)
    assert fitted.estimators_[0].model.targets[0].n_classes == 2


def test_task_names_are_unique():
    y = pd.DataFrame({"masked_elements": Y[:, 0]})
    with pytest.raises(InvalidInputError, match=r"needs a .*name"):
        encoder(objectives="joint").fit(FORMULAS, y)
    with pytest.raises(InvalidInputError, match=r"needs a .*name"):
        encoder(objectives="joint").fit(FORMULAS, pd.DataFrame(Y, columns=["a", "a"]))


def test_card_tells_what_was_learned(tmp_path):
    encoder(objectives=MaskedElements(0.2)).fit(FORMULAS).save_pretrained(tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert "masked_elements" in card
    assert "0.2" in card


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("preset", "huge"),
        ("readout", "sum"),
        ("element_features", "oliynyk"),
        ("dropout", 1.0),
        ("objectives", "contrastive"),
        ("loss_weighting", "gradnorm"),
        ("trainable", "first"),
        ("precision", "int8"),
        ("device", "tpu-of-mine"),
        ("max_epochs", 0),
        ("validation_fraction", 1.0),
    ],
)
def test_bad_parameters_are_refused_by_name(parameter, value):
    with pytest.raises(ValueError, match=rf"{parameter}|{value}"):
        encoder(**{parameter: value}).fit(FORMULAS)


def test_html_repr_and_metadata_routing():
    assert "MTEncoder" in encoder()._repr_html_()
    request = MTEncoderRegressor().get_metadata_routing()
    assert "sample_weight" in str(request)


def test_warm_start_refuses_other_classes():
    kind = encoder(objectives="properties", warm_start=True)
    labels = pd.Series(["a", "b"] * (len(FORMULAS) // 2), name="class")
    kind.fit(FORMULAS, labels)
    # In the order of the alphabet "b" would take the place of "a".
    with pytest.raises(InvalidInputError, match="classes of the last fit, which for 'class'"):
        kind.fit(FORMULAS, labels.replace("a", "z"))
    kind.fit(FORMULAS, labels)
