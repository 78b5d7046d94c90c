import pytest
from common.auto import ridge
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import StackingRegressor, VotingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union

from skmat import CGCNNRegressor, MagpieFeaturizer, MTEncoderRegressor
from skmat.auto._candidates import (
    DESCRIPTIONS,
    PRESETS,
    make_candidates,
    make_gates,
    names_of_candidates,
)
from skmat.exceptions import InvalidInputError

BOTH = ("magpie", "fractions")
PIPELINE = make_pipeline(MagpieFeaturizer(), Ridge())


def make(preset="fast", added=None, **settings):
    given = {
        "input": "formula",
        "is_classifier": False,
        "n_targets": 1,
        "n_rows": 100,
        "device": "cpu",
    }
    return make_candidates(preset, added, **{**given, **settings})


def names(*arguments, **settings):
    return [each.name for each in make(*arguments, **settings)]


@pytest.mark.parametrize("input", ["formula", "structure"])
@pytest.mark.parametrize("is_classifier", [False, True])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_presets_grow(input, is_classifier, n_targets):
    settings = {"input": input, "is_classifier": is_classifier, "n_targets": n_targets}
    kind = "classifier" if is_classifier else "regressor"
    sizes = []
    for preset in PRESETS:
        found = make(preset, **settings)
        assert len({each.name for each in found}) == len(found)
        assert any(each.is_network for each in found) == (preset != "fast")
        # Cheap ones come first: a time limit keeps them.
        is_network = [each.is_network for each in found]
        assert is_network == sorted(is_network)
        for each in found:
            assert each.model.__sklearn_tags__().estimator_type == kind
            assert each.is_joint <= (n_targets > 1)
        sizes.append(len(found))
    assert sizes == sorted(sizes)


def test_a_list_of_names():
    assert set(names(["trees", "svm"])) == {"trees", "svm"}
    assert set(names(("roost",))) == {"roost"}


def test_unknown_names():
    with pytest.raises(InvalidInputError, match=r"\['forest'\].*trees-fractions"):
        make(["trees", "forest"])
    with pytest.raises(InvalidInputError, match="cgcnn"):
        make(["cgcnn"])
    with pytest.raises(InvalidInputError, match="boosting-l1"):
        make(["boosting-l1"], is_classifier=True)


def test_no_candidate():
    with pytest.raises(InvalidInputError, match="no candidate"):
        make([])


@pytest.mark.parametrize(
    ("is_classifier", "fastest"), [(False, "boosting-l1"), (True, "boosting")]
)
def test_a_time_limit_waits_for_the_fastest(is_classifier, fastest):
    few, many = (names(is_classifier=is_classifier, n_rows=n) for n in (5_000, 5_001))
    assert (few[0], many[0]) == ("svm", fastest)
    assert sorted(few) == sorted([*many, "svm"])


def test_boosting_has_one_thread_below_20_000_rows():
    made = [*make("medium"), *make("fast", is_classifier=True), *make_gates(100)]
    limits = {each.name: each.threads_from for each in made}
    boosted = {"boosting", "boosting-l1", "gate-boosting"}
    assert {name for name, limit in limits.items() if limit == 20_000} == boosted
    assert {limit for name, limit in limits.items() if name not in boosted} == {0}


def test_medium_has_angles_of_few_structures():
    settings = {"input": "structure"}
    assert {"cgcnn", "alignn"} <= set(names("medium", n_rows=2_000, **settings))
    for preset, has_angles in [("medium", False), ("best", True), (["alignn"], True)]:
        assert ("alignn" in names(preset, n_rows=2_001, **settings)) == has_angles
    networks = [each for each in make("medium", **settings) if each.is_network]
    by_name = {each.name: each.model.pretrained for each in networks}
    assert by_name.pop("mtencoder-multimodal") == "mtencoder-multimodal"
    assert set(by_name.values()) == {"auto"}


def test_kernels_are_left_out_of_large_tables():
    assert "svm" in names(n_rows=5_000)
    assert "svm" not in names(n_rows=5_001)


