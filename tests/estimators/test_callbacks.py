"""Callbacks as a parameter of estimators."""

import joblib
import numpy as np
import pytest
from common.contract import assert_same_in_another_process
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from skorch.callbacks import Callback, EarlyStopping

from skmat import MTEncoder, MTEncoderClassifier, MTEncoderRegressor, load_model
from skmat.exceptions import InvalidInputError, PretrainedError, StopTraining

FORMULAS = ["TiO2", "NaCl", "Fe2O3", "MgO", "ZnO", "Cu", "GaAs", "CdTe"] * 2
LABELS = np.arange(16.0)


class Count(Callback):
    """Count batches, in the object that the user holds and in its own copy."""

    def __init__(self, most=10**9, exception=None):
        self.most = most
        self.exception = exception
        self.totals = []

    def on_train_begin(self, net, **what):
        self.n_ = 0

    def on_batch_end(self, net, **what):
        self.n_ += 1
        if self.n_ > self.most:
            raise self.exception

    def on_train_end(self, net, **what):
        self.totals.append(self.n_)


class Unpicklable(Count):
    def __getstate__(self):
        raise TypeError("holds an open file")

    def __copy__(self):
        return type(self)()


class Aborted(Exception):
    pass


def make(callbacks, kind=MTEncoderRegressor, **parameters):
    return kind(
        preset="tiny", max_epochs=2, batch_size=8, random_state=0, callbacks=callbacks,
        **parameters,
    )  # fmt: skip


def test_each_network_has_copies_of_its_own():
    count = Count()
    model = make([count, ("second", count)], n_estimators=2).fit(FORMULAS, LABELS)
    # Two networks, two copies, two epochs of two batches.
    assert count.totals == [4] * 4
    assert not hasattr(count, "n_")
    without = make(None, n_estimators=2).fit(FORMULAS, LABELS)
    np.testing.assert_array_equal(model.predict(FORMULAS), without.predict(FORMULAS))


@pytest.mark.parametrize("kind", [MTEncoder, MTEncoderClassifier])
def test_encoders_and_classifiers_have_them_too(kind):
    count = Count()
    make([count], kind).fit(FORMULAS, ["a", "b"] * 8)
    assert count.totals == [4]


@pytest.mark.parametrize("previous", ["none", "fit", "partial_fit", "warm_start"])
def test_an_exception_leaves_the_estimator_as_it_was(previous):
    exception = Aborted()
    model = make(None)
    if previous == "partial_fit":
        model.partial_fit(FORMULAS, LABELS)
    elif previous != "none":
        model.fit(FORMULAS, LABELS)
    model.set_params(callbacks=[Count(1, exception)], warm_start=previous == "warm_start")
    before, expected = dict(vars(model)), None
    if previous != "none":
        expected = model.predict(FORMULAS)
    with pytest.raises(Aborted) as caught:
        (model.partial_fit if previous == "partial_fit" else model.fit)(FORMULAS, LABELS)
    assert caught.value is exception
    assert vars(model) == before
    if previous != "none":
        np.testing.assert_array_equal(model.predict(FORMULAS), expected)


def test_partial_fit_takes_those_of_each_call():
    first, second = Count(), Count()
    model = make([first]).partial_fit(FORMULAS, LABELS)
    model.set_params(callbacks=[second]).partial_fit(FORMULAS, LABELS)
    model.set_params(callbacks=None).partial_fit(FORMULAS, LABELS)
    assert first.totals == second.totals == [2]
    without = make(None)
    for _ in range(3):
        without.partial_fit(FORMULAS, LABELS)
    np.testing.assert_array_equal(model.predict(FORMULAS), without.predict(FORMULAS))
    assert len(model.history_) == 3


def test_partial_fit_that_is_stopped_has_no_row_of_its_epoch():
    model = make([Count(0, StopTraining())]).partial_fit(FORMULAS, LABELS)
    assert model.history_ == []
    model.set_params(callbacks=None).partial_fit(FORMULAS, LABELS)
    assert [row["epoch"] for row in model.history_] == [1]


def test_clone_keeps_the_same_objects():
    model = make([Unpicklable(), ("stop", EarlyStopping("train_loss"))])
    again = clone(model.fit(FORMULAS, LABELS))
    assert again.callbacks is model.callbacks
    assert not hasattr(again, "estimators_")
    assert again.get_params() == model.get_params()


def test_splits_and_grids():
    count = Count()
    cross_val_score(make([count]), FORMULAS, LABELS, cv=2)
    # Two fits of two epochs, 8 rows each.
    assert count.totals == [2, 2]
    search = GridSearchCV(make([count]), {"lr": [1e-3, 1e-2]}, cv=2).fit(FORMULAS, LABELS)
    assert count.totals == [2] * 6 + [4]
    assert search.best_estimator_.callbacks == [count]
    in_processes = cross_val_score(make([Count()]), FORMULAS, LABELS, cv=2, n_jobs=2)
    assert np.isfinite(in_processes).all()


def test_a_saved_estimator_keeps_its_callbacks(tmp_path):
    model = make([EarlyStopping("train_loss"), Count()])
    model.fit(FORMULAS, LABELS).partial_fit(FORMULAS, LABELS)
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib")
    assert [type(each) for each in loaded.callbacks] == [EarlyStopping, Count]
    np.testing.assert_array_equal(loaded.predict(FORMULAS), model.predict(FORMULAS))
    # The class of a test cannot be imported elsewhere.
    model.set_params(callbacks=[EarlyStopping("train_loss")])
    assert_same_in_another_process([model], FORMULAS, tmp_path)


def test_a_model_folder_has_no_callbacks(tmp_path):
    model = make([Count()]).fit(FORMULAS, LABELS)
    loaded = load_model(model.save_model(tmp_path / "model"))
    assert loaded.callbacks is None
    np.testing.assert_array_equal(loaded.predict(FORMULAS), model.predict(FORMULAS))


def test_a_run_resumes_with_other_callbacks(tmp_path):
    folder = str(tmp_path / "run")
    model = make([Count(3, Aborted())], MTEncoder, checkpoint_dir=folder)
    with pytest.raises(Aborted):
        model.fit(FORMULAS)
    count = Count()
    resumed = make([count, EarlyStopping("train_loss")], MTEncoder, checkpoint_dir=folder)
    resumed.fit(FORMULAS)
    assert count.totals == [2]
    whole = make(None, MTEncoder).fit(FORMULAS)
    np.testing.assert_array_equal(resumed.transform(FORMULAS), whole.transform(FORMULAS))
    with pytest.raises(PretrainedError, match="another run"):
        make(None, MTEncoder, checkpoint_dir=folder, lr=1e-2).fit(FORMULAS)


def test_other_things_are_refused_before_X_is_read():
    with pytest.raises(InvalidInputError, match=r"callbacks\[0\] is 'stop'"):
        make(["stop"]).fit(["no formula"], [1.0])
    with pytest.raises(ValueError, match="instance of 'list'"):
        make(EarlyStopping()).fit(FORMULAS, LABELS)
