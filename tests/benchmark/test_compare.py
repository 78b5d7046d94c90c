import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student_t

from skmat.benchmark import compare_results, performance_gain
from skmat.exceptions import InvalidInputError

A = [95.0, 91.0, 107.0, 91.0, 104.0]
B = [102.0, 95.0, 118.0, 90.0, 112.0]


def make_scores(task, *, folds=None, n_train=80, n_test=20, **metrics):
    n_folds = len(next(iter(metrics.values())))
    folds = range(n_folds) if folds is None else folds
    return pd.DataFrame(
        {"task": task, "fold": folds, "n_train": n_train, "n_test": n_test, **metrics}
    )


def test_difference_of_errors_is_positive_where_a_is_lower():
    table = compare_results(make_scores("steels", mae=A), make_scores("steels", mae=B))
    assert table.index.tolist() == ["matbench_steels"]
    row = table.loc["matbench_steels"]
    assert row["metric"] == "mae"
    assert (row["a"], row["b"]) == (np.mean(A), np.mean(B))
    assert row["difference"] == pytest.approx(5.8)
    assert row["relative"] == pytest.approx(5.8 / 103.4)
    assert (row["a_wins"], row["n_folds"]) == (4, 5)


def test_difference_of_scores_is_positive_where_a_is_higher():
    a = make_scores("glass", roc_auc=[0.90, 0.92, 0.91])
    b = make_scores("glass", roc_auc=[0.88, 0.93, 0.88])
    row = compare_results(a, b).loc["matbench_glass"]
    assert row["metric"] == "roc_auc"
    assert row["difference"] == pytest.approx(0.04 / 3)
    assert row["a_wins"] == 2


@pytest.mark.parametrize(("task", "metric"), [("steels", "mae"), ("steels", "r2")])
def test_swapping_changes_the_sign(task, metric):
    a, b = make_scores(task, **{metric: A}), make_scores(task, **{metric: B})
    forth = compare_results(a, b, metric=metric).loc["matbench_steels"]
    back = compare_results(b, a, metric=metric).loc["matbench_steels"]
    assert forth["difference"] == pytest.approx(-back["difference"])
    assert (forth["low"], forth["high"]) == pytest.approx((-back["high"], -back["low"]))


def test_interval_is_corrected_for_overlapping_training_sets():
    row = compare_results(make_scores("steels", mae=A), make_scores("steels", mae=B)).iloc[0]
    s = np.std(np.subtract(B, A), ddof=1)
    # 1/k + n_test/n_train = 1/5 + 20/80
    margin = student_t.ppf(0.975, 4) * s * np.sqrt(0.45)
    assert (row["low"], row["high"]) == pytest.approx((5.8 - margin, 5.8 + margin))


def test_interval_grows_with_the_test_share_and_the_confidence():
    def width(confidence=0.95, **sizes):
        a, b = make_scores("steels", mae=A, **sizes), make_scores("steels", mae=B, **sizes)
        row = compare_results(a, b, confidence=confidence).iloc[0]
        return row["high"] - row["low"]

    assert width(n_train=50, n_test=50) > width()
    assert width(confidence=0.99) > width()


def test_pairing_finds_what_means_hide():
    level, shift = np.array([[10.0, 50.0, 20.0, 90.0, 30.0], [1.0, 2.0, 1.0, 2.0, 1.0]])
    a, b = make_scores("steels", mae=level), make_scores("steels", mae=level + shift)
    row = compare_results(a, b).iloc[0]
    assert row["low"] > 0


def test_only_shared_tasks_and_folds_are_compared():
    a = pd.concat([make_scores("steels", mae=A), make_scores("jdft2d", mae=A)])
    b = make_scores("steels", mae=[B[3], B[1]], folds=[3, 1])
    table = compare_results(a, b)
    assert table.index.tolist() == ["matbench_steels"]
    assert table["n_folds"].tolist() == [2]
    assert table["difference"].iloc[0] == pytest.approx((B[1] - A[1] + B[3] - A[3]) / 2)


def test_a_single_fold_has_no_interval():
    row = compare_results(make_scores("steels", mae=[1.0]), make_scores("steels", mae=[2.0])).iloc[
        0
    ]
    assert row["difference"] == 1
    assert np.isnan([row["low"], row["high"]]).all()


def test_equal_results():
    a = make_scores("steels", mae=A)
    row = compare_results(a, a).iloc[0]
    assert (row["difference"], row["low"], row["high"], row["a_wins"]) == (0, 0, 0, 0)


