"""Fitted Auto estimators in model folders, without pickle."""

import numpy as np
import pandas as pd

from skmat._utils.plain_data import PlainData
from skmat._utils.saved_models import SavedModelMixin, read_model, write_model
from skmat._utils.sklearn_files import dump_sklearn, load_sklearn
from skmat.auto._candidates import Candidate
from skmat.auto._class_average import ClassAverage
from skmat.auto._intervals import ConformalScale
from skmat.auto._learned import Learned
from skmat.auto._novelty import NoveltyScale
from skmat.auto._number_average import NumberAverage
from skmat.auto._part import Gate, Part
from skmat.auto._target_shape import TargetShape
from skmat.auto._trial import Trial
from skmat.estimators._saving import metadata_requests, request_metadata
from skmat.exceptions import InvalidInputError, SavedModelError, shorten

__all__ = ["AutoFolderMixin"]

_DATA = PlainData([TargetShape])

#: Attributes that are written in another form.
_APART = ("_averages", "_ranked", "_novelty", "leaderboard_", "_metadata_request")

#: File of the arrays of the whole model.
_ARRAYS = "arrays.safetensors"


class AutoFolderMixin(SavedModelMixin):
    """The method ``save_model`` of AutoRegressor and AutoClassifier."""

    def _to_model_folder(self, folder):
        parameters = self.get_params(deep=False)
        ranked = self._ranked or []
        parts = [each for average in self._averages for each in average.parts]
        parts += [each for of_target in ranked for each in of_target]
        trials = list({id(trial): trial for each in parts for trial in each.trials}.values())
        places = {id(trial): place for place, trial in enumerate(trials)}
        folder.write_arrays(_ARRAYS, self._novelty.to_arrays())
        return {
            "parameters": {
                name: _DATA.encode(value, f"the parameter {name!r}")
                for name, value in parameters.items()
                if name != "candidates"
            },
            "attributes": {
                name: _DATA.encode(value, f"the attribute {name!r}")
                for name, value in vars(self).items()
                if name not in parameters and name not in _APART
            },
            "metadata_requests": metadata_requests(self),
            "leaderboard": _DATA.encode(
                self.leaderboard_.to_dict(orient="list"), "the attribute 'leaderboard_'"
            ),
            "trials": [_write_trial(each, folder, place) for place, each in enumerate(trials)],
            "averages": [_write_average(each, folder, places) for each in self._averages],
            "ranked": self._ranked
            and [[_part_content(each, places) for each in of_target] for of_target in ranked],
        }

    @classmethod
    def _from_model_folder(cls, folder, content):
        try:
            return cls._decoded(folder, content)
        # Content of a wrong form can raise any of these.
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            if isinstance(error, SavedModelError | InvalidInputError):
                raise
            raise SavedModelError(
                f"{folder} does not describe a fitted {cls.__name__} ({shorten(str(error), 200)})."
                " Save the model again."
            ) from error

    @classmethod
    def _decoded(cls, folder, content):
        known = set(cls._get_param_names()) - {"candidates"}
        given = content["parameters"]
        unknown = sorted(set(given) - known)
        if unknown:
            raise SavedModelError(
                f"{folder}: {cls.__name__} has no parameters {unknown}. Load the model with the"
                " version of skmat that saved it."
            )
        model = cls(
            **{name: _DATA.decode(value, f"{folder}: {name!r}") for name, value in given.items()}
        )
        model._validate_params()
        for name, value in content["attributes"].items():
            if not name.isidentifier() or hasattr(model, name) or name in _APART:
                raise SavedModelError(
                    f"{folder}: {shorten(name)} is not an attribute of a fitted {cls.__name__}."
                )
            setattr(model, name, _DATA.decode(value, f"{folder}: {name!r}"))
        trials = [_read_trial(each, folder, place) for place, each in enumerate(content["trials"])]
        gates: dict[tuple, Gate] = {}
        model._averages = [
            _read_average(each, folder, trials, gates) for each in content["averages"]
        ]
        if [each.target for each in model._averages] != list(range(model.n_outputs_)):
            raise SavedModelError(f"{folder} does not hold one average per target.")
        ranked = content["ranked"]
        model._ranked = ranked and [
            [_read_part(each, trials, gates) for each in of_target] for of_target in ranked
        ]
        model._novelty = NoveltyScale.from_arrays(folder.read_arrays(_ARRAYS))
        table = _DATA.decode(content["leaderboard"], f"{folder}: 'leaderboard_'")
        model.leaderboard_ = pd.DataFrame(table)
        request_metadata(model, content["metadata_requests"], folder)
        return model


