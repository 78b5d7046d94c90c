"""Fitted estimators in model folders, without pickle."""

from dataclasses import replace

import sklearn
from sklearn.frozen import FrozenEstimator
from sklearn.utils._metadata_requests import SIMPLE_METHODS

from skmat._utils.plain_data import PlainData
from skmat._utils.saved_models import SavedModelMixin, read_model, write_model
from skmat.estimators._network_folder import SAVED_OBJECTIVES, read_network, write_network
from skmat.estimators._pretrained import CheckpointMixin
from skmat.exceptions import InvalidInputError, SavedModelError, shorten
from skmat.objectives import Distillation, Objective, TeacherDescription
from skmat.pretrained import LoadReport, ModelCard

__all__ = ["ModelFolderMixin", "metadata_requests", "request_metadata"]

#: Parameters that are None after loading. They do not change predictions. Callbacks are code. The
#: others name folders of the machine, which may hold pickles, so that loading must not take them
#: from a file.
_LEFT_OUT = ("callbacks", "checkpoint_dir", "memory")

#: Attributes that are written in another form, or follow from the networks.
_APART = ("estimators_", "history_", "_metadata_request")

_DATA = PlainData([LoadReport, ModelCard, TeacherDescription, *SAVED_OBJECTIVES])

#: Folder of the encoder that is the parameter `pretrained`.
_SOURCE = "pretrained"


class ModelFolderMixin(SavedModelMixin):
    """The method ``save_model`` of encoders, regressors and classifiers."""

    def _to_model_folder(self, folder):
        parameters = self.get_params(deep=False)
        written = {
            name: _DATA.encode(_without_teachers(value), f"the parameter {name!r}")
            for name, value in parameters.items()
            if name not in (*_LEFT_OUT, "pretrained")
        }
        attributes = {
            name: _DATA.encode(value, f"the attribute {name!r}")
            for name, value in vars(self).items()
            if name not in parameters and name not in _APART
        }
        return {
            "parameters": written,
            "pretrained": _write_source(self.pretrained, folder),
            "attributes": attributes,
            "metadata_requests": metadata_requests(self),
            "networks": [
                write_network(fitted, folder, index)
                for index, fitted in enumerate(self.estimators_)
            ],
        }

    @classmethod
    def _from_model_folder(cls, folder, content):
        parts = {key: _part(content, key, kind, folder) for key, kind in _PARTS.items()}
        parameters = {
            name: _DATA.decode(value, f"{folder}: the parameter {shorten(name)}")
            for name, value in parts["parameters"].items()
        }
        parameters["pretrained"] = _read_source(parts["pretrained"], folder)
        known = set(cls._get_param_names())
        unknown = sorted(set(parameters) - known)
        if unknown or set(parameters) & set(_LEFT_OUT):
            raise SavedModelError(
                f"{folder}: {cls.__name__} has no saved parameters {shorten(unknown)}. Load the"
                " model with the version of skmat that saved it."
            )
        estimator = cls(**parameters)
        if not parts["networks"]:
            raise SavedModelError(f"{folder} holds no network. Save the model again.")
        for name, value in parts["attributes"].items():
            taken = name in known or name in _APART or hasattr(cls, name)
            if taken or not name.isidentifier():
                raise SavedModelError(
                    f"{folder}: {shorten(name)} is not an attribute of a fitted {cls.__name__}."
                )
            setattr(estimator, name, _DATA.decode(value, f"{folder}: the attribute {name!r}"))
        estimator._keep_models(
            [
                read_network(cls, each, folder, index)
                for index, each in enumerate(parts["networks"])
            ]
        )
        request_metadata(estimator, parts["metadata_requests"], folder)
        return estimator


#: Parts of the content of model.json, and their types.
_PARTS = {
    "parameters": dict,
    "pretrained": dict,
    "attributes": dict,
    "metadata_requests": dict,
    "networks": list,
}


def _part(content, key, kind, folder):
    value = content.get(key)
    if not isinstance(value, kind):
        raise SavedModelError(f"{folder}: {key!r} is missing or damaged. Save the model again.")
    return value


def _write_source(source, folder):
    """Write the parameter `pretrained`. An estimator becomes a sub-model."""
    is_frozen = type(source) is FrozenEstimator
    estimator = source.estimator if is_frozen else source
    if not isinstance(estimator, CheckpointMixin):
        return {"value": _DATA.encode(source, "the parameter 'pretrained'")}
    if not hasattr(estimator, "estimators_"):
        raise InvalidInputError(
            f"save_model cannot write pretrained={shorten(source)}, which is not fitted. Set"
            " `pretrained` to None or to the folder of save_pretrained before you save."
        )
    write_model(estimator, folder.sub(_SOURCE))
    return {"is_model": True, "is_frozen": is_frozen}


def _read_source(content, folder):
    if not content.get("is_model"):
        return _DATA.decode(content.get("value"), f"{folder}: the parameter 'pretrained'")
    source = read_model(folder.sub(_SOURCE))
    if not isinstance(source, CheckpointMixin):
        raise SavedModelError(f"{folder}: `pretrained` is a {type(source).__name__}, no encoder.")
    return FrozenEstimator(source) if content.get("is_frozen") else source


def _without_teachers(value):
    """Return a parameter with the descriptions of teachers in their place."""
    if isinstance(value, list | tuple) and any(isinstance(each, Objective) for each in value):
        return type(value)(_without_teachers(each) for each in value)
    if isinstance(value, Distillation):
        return replace(value, teacher=TeacherDescription(value.describe()["teacher"]))
    return value


def metadata_requests(estimator):
    """Return what ``set_fit_request`` and its siblings were given, by method."""
    if not hasattr(estimator, "_metadata_request"):
        return {}
    found = {
        method: dict(getattr(estimator._metadata_request, method).requests)
        for method in SIMPLE_METHODS
    }
    return {method: requests for method, requests in found.items() if requests}


def request_metadata(estimator, requests, folder):
    for method, given in requests.items():
        setter = getattr(estimator, f"set_{method}_request", None)
        try:
            with sklearn.config_context(enable_metadata_routing=True):
                setter(**given)
        except (TypeError, ValueError) as error:
            raise SavedModelError(
                f"{folder}: {type(estimator).__name__} cannot request {shorten(given)} for"
                f" {shorten(method)} ({error})."
            ) from error
