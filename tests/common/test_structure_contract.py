"""The contract of test_contract.py, for the estimators that read crystals."""

import copy
import json
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from common.contract import (
    assert_close,
    assert_same,
    assert_same_in_another_process,
    fit,
    fitted,
    outputs,
)
from common.instances import CRYSTAL_ENCODERS, labels_for, name_of
from common.materials import (
    bcc_iron,
    layered_alloy,
    many,
    mixed_salt,
    rock_salt,
    rutile,
    stretched_iron,
    triclinic,
)
from numpy.testing import assert_array_equal
from pymatgen.core import Structure
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skmat import (
    ALIGNNEncoder,
    ALIGNNRegressor,
    CGCNNClassifier,
    CGCNNEncoder,
    CGCNNRegressor,
    MagpieFeaturizer,
    StructureToComposition,
)
from skmat.datasets import fetch_mp
from skmat.estimators import _structure_family
from skmat.exceptions import InvalidInputError, InvalidStructureError
from skmat.objectives import Distillation, Properties
from skmat.structure import StructureArrays

CRYSTALS = many(12)

all_encoders = pytest.mark.parametrize("estimator", CRYSTAL_ENCODERS, ids=name_of)


@all_encoders
def test_one_seed_gives_equal_bits_and_seeds_differ(estimator):
    first = outputs(fitted(estimator, CRYSTALS), CRYSTALS)
    assert_same(first, outputs(fit(estimator, CRYSTALS), CRYSTALS))
    assert not np.allclose(
        first["transform"], fitted(estimator, CRYSTALS, seed=1).transform(CRYSTALS), rtol=1e-3
    )


def assert_only_the_crystal_counts(estimator, structures):
    for structure in structures:
        twice = structure.copy()
        twice.make_supercell([1, 2, 1])
        moved = structure.copy()
        moved.translate_sites(range(len(moved)), [0.31, 0.77, 0.13])
        turned = Structure.from_sites(list(structure)[::-1])
        rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
        rotated = Structure(
            structure.lattice.matrix @ rotation, structure.species, structure.frac_coords
        )
        niggli = structure.get_reduced_structure("niggli")
        expected = outputs(estimator, [structure])
        others = (twice, moved, turned, rotated, niggli)
        among = outputs(estimator, [*CRYSTALS, *others])
        for row, other in enumerate(others, start=len(CRYSTALS)):
            assert_close(outputs(estimator, [other]), expected)
            assert_close({name: each[row : row + 1] for name, each in among.items()}, expected)


@all_encoders
def test_the_cell_the_order_and_the_company_do_not_matter(estimator):
    structures = (
        rock_salt(), rutile(), bcc_iron(), stretched_iron(), layered_alloy(), triclinic()
    )  # fmt: skip
    assert_only_the_crystal_counts(fitted(estimator, CRYSTALS), structures)


@pytest.mark.parametrize("family", [CGCNNRegressor, ALIGNNRegressor])
def test_nor_do_they_for_real_crystals(family, data_home):
    data = fetch_mp(targets=["e_form", "gap"], data_home=data_home)
    known = np.flatnonzero(np.isfinite(data.target).all(axis=1) & (data.data.n_atoms <= 12))
    rows = np.random.default_rng(0).choice(known, 24, replace=False)
    X, y = data.data.take(rows), data.target[rows]
    model = family(preset="tiny", max_epochs=2, random_state=0).fit(X, y)
    assert_only_the_crystal_counts(model, list(X))


@all_encoders
def test_every_form_of_X_gives_the_same(estimator, tmp_path):
    estimator = fitted(estimator, CRYSTALS)
    expected = outputs(estimator, CRYSTALS)
    files = [tmp_path / f"{i}.json" for i in range(len(CRYSTALS))]
    for structure, path in zip(CRYSTALS, files, strict=True):
        structure.to(filename=str(path))
    column = np.empty((len(CRYSTALS), 1), dtype=object)
    column[:, 0] = CRYSTALS
    for X in (
        StructureArrays.from_structures(CRYSTALS),
        pd.Series(CRYSTALS, index=range(100, 112)),
        pd.DataFrame({"structure": pd.Series(CRYSTALS)}),
        column,
        [structure.as_dict() for structure in CRYSTALS],
        files,
    ):
        with (
            pytest.warns(UserWarning, match="feature names")
            if isinstance(X, pd.DataFrame)
            else _nothing()
        ):
            assert_close(outputs(estimator, X), expected)


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return False