def test_leaves_grow_with_the_table():
    def leaf(n_rows):
        (trees,) = make(["trees"], n_rows=n_rows)
        return trees.model.min_samples_leaf

    assert leaf(100) == 2
    assert leaf(200_000) == 10


@pytest.mark.parametrize(
    ("model", "reads"),
    [
        (Ridge(), BOTH),
        (ridge(), BOTH),
        (VotingRegressor([("a", Ridge()), ("b", ridge())]), BOTH),
        (MTEncoderRegressor(), "formula"),
        (CGCNNRegressor(), "structure"),
        (PIPELINE, "materials"),
        (make_pipeline("passthrough", PIPELINE), "materials"),
        (make_pipeline(make_union(MagpieFeaturizer()), Ridge()), "materials"),
        (GridSearchCV(PIPELINE, {"ridge__alpha": [1, 2]}), "materials"),
        (TransformedTargetRegressor(PIPELINE), "materials"),
        (StackingRegressor([("a", PIPELINE)]), "materials"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_an_added_candidate_reads(model, reads):
    (candidate,) = make([], [("mine", model)])
    assert candidate.name == "mine"
    assert candidate.model is model
    assert candidate.reads == reads
    assert candidate.is_network == (reads in ("formula", "structure"))


@pytest.mark.parametrize(
    "added", ["ridge", ("ridge", Ridge), (Ridge(), "ridge"), ("ridge",), ("ridge", None), Ridge()]
)
def test_what_is_no_candidate(added):
    with pytest.raises(InvalidInputError, match="pair of a name and an estimator"):
        make(added=[added])


def test_a_name_is_used_twice():
    for added in ([("trees", Ridge())], [("a", Ridge()), ("a", Ridge(2.0))]):
        with pytest.raises(InvalidInputError, match="Rename it"):
            make(added=added)


@pytest.mark.parametrize(
    ("model", "is_classifier"), [(Ridge(), True), (LogisticRegression(), False), (KMeans(), False)]
)
def test_a_candidate_of_another_kind(model, is_classifier):
    with pytest.raises(InvalidInputError, match="is needed"):
        make([], [("mine", model)], is_classifier=is_classifier)


def test_further_columns_are_read_by_all_that_read_features():
    plain, wide = (
        make("medium", [("mine", Ridge())]),
        make("medium", [("mine", Ridge())], n_columns=2),
    )
    for one, other in zip(plain, wide, strict=True):
        assert one.name == other.name
        assert (one.is_network, one.is_joint, one.is_kernel, one.most_rows) == (
            other.is_network,
            other.is_joint,
            other.is_kernel,
            other.most_rows,
        )
        if isinstance(one.reads, str):
            assert other.reads == one.reads
        else:
            assert other.reads == (*one.reads, "columns")


def test_gates_are_classifiers():
    for each in make_gates(100):
        assert each.model.__sklearn_tags__().estimator_type == "classifier"


def test_each_candidate_has_a_description():
    found = set()
    for input in ("formula", "structure"):
        found |= {*names_of_candidates("best", input, n_targets=2)}
    assert found == {*DESCRIPTIONS}


def test_names_need_no_candidate():
    assert names_of_candidates(["a"]) == ["a"]
    assert set(names_of_candidates("fast")) == set(names("fast"))


def test_gates_read_further_columns():
    assert all("columns" in gate.reads for gate in make_gates(100, 2))
    assert not any("columns" in gate.reads for gate in make_gates(100))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"n_rows": 6000}, "'svm' is left out: it takes too long with more than 5,000 rows"),
        ({"fewest": 10}, "'svm' is left out: it needs 15 labels of each class, and .* has 10"),
    ],
)
def test_candidates_that_are_left_out_have_a_reason(settings, reason):
    given = {"input": "formula", "is_classifier": True, "n_targets": 1, "n_rows": 100}
    with pytest.raises(InvalidInputError, match=reason):
        make_candidates(["svm"], None, **{**given, **settings})