def _write_trial(trial, folder, place):
    candidate = trial.candidate
    for index, model in enumerate(trial.models):
        name = f"model-{place}-{index}"
        if isinstance(model, SavedModelMixin):
            write_model(model, folder.sub(name))
            continue
        try:
            folder.write_bytes(f"{name}.skops", dump_sklearn(model))
        except InvalidInputError as error:
            raise InvalidInputError(f"The candidate {trial.name!r}: {error}") from error
    return {
        "name": trial.name,
        "candidate": candidate.name,
        "reads": candidate.reads if isinstance(candidate.reads, str) else list(candidate.reads),
        "is_network": candidate.is_network,
        "is_joint": candidate.is_joint,
        "may_write": candidate.may_write,
        "n_models": len(trial.models),
        "learned": [
            {
                "target": each.target,
                "center": _DATA.encode(float(each.center), "a scale"),
                "scale": _DATA.encode(float(each.scale), "a scale"),
                "log_unit": _DATA.encode(each.log_unit, "a unit"),
                "n_classes": each.n_classes,
                "ceiling": _DATA.encode(float(each.ceiling), "a limit"),
                "lowest": _DATA.encode(each.lowest, "a label"),
            }
            for each in trial.learned
        ],
    }


def _read_trial(content, folder, place):
    reads = content["reads"]
    candidate = Candidate(
        name=content["candidate"],
        model=None,
        reads=reads if isinstance(reads, str) else tuple(reads),
        is_network=content["is_network"],
        is_joint=content["is_joint"],
        # Models of older folders do not say it.
        may_write=content.get("may_write", True),
    )
    learned = [
        Learned(
            each["target"],
            np.empty(0),
            _DATA.decode(each["center"], "a scale"),
            _DATA.decode(each["scale"], "a scale"),
            _DATA.decode(each["log_unit"], "a unit"),
            each["n_classes"],
            _DATA.decode(each["lowest"], "a label"),
            _DATA.decode(each["ceiling"], "a limit"),
        )
        for each in content["learned"]
    ]
    models = []
    for index in range(content["n_models"]):
        name = f"model-{place}-{index}"
        file = f"{name}.skops"
        if file in folder.names():
            models.append(load_sklearn(folder.read_bytes(file)))
        else:
            models.append(read_model(folder.sub(name)))
    return Trial(content["name"], candidate, learned, models)


def _part_content(part, places):
    gate = part.gate
    return {
        "trial": places[id(part.trial)],
        "error": _DATA.encode(float(part.error), "an error"),
        "weight": float(part.weight),
        "temperature": float(part.temperature),
        "ratios": _DATA.encode(part.ratios, "ratios"),
        "gate": gate
        and {"lowest": gate.lowest, "trials": [places[id(each)] for each in gate.trials]},
    }


def _read_part(content, trials, gates):
    gate = content["gate"]
    if gate is not None:
        key = (gate["lowest"], *gate["trials"])
        gates.setdefault(key, Gate(gate["lowest"], [trials[place] for place in gate["trials"]]))
        gate = gates[key]
    error = _DATA.decode(content["error"], "an error")
    weight, temperature = content["weight"], content["temperature"]
    ratios = _DATA.decode(content["ratios"], "ratios")
    return Part(trials[content["trial"]], gate, error, weight, temperature, ratios)


def _write_average(average, folder, places):
    parts = [_part_content(each, places) for each in average.parts]
    common = {"target": average.target, "parts": parts}
    if isinstance(average, ClassAverage):
        thresholds = _DATA.encode(average.thresholds, "the thresholds")
        return {**common, "temperature": average.temperature, "thresholds": thresholds}
    scale = average.scale
    if scale.trees is not None:
        folder.write_bytes(f"scale-{average.target}.skops", dump_sklearn(scale.trees))
    return {
        **common,
        "shape": _DATA.encode(average.shape, "the bounds"),
        "unit": _DATA.encode(scale.unit, "the intervals"),
        "scores": _DATA.encode(scale.scores, "the intervals"),
        "levels": _DATA.encode(scale.levels, "the intervals"),
    }


def _read_average(content, folder, trials, gates):
    target = content["target"]
    parts = [_read_part(each, trials, gates) for each in content["parts"]]
    if "thresholds" in content:
        thresholds = _DATA.decode(content["thresholds"], "the thresholds")
        return ClassAverage(target, parts, content["temperature"], thresholds)
    shape = _DATA.decode(content["shape"], "the bounds")
    file = f"scale-{target}.skops"
    scale = ConformalScale(
        _DATA.decode(content["unit"], "the intervals"),
        _DATA.decode(content["scores"], "the intervals"),
        _DATA.decode(content["levels"], "the intervals"),
        load_sklearn(folder.read_bytes(file)) if file in folder.names() else None,
    )
    return NumberAverage(target, parts, shape, scale)