@all_encoders
def test_pandas_in_and_out(estimator):
    frame = pd.DataFrame({"structure": pd.Series(CRYSTALS)})
    frame.index = range(7, 19)
    estimator = fitted(estimator, frame).set_output(transform="pandas")
    assert estimator.n_features_in_ == 1
    assert_array_equal(estimator.feature_names_in_, ["structure"])
    out = estimator.transform(frame)
    assert_array_equal(out.index, frame.index)
    assert_array_equal(out.columns, estimator.get_feature_names_out())
    with pytest.raises(ValueError, match="feature names"):
        estimator.transform(frame.rename(columns={"structure": "crystal"}))


@all_encoders
def test_copies(estimator):
    estimator = fitted(estimator, CRYSTALS)
    expected = outputs(estimator, CRYSTALS)
    assert_same(expected, outputs(copy.deepcopy(estimator), CRYSTALS))
    assert_same(expected, outputs(pickle.loads(pickle.dumps(estimator)), CRYSTALS))
    with pytest.raises(NotFittedError):
        clone(estimator).transform(CRYSTALS)


def test_joblib_in_another_process(tmp_path):
    estimators = [fitted(estimator, CRYSTALS) for estimator in CRYSTAL_ENCODERS]
    assert_same_in_another_process(estimators, StructureArrays.from_structures(CRYSTALS), tmp_path)


@all_encoders
def test_bad_rows_are_all_named(estimator):
    overlapping = Structure(np.diag([4.0, 4.0, 4.0]), ["Na", "Cl"], [[0, 0, 0], [0, 0, 1e-4]])
    bad = [rutile(), None, overlapping, "missing.cif"]
    with pytest.raises(InvalidStructureError) as caught:
        fit(estimator, bad)
    assert caught.value.rows == [1, 2, 3]
    assert "atoms 0 and 1" in str(caught.value)
    estimator = fitted(estimator, CRYSTALS)
    estimator.set_params(on_invalid="nan")
    for values in outputs(estimator, bad).values():
        assert_array_equal(pd.isna(values.reshape(4, -1)).all(axis=1), [False, True, True, True])


@all_encoders
def test_disordered_crystals_are_refused_by_default(estimator):
    X = [rutile(), mixed_salt(0.7), rock_salt(cation={"Li": 0.5})]
    kept = StructureArrays.from_structures(X, disorder="average")
    model = fitted(estimator, CRYSTALS)
    for call in (model.transform, lambda values: fit(estimator, values)):
        for values in (X, kept):
            with pytest.raises(InvalidStructureError) as caught:
                call(values)
            assert caught.value.rows == [1, 2]
            assert "row 1: 'K1.2 Na2.8 Cl4': disordered" in str(caught.value)
            assert "disorder='average'" in str(caught.value)
    model.set_params(on_invalid="nan")
    for values in outputs(model, kept).values():
        assert_array_equal(pd.isna(values.reshape(3, -1)).all(axis=1), [False, True, True])


@all_encoders
def test_disordered_crystals_are_averaged_on_request(estimator):
    mixed = [mixed_salt(0.1 * i, 5.3 + 0.1 * i) for i in range(1, 7)]
    X = [*CRYSTALS[:6], *mixed]
    estimator = clone(estimator).set_params(disorder="average")
    model = fitted(estimator, X)
    expected = outputs(model, X)
    assert_same(expected, outputs(fit(estimator, X), X))
    assert_same(expected, outputs(pickle.loads(pickle.dumps(model)), X))
    kept = StructureArrays.from_structures(X, disorder="average")
    assert_same(expected, outputs(model, kept))
    for row, structure in enumerate(mixed, start=6):
        alone = {name: values[row : row + 1] for name, values in expected.items()}
        twice = structure.copy()
        twice.make_supercell([1, 2, 1])
        turned = Structure.from_sites(list(structure)[::-1])
        for other in (structure, twice, turned, structure.get_primitive_structure()):
            assert_close(outputs(model, [other]), alone)
    # Ordered crystals are what they are without the option.
    ordered = fitted(estimator, CRYSTALS)
    assert_same(
        outputs(ordered, CRYSTALS), outputs(ordered.set_params(disorder="raise"), CRYSTALS)
    )


