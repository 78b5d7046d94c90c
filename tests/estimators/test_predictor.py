"""What regressors and classifiers share: how an encoder is fine-tuned under their heads."""

import pickle
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from common import materials
from common.contract import assert_same, outputs
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmat import MTEncoder, MTEncoderClassifier, MTEncoderRegressor
from skmat.estimators import _train
from skmat.exceptions import DivergenceError, InvalidInputError
from skmat.objectives import MaskedElements, Properties

FORMULAS = materials.FORMULAS * 3
FAST = {"preset": "tiny", "max_epochs": 4, "random_state": 0, "precision": "float32"}
KEPT = "masked_elements"


@pytest.fixture(scope="module")
def encoder():
    return MTEncoder(preset="tiny", max_epochs=1, random_state=0).fit(FORMULAS)


@pytest.fixture
def y():
    y = np.random.default_rng(0).normal(size=(30, 2)) * [1.0, 1e4] + [5.0, -3e5]
    y[::3, 1] = np.nan
    return y


@pytest.fixture
def settings(monkeypatch):
    """Collect the settings of every training."""
    seen = []
    for name, position in (("train", 1), ("build_net", 1)):
        original = getattr(_train, name)

        def spy(*arguments, original=original, position=position, **named):
            seen.append(arguments[position])
            return original(*arguments, **named)

        monkeypatch.setattr(_train, name, spy)
    return seen


def model(**parameters):
    return MTEncoderRegressor(**{**FAST, **parameters})


def encoder_state(estimator):
    state = estimator.estimators_[0].model.encoder.state_dict()
    return {name: tensor.clone() for name, tensor in state.items()}


CHANGES = [
    {"encoder_lr_factor": 0.1},
    {"layer_decay": 0.2},
    {"freeze_epochs": 2},
    {"ema_decay": 0.9},
    {"auxiliary_objective": KEPT},
    {"auxiliary_objective": KEPT, "auxiliary_weight": 5.0},
]


def test_every_parameter_matters_and_one_seed_is_one_result(encoder, y):
    hashes = []
    for changes in [{}, *CHANGES]:
        first, again = (
            model(pretrained=encoder, **changes).fit(FORMULAS, y).predict(FORMULAS)
            for _ in range(2)
        )
        assert_array_equal(first, again)
        hashes.append(first.tobytes())
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize("kind", [MTEncoderRegressor, MTEncoderClassifier])
def test_all_of_them_together_survive_clones_and_pickles(encoder, kind):
    together = {name: value for each in CHANGES for name, value in each.items()}
    labels = np.arange(30) % 3
    estimator = clone(kind(**FAST, **together, pretrained=encoder, n_estimators=2))
    fitted = estimator.fit(FORMULAS, labels)
    expected = fitted.predict(FORMULAS)
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict(FORMULAS), expected)
    for each in (fitted, again):
        each.partial_fit(FORMULAS, labels)
    assert_same(outputs(again, FORMULAS), outputs(fitted, FORMULAS))


def test_in_a_grid(encoder, y, tmp_path):
    folder = encoder.save_pretrained(tmp_path)
    search = GridSearchCV(
        model(max_epochs=2),
        {
            "pretrained": [None, str(folder)],
            "freeze_epochs": [0, (1,)],
            "ema_decay": [None, 0.9],
            "auxiliary_objective": [None, KEPT],
        },
        cv=2,
        error_score="raise",
    ).fit(FORMULAS, y)
    results = pd.DataFrame(search.cv_results_)
    assert np.isfinite(results["mean_test_score"]).all()
    # Without weights to keep, freeze_epochs is nothing: 4 + 8 results in all.
    assert results["mean_test_score"].nunique() == 12


