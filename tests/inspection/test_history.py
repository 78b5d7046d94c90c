import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from skmat.exceptions import InvalidInputError
from skmat.inspection import HistoryDisplay

pytestmark = pytest.mark.usefixtures("pyplot")


class Trained(BaseEstimator):
    """Stands for an estimator; `history` is what its fit leaves behind."""

    def __init__(self, history=None):
        self.history = history

    def fit(self):
        self.history_ = self.history
        return self


def make_history(n_epochs, *, member=0, valid=True):
    return [
        {"epoch": epoch, "train_loss": 1 / epoch, "estimator": member}
        | ({"valid_loss": (epoch - 3) ** 2 + 1.0} if valid else {})
        for epoch in range(1, n_epochs + 1)
    ]


def test_from_estimator():
    display = HistoryDisplay.from_estimator(Trained(make_history(5)).fit())
    assert isinstance(display, HistoryDisplay)
    assert display.figure_ is display.ax_.figure
    (train,), (valid,) = display.train_lines_, display.valid_lines_
    np.testing.assert_array_equal(train.get_xdata(), np.arange(1, 6))
    np.testing.assert_allclose(train.get_ydata(), 1 / np.arange(1, 6))
    np.testing.assert_array_equal(valid.get_ydata(), [5, 2, 1, 2, 5])
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["Training", "Validation", "Lowest"]
    assert display.ax_.get_xlabel() == "Epoch"


def test_lowest_validation_loss_is_marked():
    display = HistoryDisplay(history=make_history(5)).plot()
    (dot,) = [line for line in display.ax_.lines if line.get_marker() == "o"]
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (3, 1)


def test_without_validation():
    display = HistoryDisplay(history=make_history(3, valid=False)).plot()
    assert len(display.train_lines_) == 1
    assert display.valid_lines_ == []
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["Training"]


def test_members_have_a_curve_each():
    history = make_history(5, member=0) + make_history(3, member=1)
    display = HistoryDisplay(history=history).plot()
    assert [len(line.get_xdata()) for line in display.train_lines_] == [5, 3]
    assert [len(line.get_xdata()) for line in display.valid_lines_] == [5, 3]
    assert len(display.ax_.get_legend().get_texts()) == 3


def test_member_may_be_absent():
    history = [{"epoch": 1, "train_loss": 2.0}, {"epoch": 2, "train_loss": 1.0}]
    assert len(HistoryDisplay(history=history).plot().train_lines_) == 1


def test_single_epoch_is_visible():
    display = HistoryDisplay(history=make_history(1, valid=False)).plot()
    assert display.train_lines_[0].get_marker() == "."


def test_given_axes_and_scale(pyplot):
    figure, ax = pyplot.subplots()
    estimator = Trained(make_history(4)).fit()
    display = HistoryDisplay.from_estimator(estimator, ax=ax, log_scale=True)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert ax.get_yscale() == "log"
    figure.canvas.draw()


def test_unfitted():
    with pytest.raises(NotFittedError):
        HistoryDisplay.from_estimator(Trained())


def test_empty_history():
    with pytest.raises(InvalidInputError, match="empty"):
        HistoryDisplay(history=[]).plot()