def test_metric_selects_the_tasks_that_have_it():
    a = pd.concat(
        [make_scores("steels", mae=[1.0, 2.0]), make_scores("glass", roc_auc=[0.9, 0.8])]
    )
    assert compare_results(a, a)["metric"].tolist() == ["mae", "roc_auc"]
    assert compare_results(a, a, metric="mae").index.tolist() == ["matbench_steels"]
    assert compare_results(a, a, tasks="glass").index.tolist() == ["matbench_glass"]
    with pytest.raises(InvalidInputError, match="has the metric 'mae'"):
        compare_results(a, a, tasks="glass", metric="mae")
    with pytest.raises(InvalidInputError, match="Unknown metric 'auc'"):
        compare_results(a, a, metric="auc")


@pytest.mark.parametrize("function", [compare_results, performance_gain])
def test_what_cannot_be_paired_is_refused(function):
    a = make_scores("steels", mae=A)
    with pytest.raises(InvalidInputError, match=r"share no fold: .* \[0, 1, 2, 3, 4\] of matb"):
        function(a, make_scores("jdft2d", mae=A))
    with pytest.raises(InvalidInputError, match="share no fold"):
        function(
            make_scores("steels", mae=[1.0], folds=[0]),
            make_scores("steels", mae=[1.0], folds=[1]),
        )
    with pytest.raises(InvalidInputError, match="different numbers of rows"):
        function(a, make_scores("steels", mae=B, n_train=90, n_test=10))
    with pytest.raises(InvalidInputError, match="'b' lack the mae of some folds of matbench_stee"):
        function(a, make_scores("steels", mae=[*B[:4], np.nan]))
    with pytest.raises(InvalidInputError, match="are not in both results"):
        function(a, a, tasks=["steels", "jdft2d"])


def test_labels_alone_have_no_default_metric():
    labels = make_scores("glass", balanced_accuracy=[0.8, 0.9])
    with pytest.raises(InvalidInputError, match="predict_proba"):
        compare_results(labels, labels)
    assert compare_results(labels, labels, metric="balanced_accuracy")["n_folds"].tolist() == [2]


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_is_a_probability(confidence):
    a = make_scores("steels", mae=A)
    with pytest.raises(InvalidInputError, match=f"between 0 and 1, got {confidence}"):
        compare_results(a, a, confidence=confidence)


@pytest.fixture
def baseline():
    return pd.concat(
        [
            make_scores("steels", mae=[100.0, 120.0]),
            make_scores("jdft2d", mae=[40.0, 40.0]),
            make_scores("glass", roc_auc=[0.90, 0.92]),
        ]
    )


def test_performance_gain(baseline):
    better = pd.concat(
        [
            make_scores("steels", mae=[90.0, 108.0]),
            make_scores("jdft2d", mae=[50.0, 50.0]),
            make_scores("glass", roc_auc=[0.955, 0.955]),
        ]
    )
    table = performance_gain(better, baseline)
    tasks = ["matbench_steels", "matbench_jdft2d", "matbench_glass"]
    assert table.index.tolist() == [*tasks, "mean", "median"]
    # (110 - 99) / 110, (40 - 50) / 40 and, of the distance to 1, (0.09 - 0.045) / 0.09
    assert table["gain"].tolist() == pytest.approx([10, -25, 50, 35 / 3, 10])
    assert table["loss"].tolist()[:3] == ["mae", "mae", "1 - roc_auc"]
    assert table["baseline"].tolist()[:3] == pytest.approx([110, 40, 0.09])
    assert table["model"].tolist()[:3] == pytest.approx([99, 50, 0.045])
    assert table["n_folds"].tolist()[:3] == [2, 2, 2]
    assert table.loc["mean", ["loss", "baseline", "model", "n_folds"]].isna().all()


def test_performance_gain_on_some_tasks(baseline):
    better = baseline.assign(mae=baseline["mae"] * 0.8)
    table = performance_gain(better, baseline, tasks=["jdft2d", "steels"])
    assert table.index.tolist() == ["matbench_jdft2d", "matbench_steels", "mean", "median"]
    assert table["gain"].tolist() == pytest.approx([20.0] * 4)


def test_performance_gain_averages_losses_over_the_folds_of_both(baseline):
    better = make_scores("steels", mae=[60.0], folds=[1])
    table = performance_gain(better, baseline)
    assert table.loc["matbench_steels", "gain"] == pytest.approx(50)
    assert table.loc["matbench_steels", "n_folds"] == 1


def test_no_gain_over_oneself(baseline):
    assert performance_gain(baseline, baseline)["gain"].tolist() == [0.0] * 5


def test_nothing_can_be_gained_over_a_perfect_baseline():
    perfect = make_scores("glass", roc_auc=[1.0, 1.0])
    with pytest.raises(InvalidInputError, match="'b' is perfect on matbench_glass"):
        performance_gain(perfect.assign(roc_auc=0.9), perfect)
