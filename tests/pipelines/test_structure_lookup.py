import pickle

import numpy as np
import pytest
from common.materials import bcc_iron, mixed_salt, rock_salt, rutile
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skmat import CGCNNEncoder, RoostEncoder, StructureEmbeddingLookup
from skmat.datasets import fetch_mp
from skmat.estimators._teachers import fit_teachers
from skmat.exceptions import InvalidCompositionError, InvalidInputError, InvalidStructureError
from skmat.objectives import Distillation

CRYSTALS = [rutile(), rock_salt(5.6), rock_salt(5.8).get_primitive_structure(), bcc_iron()]
FORMULAS = ["NaCl", "Fe", "O4Ti2", "KBr"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """Folder of weights."""
    encoder = CGCNNEncoder(preset="tiny", max_epochs=1, random_state=0).fit(CRYSTALS)
    return encoder.save_pretrained(tmp_path_factory.mktemp("weights") / "cgcnn")


def test_a_formula_has_the_mean_of_its_crystals(encoder):
    vectors = CGCNNEncoder(pretrained=encoder).fit_transform(CRYSTALS)
    found = StructureEmbeddingLookup(encoder, CRYSTALS).fit_transform(FORMULAS)
    expected = [vectors[1:3].mean(axis=0), vectors[3], vectors[0], np.full(32, np.nan)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype == np.float32
    # A transformer does as well as the folder that it was loaded from.
    teacher = StructureEmbeddingLookup(CGCNNEncoder(pretrained=encoder), CRYSTALS)
    np.testing.assert_array_equal(teacher.fit_transform(FORMULAS), found)


def trained_encoder():
    """An encoder whose ``fit`` would train it again, and otherwise."""
    encoder = CGCNNEncoder(
        preset="tiny", objectives="masked_elements", max_epochs=1, random_state=None
    )
    return encoder.fit(CRYSTALS)


@pytest.mark.parametrize("wrap", [lambda encoder: encoder, FrozenEstimator])
def test_a_fitted_encoder_is_used_as_it_is(wrap):
    trained = trained_encoder()
    vectors = trained.transform(CRYSTALS)
    teacher = StructureEmbeddingLookup(wrap(trained), CRYSTALS)
    expected = [vectors[1:3].mean(axis=0), vectors[3], vectors[0], np.full(32, np.nan)]
    # A teacher that is not fitted is cloned before it teaches.
    for each in (teacher, clone(teacher)):
        np.testing.assert_allclose(each.fit_transform(FORMULAS), expected, rtol=1e-6)
    objective = Distillation(teacher, scaling=None)
    _, _, (features,) = fit_teachers([objective], FORMULAS, np.arange(4))
    np.testing.assert_allclose(features, expected, rtol=1e-6)


def test_an_encoder_that_is_not_fitted_stays_so():
    encoder = CGCNNEncoder(preset="tiny", max_epochs=1, random_state=0)
    teacher = StructureEmbeddingLookup(encoder, CRYSTALS).fit(FORMULAS)
    assert not hasattr(encoder, "estimators_")
    assert clone(teacher).encoder is not encoder


def test_a_card_names_the_weights_and_no_folder(encoder):
    teacher = StructureEmbeddingLookup(encoder, CRYSTALS, max_atoms=9, data_home="somewhere")
    said = Distillation(teacher).describe()["teacher"]
    assert said == "StructureEmbeddingLookup(encoder=cgcnn, max_atoms=9)"
    names = teacher.fit(FORMULAS).get_feature_names_out()
    assert names[:2].tolist() == ["structureembeddinglookup0", "structureembeddinglookup1"]
    assert teacher.set_output(transform="pandas").transform(FORMULAS).shape == (4, 32)


def test_large_cells_can_be_left_out(encoder):
    teacher = StructureEmbeddingLookup(encoder, CRYSTALS, max_atoms=2).fit(FORMULAS)
    assert np.isnan(teacher.transform(FORMULAS)).all(axis=1).tolist() == [False, False, True, True]
    with pytest.raises(InvalidInputError, match="a larger max_atoms"):
        StructureEmbeddingLookup(encoder, CRYSTALS[:1], max_atoms=2).fit(FORMULAS)


def test_disordered_crystals_are_known_where_the_encoder_takes_them(encoder):
    crystals = [*CRYSTALS, mixed_salt(0.75)]
    averaging = CGCNNEncoder(pretrained=encoder, disorder="average")
    found = StructureEmbeddingLookup(averaging, crystals).fit_transform(["NaCl", "KNa3Cl4", "KCl"])
    assert np.isnan(found).all(axis=1).tolist() == [False, False, True]
    with pytest.raises(InvalidStructureError, match=r"row 4.*disorder='average'"):
        StructureEmbeddingLookup(encoder, crystals).fit(FORMULAS)


def test_what_cannot_be_meant_is_refused(encoder):
    with pytest.raises(InvalidInputError, match=r"structures is 'oqmd'\. It must be 'mp'"):
        StructureEmbeddingLookup(encoder, "oqmd").fit(FORMULAS)
    with pytest.raises(InvalidInputError, match="'roost-ssl' belongs to, reads formulas, not"):
        StructureEmbeddingLookup("roost-ssl", CRYSTALS).fit(FORMULAS)
    with pytest.raises(InvalidInputError, match=r"the class CGCNNEncoder\. .* CGCNNEncoder\(\)"):
        StructureEmbeddingLookup(CGCNNEncoder, CRYSTALS).fit(FORMULAS)
    with pytest.raises(InvalidCompositionError, match="Xx"):
        StructureEmbeddingLookup(encoder, CRYSTALS).fit(FORMULAS).transform(["Xx"])


def test_an_encoder_of_formulas_learns_from_it(encoder):
    lesson = Distillation(
        StructureEmbeddingLookup(encoder, CRYSTALS), hidden=(16,), name="multimodal"
    )
    student = RoostEncoder(
        preset="tiny",
        objectives=lesson,
        max_epochs=40,
        lr=1e-2,
        validation_fraction=0,
        random_state=0,
    ).fit(FORMULAS)
    losses = [row["train_loss_multimodal"] for row in student.history_]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("fitted", [False, True])
def test_a_student_does_not_carry_the_vectors(encoder, fitted):
    teacher = StructureEmbeddingLookup(encoder, CRYSTALS)
    lesson = Distillation(teacher.fit(FORMULAS) if fitted else teacher, hidden=())
    student = RoostEncoder(
        preset="tiny", objectives=lesson, max_epochs=1, warm_start=True, random_state=0
    ).fit(FORMULAS)
    (before,) = student.estimators_[0].teachers
    vectors = StructureEmbeddingLookup(encoder, CRYSTALS).fit(FORMULAS).vectors_.tobytes()
    content = pickle.dumps(student)
    assert vectors not in pickle.dumps(student.estimators_)
    assert content.count(vectors) == int(fitted)
    again = pickle.loads(content)
    assert again._describe(None).objectives == student._describe(None).objectives
    (after,) = again.fit(FORMULAS[:3]).estimators_[0].teachers
    np.testing.assert_array_equal(after.targets(FORMULAS), before.targets(FORMULAS))


def test_crystals_of_the_materials_project(encoder, data_home):
    known = fetch_mp(targets="gap", data_home=data_home).data
    formula = known[known.n_atoms == 1].formulas()[0]
    teacher = StructureEmbeddingLookup(encoder, max_atoms=1, data_home=data_home).fit([formula])
    found = teacher.transform([formula, "NaCl"])
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_rows_that_are_no_composition(encoder):
    teacher = StructureEmbeddingLookup(encoder, [rock_salt()]).fit(["NaCl", "KCl"])
    with pytest.raises(InvalidCompositionError, match="row 1"):
        teacher.transform(["NaCl", "Qq"])
    found = teacher.set_params(on_invalid="nan").transform(["NaCl", "Qq"])
    np.testing.assert_array_equal(np.isnan(found).all(axis=1), [False, True])


def test_a_file_keeps_an_encoder_that_another_fit_would_change():
    unseeded = CGCNNEncoder(preset="tiny", max_epochs=1)
    objective = Distillation(StructureEmbeddingLookup(unseeded, CRYSTALS), hidden=())
    student = RoostEncoder(preset="tiny", objectives=objective, max_epochs=1, warm_start=True)
    student.fit(FORMULAS)
    (before,) = student.estimators_[0].teachers
    again = pickle.loads(pickle.dumps(student)).fit(FORMULAS)
    (after,) = again.estimators_[0].teachers
    np.testing.assert_array_equal(after.targets(FORMULAS), before.targets(FORMULAS))
