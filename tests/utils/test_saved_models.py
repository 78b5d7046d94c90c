import warnings

import pytest
from common.folders import alter
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from skmat._utils import saved_models
from skmat._utils.model_folder import ModelFolder
from skmat._utils.saved_models import SavedModelMixin, read_model, saved_class, write_model
from skmat.exceptions import InconsistentVersionWarning, InvalidInputError, SavedModelError


class Inner(SavedModelMixin, BaseEstimator):
    def __init__(self, part=None):
        self.part = part

    def fit(self, X, y=None):
        self.mean_ = float(sum(X))
        return self

    def _to_model_folder(self, folder):
        if self.part is not None:
            write_model(self.part, folder.sub("part"))
        return {"mean": self.mean_, "has_part": self.part is not None}

    @classmethod
    def _from_model_folder(cls, folder, content):
        model = cls(read_model(folder.sub("part")) if content["has_part"] else None)
        model.mean_ = content["mean"]
        return model


class Unknown(Inner):
    pass


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(saved_models, "_CLASSES", {})
    saved_class(Inner)


def load(path):
    return read_model(ModelFolder.open(path))


def test_a_model_and_a_model_inside_it(tmp_path):
    model = Inner(Inner().fit([1, 2])).fit([3])
    assert model.save_model(tmp_path / "model") == tmp_path / "model"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = load(tmp_path / "model")
    assert again.mean_ == 3.0
    assert again.part.mean_ == 3.0
    assert again.part.part is None


def test_a_model_that_is_not_fitted(tmp_path):
    with pytest.raises(NotFittedError):
        Inner().save_model(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_classes_of_others_are_not_written(tmp_path):
    for model in (Unknown().fit([1]), Inner(Unknown().fit([1])).fit([1])):
        with pytest.raises(InvalidInputError, match=r"cannot write a \S+\.Unknown"):
            model.save_model(tmp_path / "model")
    # A class of the same name is another one.
    Unknown.__name__ = "Inner"
    with pytest.raises(InvalidInputError):
        Unknown().fit([1]).save_model(tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["Unknown", "os.system", "skmat.MTEncoder", 3, None, ["Inner"]])
def test_classes_that_a_file_names_are_not_imported(tmp_path, name):
    Inner().fit([1]).save_model(tmp_path)
    alter(tmp_path, lambda values: values.update({"class": name}))
    with pytest.raises(SavedModelError, match=r"not a class that skmat .* Known classes: Inner"):
        load(tmp_path)


def test_another_version_is_told_once(tmp_path, monkeypatch):
    Inner(Inner().fit([1])).fit([1]).save_model(tmp_path)
    monkeypatch.setattr(saved_models, "__version__", "99.0")
    with pytest.warns(InconsistentVersionWarning) as caught:
        load(tmp_path)
    (warning,) = (each.message for each in caught)
    assert warning.estimator_name == "Inner"
    assert warning.current_skmat_version == "99.0"
    alter(tmp_path, lambda values: values.pop("skmat_version"))
    with pytest.warns(InconsistentVersionWarning, match="unknown version"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"format": 2}, "Update skmat"),
        ({"format": "1"}, "does not describe a model"),
        ({"format": True}, "does not describe a model"),
        ({"content": [1]}, "does not describe a model"),
        ({"skmat_version": {"a": 1}}, "is not a version"),
    ],
)
def test_other_content(tmp_path, changes, match):
    Inner().fit([1]).save_model(tmp_path)
    alter(tmp_path, lambda values: values.update(changes))
    with pytest.raises(SavedModelError, match=match):
        load(tmp_path)
