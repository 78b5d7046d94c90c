import numpy as np
import pandas as pd
import pytest

from skmat.benchmark import FoldResult, MatbenchResults
from skmat.benchmark._metrics import METRICS
from skmat.benchmark._scores import is_defined, is_error, read_many, read_scores, select_tasks
from skmat.exceptions import InvalidInputError


def make_scores(task="steels", n_folds=2, **metrics):
    return pd.DataFrame(
        {"task": task, "fold": range(n_folds), "n_train": 80, "n_test": 20, **metrics}
    )


def make_results(name, mae=1.0):
    folds = [
        FoldResult("matbench_steels", fold, 80, 20, {"mae": mae + fold}, {}, 0, 1.0, 1.0, 1.0, {})
        for fold in range(2)
    ]
    return MatbenchResults(name, folds)


def test_results_and_their_tables_are_read_alike():
    results = make_results("forest")
    name, scores = read_scores(results, "ours")
    name_of_table, scores_of_table = read_scores(results.scores, "ours")
    assert (name, name_of_table) == ("forest", "ours")
    pd.testing.assert_frame_equal(scores, scores_of_table)
    assert scores["mae"].tolist() == [1.0, 2.0]


def test_rows_come_in_the_order_of_tasks_and_folds():
    table = pd.concat([make_scores("mp_gap"), make_scores("steels").iloc[::-1]])
    _, scores = read_scores(table, "ours")
    expected = [("matbench_steels", 0), ("matbench_steels", 1)]
    assert scores.index.tolist() == [*expected, ("matbench_mp_gap", 0), ("matbench_mp_gap", 1)]


def test_absent_metrics_are_nan():
    _, scores = read_scores(make_scores(mae=[1.0, 2.0]), "ours")
    assert set(METRICS) <= set(scores.columns)
    assert scores["rmse"].isna().all()


def test_the_table_of_the_user_is_not_changed():
    table = make_scores()
    read_scores(table, "ours")
    assert table["task"].tolist() == ["steels", "steels"]


@pytest.mark.parametrize("value", [None, 3, "forest", make_scores().drop(columns="n_train")])
def test_what_is_no_result_is_refused(value):
    with pytest.raises(InvalidInputError, match="Expected MatbenchResults"):
        read_scores(value, "ours")


def test_a_fold_that_occurs_twice_is_refused():
    with pytest.raises(InvalidInputError, match=r"Fold 0 of matbench_steels occurs twice .*'b'"):
        read_scores(pd.concat([make_scores(), make_scores()]), "b")


def test_an_unknown_task_is_refused():
    with pytest.raises(InvalidInputError, match="Unknown Matbench task 'steal'"):
        read_scores(make_scores("steal"), "ours")


def test_several_results():
    table = make_scores()
    assert list(read_many(None)) == []
    assert list(read_many(table)) == ["ours"]
    assert list(read_many([make_results("forest"), table])) == ["forest", "ours 1"]
    assert list(read_many({"a": make_results("forest"), "b": table})) == ["a", "b"]
    with pytest.raises(InvalidInputError, match="same name"):
        read_many([make_results("forest"), make_results("forest")])


def test_metrics():
    assert is_error("mae")
    assert is_error("max_error")
    assert not is_error("r2")
    assert not is_error("roc_auc")
    assert is_defined("r2", "matbench_steels")
    assert not is_defined("r2", "matbench_glass")
    assert is_defined("f1", "matbench_glass")
    with pytest.raises(InvalidInputError, match="Unknown metric 'auc'"):
        is_defined("auc", "matbench_glass")


def test_every_metric_is_either_an_error_or_a_score():
    perfect = {name: 0.0 if is_error(name) else 1.0 for name in METRICS}
    assert perfect == {
        **dict.fromkeys(["mae", "rmse", "max_error", "mape"], 0.0),
        **dict.fromkeys(["r2", "roc_auc", "balanced_accuracy", "accuracy", "f1"], 1.0),
        **dict.fromkeys(["balanced_accuracy_at_half", "accuracy_at_half", "f1_at_half"], 1.0),
    }


def test_select_tasks():
    held = {"matbench_glass", "matbench_steels"}
    assert select_tasks(None, held, "it") == ["matbench_steels", "matbench_glass"]
    assert select_tasks("glass", held, "it") == ["matbench_glass"]
    assert select_tasks(["glass", "matbench_glass"], held, "it") == ["matbench_glass"]
    with pytest.raises(InvalidInputError, match=r"\['matbench_mp_gap'\] are not in it, which has"):
        select_tasks(["glass", "mp_gap"], held, "it")
    assert np.size(select_tasks(None, {}, "it")) == 0