@pytest.mark.parametrize(
    "bad",
    [
        {"encoder_lr_factor": 0},
        {"layer_decay": 0},
        {"layer_decay": 1.1},
        {"freeze_epochs": -1},
        {"freeze_epochs": (2, 0)},
        {"freeze_epochs": [1.5]},
        {"ema_decay": 1.0},
        {"ema_decay": 0},
        {"auxiliary_weight": -1},
        {"auxiliary_objective": 3},
    ],
)
def test_bad_values_are_refused(y, bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        model(**bad).fit(FORMULAS, y)


# The head first


def test_heads_first_only_where_they_are_new_on_weights_worth_keeping(encoder, y, settings):
    tuned = model(pretrained=encoder, freeze_epochs=2, ema_decay=0.9, warm_start=True)
    tuned.fit(FORMULAS, y).fit(FORMULAS, y).partial_fit(FORMULAS, y)
    model(freeze_epochs=2).fit(FORMULAS, y)
    tuned.set_params(warm_start=False).fit(FORMULAS, y)
    assert [each.freeze_epochs for each in settings] == [(2,), (), (), (), (2,)]
    assert [each.ema_decay for each in settings] == [0.9, 0.9, None, None, 0.9]


def test_rates_of_the_encoder_hold_in_partial_fit_too(y, settings):
    model(encoder_lr_factor=0.3, layer_decay=0.7).partial_fit(FORMULAS, y)
    assert (settings[0].encoder_lr_factor, settings[0].layer_decay) == (0.3, 0.7)


def test_nothing_is_left_for_the_encoder(encoder, y):
    with pytest.raises(InvalidInputError, match=r"freeze_epochs=4 .* max_epochs=4.*'head'"):
        model(pretrained=encoder, freeze_epochs=4).fit(FORMULAS, y)
    with pytest.raises(InvalidInputError, match=r"freeze_epochs=\(2, 2\) .* max_epochs=4"):
        model(pretrained=encoder, freeze_epochs=(2, 2)).fit(FORMULAS, y)
    # In a grid over `pretrained`, the fit from scratch does not mind.
    model(freeze_epochs=4).fit(FORMULAS, y)


def test_stages_that_are_ignored_take_no_epochs(y, settings):
    model(max_epochs="auto", freeze_epochs=200).fit(FORMULAS, y)
    assert settings[0].max_epochs == 120


def test_epochs_of_the_head_are_among_max_epochs(encoder, y):
    fitted = model(pretrained=encoder, freeze_epochs=3).fit(FORMULAS, y)
    assert [row["epoch"] for row in fitted.history_] == [1, 2, 3, 4]
    before, after = encoder_state(encoder), encoder_state(fitted)
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_several_stages(encoder, y, settings):
    fitted = model(pretrained=encoder, freeze_epochs=(2, 1)).fit(FORMULAS, y)
    clone(fitted).set_params(max_epochs="auto", freeze_epochs=[200, 100]).fit(FORMULAS, y)
    assert [each.freeze_epochs for each in settings] == [(2, 1), (200, 100)]
    assert [each.max_epochs for each in settings] == [4, 301]
    again = clone(fitted).set_params(freeze_epochs=3).fit(FORMULAS, y)
    assert not np.array_equal(again.transform(FORMULAS), fitted.transform(FORMULAS))


# Averages


def test_a_warm_start_goes_on_from_the_average(y):
    fitted = model(ema_decay=0.9, warm_start=True, lr=1e-30, weight_decay=0.0).fit(FORMULAS, y)
    expected = fitted.predict(FORMULAS)
    assert_allclose(fitted.fit(FORMULAS, y).predict(FORMULAS), expected, rtol=1e-6)


def test_pickles_hold_no_second_copy(y):
    plain, averaged = (len(pickle.dumps(model(ema_decay=e).fit(FORMULAS, y))) for e in (None, 0.9))
    assert averaged < plain + 1000


# What is learned beside y


def test_the_kept_loss_is_in_the_history_with_its_weight(y):
    fitted = model(auxiliary_objective=KEPT, auxiliary_weight=0.5, loss_weights=[1, 3]).fit(
        FORMULAS, y
    )
    for row in fitted.history_:
        ours = row["weight_y0"] + row["weight_y1"]
        assert row["weight_masked_elements"] / ours == pytest.approx(0.5)
        assert np.isfinite(row["train_loss_masked_elements"])
        assert row["weight_y1"] / row["weight_y0"] == pytest.approx(3)
        watched = (row["train_loss_y0"] + 3 * row["train_loss_y1"]) / 4
        assert row["train_loss"] == pytest.approx(watched)


def test_patience_watches_the_columns_of_y(y):
    settings = {"patience": 3, "validation_fraction": 0.4, "auxiliary_objective": KEPT}
    for row in model(auxiliary_weight=10, **settings).fit(FORMULAS, y).history_:
        mean = (row["valid_loss_y0"] + row["valid_loss_y1"]) / 2
        assert row["valid_loss"] == pytest.approx(mean)
        assert np.isfinite(row["valid_loss_masked_elements"])


@pytest.mark.parametrize(("kept", "teaches"), [(None, False), (KEPT, True)])
def test_rows_without_labels_teach_the_encoder_if_something_is_kept(y, kept, teaches):
    y[np.arange(30) % 10 == 2] = np.nan
    assert FORMULAS[2] == "NaCl"
    # As many elements, so that as many numbers are drawn.
    others = ["KBr" if formula == "NaCl" else formula for formula in FORMULAS]
    first, second = (
        encoder_state(model(auxiliary_objective=kept, dropout=0.0).fit(X, y))
        for X in (FORMULAS, others)
    )
    changed = [name for name in first if not torch.equal(first[name], second[name])]
    assert bool(changed) == teaches
    if teaches:
        assert any(name.startswith("layers.0") for name in changed)


def test_a_chunk_without_any_label_teaches_the_encoder_too(y):
    fitted = model(auxiliary_objective=KEPT, weight_decay=0.0).partial_fit(FORMULAS, y)
    before = encoder_state(fitted)
    fitted.partial_fit(FORMULAS, np.full_like(y, np.nan))
    after = encoder_state(fitted)
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert np.isnan(fitted.history_[-1]["train_loss"])
    assert np.isfinite(fitted.history_[-1]["train_loss_masked_elements"])


def test_predictions_do_not_ask_the_kept_heads(y):
    fitted = model(auxiliary_objective=KEPT).fit(FORMULAS, y)
    expected, vectors = fitted.predict(FORMULAS), fitted.transform(FORMULAS)
    heads = fitted.estimators_[0].model.heads
    assert set(heads) == {"properties", KEPT}
    with torch.no_grad():
        for parameter in heads[KEPT].parameters():
            parameter.fill_(torch.nan)
    assert_array_equal(fitted.predict(FORMULAS), expected)
    assert_array_equal(fitted.transform(FORMULAS), vectors)


def test_the_encoder_keeps_its_trade(y):
    """With the loss kept, masked elements are guessed better than without."""
    losses = {}
    for weight in (0.0, 1.0):
        settings = {"auxiliary_objective": MaskedElements(ratio=0.5), "auxiliary_weight": weight}
        fitted = model(max_epochs=40, lr=3e-3, **settings).fit(FORMULAS, y)
        losses[weight] = fitted.history_[-1]["train_loss_masked_elements"]
    assert losses[1.0] < 0.7 * losses[0.0]


def test_objects_and_lists_of_them_do_as_well(y):
    first, second, third = (
        model(auxiliary_objective=kept).fit(FORMULAS, y).predict(FORMULAS)
        for kept in (KEPT, [MaskedElements()], MaskedElements(ratio=0.8))
    )
    assert_array_equal(first, second)
    assert not np.allclose(first, third)


@pytest.mark.parametrize("kept", ["properties", "joint", Properties(), [KEPT, "properties"]])
def test_what_needs_labels_is_not_kept(y, kept):
    with pytest.raises(InvalidInputError, match=r"'properties'.*without labels"):
        model(auxiliary_objective=kept).fit(FORMULAS, y)


def test_a_column_with_the_name_of_the_kept_task(y):
    frame = pd.DataFrame(y, columns=["gap", KEPT])
    with pytest.raises(InvalidInputError, match=r"\['masked_elements'\].*Rename"):
        model(auxiliary_objective=KEPT).fit(FORMULAS, frame)
    model().fit(FORMULAS, frame)


def test_what_is_kept_cannot_change_in_a_warm_start(y):
    fitted = model(warm_start=True).fit(FORMULAS, y)
    with pytest.raises(InvalidInputError, match="cannot continue"):
        fitted.set_params(auxiliary_objective=KEPT).fit(FORMULAS, y)


def test_the_card_names_what_was_kept(y, tmp_path):
    fitted = model(auxiliary_objective=KEPT).fit(FORMULAS, y)
    fitted.save_pretrained(tmp_path)
    loaded = MTEncoder(pretrained=tmp_path).fit(FORMULAS)
    assert [each["name"] for each in loaded.model_card_.objectives] == ["properties", KEPT]


@dataclass(frozen=True)
class Exploding(MaskedElements):
    """Masked elements whose loss runs into infinity."""

    name: ClassVar[str] = "exploding"

    def losses(self, *arguments):
        found = super().losses(*arguments)
        return found._replace(sums=found.sums * torch.inf)


def test_divergence_of_what_is_kept_is_said(y):
    with pytest.raises(DivergenceError, match="smaller lr"):
        model(auxiliary_objective=Exploding()).fit(FORMULAS, y)