@all_encoders
def test_ordered_crystals_are_the_ends_of_mixtures(estimator):
    model = fitted(clone(estimator).set_params(disorder="average"), CRYSTALS)
    for share, end in ((1 - 1e-7, rock_salt()), (1e-7, rock_salt(cation="K"))):
        expected = outputs(model, [end])
        assert_close(outputs(model, [mixed_salt(share)]), expected)
        half = outputs(model, [mixed_salt(0.5)])
        assert np.abs(half["transform"] - expected["transform"]).max() > 1e-3
    # What is vacant counts as nothing.
    expected = outputs(model, [rock_salt()])
    assert_same(outputs(model, [rock_salt(cation={"Na": 0.6})]), expected)
    thinned = [rock_salt(cation={"Na": 0.35, "K": 0.15})]
    assert_close(outputs(model, thinned), outputs(model, [mixed_salt(0.7)]))


@all_encoders
def test_what_to_do_with_disorder_is_a_parameter_like_others(estimator):
    assert estimator.disorder == "raise"
    assert clone(estimator.set_params(disorder="raise")).get_params()["disorder"] == "raise"
    assert 'disorder : {"raise", "average"}, default="raise"' in type(estimator).__doc__
    with pytest.raises(ValueError, match="'disorder' parameter"):
        fit(clone(estimator).set_params(disorder="mean"), CRYSTALS)


@pytest.mark.filterwarnings("ignore")
def test_grid_search_over_disorder():
    X = [mixed_salt(0.3), *CRYSTALS[1:], mixed_salt(0.6)]
    search = GridSearchCV(
        CGCNNRegressor(preset="tiny", max_epochs=1, random_state=0),
        {"disorder": ["raise", "average"]},
        cv=2,
    ).fit(X, np.arange(13.0))
    assert search.best_params_ == {"disorder": "average"}
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [True, False]


def test_mixtures_are_kept_with_the_graphs_where_there_is_memory(tmp_path, monkeypatch):
    from skmat.structure import _graphs

    X = [*CRYSTALS[:6], *(mixed_salt(0.1 * i) for i in range(1, 7))]
    model = CGCNNRegressor(
        **{"preset": "tiny", "max_epochs": 1, "random_state": 0},
        disorder="average",
        memory=str(tmp_path),
    )
    expected = model.fit(X, np.arange(12.0)).predict(X)
    monkeypatch.setattr(_graphs, "nearest_neighbors", None)
    assert_array_equal(clone(model).fit(X, np.arange(12.0)).predict(X), expected)
    shifted = [*CRYSTALS[:6], *(mixed_salt(0.1 * i + 0.01) for i in range(1, 7))]
    with pytest.raises(TypeError):
        model.predict(shifted)


@all_encoders
def test_what_is_no_list_of_crystals_is_refused(estimator):
    for X in (rutile(), "NaCl.cif", Path("NaCl.cif"), rutile().as_dict()):
        with pytest.raises(InvalidInputError, match="list of one"):
            clone(estimator).fit(X, [0.0])
    with pytest.raises(InvalidInputError, match="0 sample"):
        clone(estimator).fit([], [0.0])
    with pytest.raises(InvalidInputError, match="Expected a list of structures"):
        clone(estimator).fit(3, [0.0])
    with pytest.raises(InvalidInputError, match="array of shape"):
        clone(estimator).fit(np.array([bcc_iron(), bcc_iron()], dtype=object), [0.0])
    with pytest.raises(InvalidInputError, match="columns"):
        clone(estimator).fit(pd.DataFrame({"a": [rutile()], "b": [rutile()]}), [0.0])


@all_encoders
def test_in_a_pipeline(estimator):
    pipeline = make_pipeline(clone(estimator))
    if not (is_classifier(estimator) or is_regressor(estimator)):
        pipeline = make_pipeline(clone(estimator), Ridge())
    X, y = StructureArrays.from_structures(CRYSTALS), labels_for(estimator, len(CRYSTALS))
    assert np.isfinite(cross_val_score(pipeline, X, np.array(y), cv=2)).all()
    assert np.isfinite(cross_val_score(pipeline, CRYSTALS, np.array(y), cv=2)).all()


def test_grid_search_over_loss_weights():
    y = np.array([[float(i % 7), np.nan if i % 3 else float(i)] for i in range(12)])
    search = GridSearchCV(
        CGCNNRegressor(preset="tiny", max_epochs=3, random_state=0),
        {"loss_weights": [None, [1, 5]], "loss_weighting": ["equal", "rlw-normal"]},
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(CRYSTALS, y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert len(set(scores)) == 4
    assert search.predict([rutile()]).shape == (1, 2)


def test_grid_search_over_layers_of_the_tasks_own():
    y = np.array([[float(i % 7), np.nan if i % 3 else float(i)] for i in range(12)])
    search = GridSearchCV(
        CGCNNRegressor(preset="tiny", max_epochs=3, random_state=0),
        {"n_task_layers": [0, 1, 2], "loss_weights": [[7, 1], [1, 1]]},
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(CRYSTALS, y)
    assert len(set(search.cv_results_["mean_test_score"])) == 6
    assert search.predict([rutile()]).shape == (1, 2)


def test_layers_of_the_tasks_own_are_of_the_heads():
    settings = {"preset": "tiny", "max_epochs": 2, "random_state": 0}
    y = np.array([[float(i), float(i % 3)] for i in range(12)])
    source = CGCNNEncoder(**settings).fit(CRYSTALS)
    model = CGCNNRegressor(**settings, pretrained=source, n_task_layers=1, trainable="head")
    assert_array_equal(model.fit(CRYSTALS, y).transform(CRYSTALS), source.transform(CRYSTALS))
    norm = model.estimators_[0].model.heads["properties"][0].layers.layers[0].atom_norm
    assert norm.running_mean.abs().max() > 0
    # Another number of tasks, or of their layers, takes the same encoder.
    again = CGCNNRegressor(**settings, pretrained=model, trainable="head")
    assert_array_equal(again.fit(CRYSTALS, y[:, 0]).transform(CRYSTALS), model.transform(CRYSTALS))
    model.set_params(warm_start=True, n_task_layers=2)
    with pytest.raises(InvalidInputError, match="n_task_layers=2"):
        model.fit(CRYSTALS, y)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_classes_have_layers_of_their_own_too(precision):
    y = np.array([[i % 2, i % 3] for i in range(12)], dtype=object)
    y[::4, 1] = None
    model = CGCNNClassifier(
        preset="tiny", max_epochs=2, n_task_layers=1, precision=precision, random_state=0
    ).fit(CRYSTALS, y)
    assert [p.shape for p in model.predict_proba(CRYSTALS)] == [(12, 2), (12, 3)]


def test_properties_of_an_encoder_have_layers_of_their_own_too(tmp_path):
    settings = {"preset": "tiny", "max_epochs": 2, "random_state": 0}
    y, own = np.arange(12.0), Properties(n_task_layers=np.int64(1))
    encoder = CGCNNEncoder(**settings, objectives=[own, "masked_elements"]).fit(CRYSTALS, y)
    encoder.save_pretrained(tmp_path)
    loaded = CGCNNEncoder(pretrained=str(tmp_path)).fit(CRYSTALS)
    assert_array_equal(loaded.transform(CRYSTALS), encoder.transform(CRYSTALS))
    with pytest.raises(
        InvalidInputError, match=r"n_task_layers=1 needs .* ALIGNNNetwork has none"
    ):
        ALIGNNEncoder(**settings, objectives=own).fit(CRYSTALS, y)


def test_graphs_are_built_once_where_there_is_memory(tmp_path, monkeypatch):
    from skmat.structure import _graphs

    X = StructureArrays.from_structures(CRYSTALS)
    y = labels_for(CRYSTAL_ENCODERS[-1], len(X))
    model = clone(CRYSTAL_ENCODERS[-1]).set_params(memory=str(tmp_path), random_state=0)
    expected = model.fit(X, y).predict(X)
    monkeypatch.setattr(_graphs, "nearest_neighbors", None)
    assert_array_equal(clone(model).fit(X, y).predict(X), expected)
    with pytest.raises(TypeError):
        clone(model).set_params(n_neighbors=4).fit(X, y)


def test_the_folder_of_graphs_is_bounded(tmp_path, monkeypatch):
    def size():
        return sum(path.stat().st_size for path in tmp_path.rglob("*.pkl"))

    model = CGCNNRegressor(preset="tiny", max_epochs=1, random_state=0, memory=str(tmp_path))
    model.fit(CRYSTALS, np.arange(12.0))
    one_call = size()
    assert one_call > 0
    monkeypatch.setattr(_structure_family, "_CACHE_LIMIT", int(1.5 * one_call))
    for last in range(4, 12):
        model.predict(CRYSTALS[:last])
        assert size() <= 1.5 * one_call
    model.set_params(memory=joblib.Memory(tmp_path, verbose=0))
    for last in range(4, 12):
        model.predict(CRYSTALS[:last])
    assert size() > 1.5 * one_call


def test_graphs_are_those_that_the_loaded_encoder_was_trained_on(tmp_path):
    settings = {"preset": "tiny", "max_epochs": 1, "random_state": 0}
    model = CGCNNRegressor(**settings, n_neighbors=np.int64(4), cutoff=np.float32(5.0))
    model.fit(CRYSTALS, np.arange(12.0))
    folder = model.save_pretrained(tmp_path / "encoder")
    tuned = CGCNNRegressor(pretrained=folder, trainable="head", max_epochs=1)
    assert_array_equal(
        tuned.fit(CRYSTALS, np.arange(12.0)).transform(CRYSTALS), model.transform(CRYSTALS)
    )


@pytest.mark.parametrize("number", [None, np.int64(3), 6])
def test_angles_are_those_that_the_loaded_encoder_was_trained_on(tmp_path, number):
    settings = {"preset": "tiny", "max_epochs": 1, "random_state": 0}
    source = ALIGNNEncoder(**settings, n_angle_neighbors=number).fit(CRYSTALS)
    folder = source.save_pretrained(tmp_path / "encoder")
    kept = json.loads((folder / "config.json").read_text())["network"]["n_angle_neighbors"]
    assert kept == number
    loaded = ALIGNNEncoder(pretrained=folder).fit(CRYSTALS)
    vectors = source.transform(CRYSTALS)
    assert_array_equal(loaded.transform(CRYSTALS), vectors)
    other = source.estimators_[0].model.encoder
    other.n_angle_neighbors = 1
    assert np.abs(source.transform(CRYSTALS) - vectors).max() > 1e-4


@pytest.mark.parametrize("trainable", ["two_body", "three_body"])
def test_parts_of_alignn_are_trained_alone(trainable):
    settings = {"preset": "tiny", "max_epochs": 2, "random_state": 0}
    y = np.arange(12.0)
    source = ALIGNNEncoder(**settings).fit(CRYSTALS)
    tuned = ALIGNNRegressor(**settings, pretrained=source, trainable=trainable).fit(CRYSTALS, y)
    before = source.estimators_[0].model.encoder.state_dict()
    after = tuned.estimators_[0].model.encoder.state_dict()
    free = {"two_body": ("atom_layers.", "layers."), "three_body": ("bond_layers.",)}[trainable]
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all(name.startswith(free) for name in moved)


def test_objectives_of_formulas_say_what_to_do_with_crystals():
    settings = {"preset": "tiny", "max_epochs": 1, "random_state": 0}
    with pytest.raises(InvalidInputError, match="StructureToComposition"):
        CGCNNEncoder(**settings, objectives="fingerprint").fit(CRYSTALS)
    teacher = make_pipeline(StructureToComposition(), MagpieFeaturizer(features="all"))
    CGCNNEncoder(**settings, objectives=Distillation(teacher)).fit(CRYSTALS)
