"""The whole workflow on a shipped data set, for ``skmat demo``.

The data are transport properties of compounds (:func:`skmat.datasets.load_transport`). A few
hundred compounds have labels, as in a project with costly labels. The others are held out to score
every method.
"""

import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor

from skmat._utils.atomic import atomic_file
from skmat._utils.paths import make_folder
from skmat.auto import AutoRegressor
from skmat.cli.model_files import check_outside, save_model
from skmat.cli.result_files import write_table
from skmat.composition import read_compositions
from skmat.datasets import load_transport
from skmat.estimators import MTEncoder, MTEncoderRegressor
from skmat.exceptions import InvalidInputError, SkmatError
from skmat.featurizers import MagpieFeaturizer
from skmat.inspection import ParityDisplay

__all__ = ["FORMULAS", "FULL", "QUICK", "Sizes", "run_demo"]

TARGETS = ["S_p", "S_n", "PF_p", "PF_n"]

SCRATCH, PRETRAINED = "MTEncoder, random weights", "MTEncoder, pretrained"
AUTO = "AutoRegressor"

#: Probability that the intervals hold the true value.
COVERAGE = 0.9

#: Fraction of labels removed at random, to imitate a table with missing labels.
MISSING = 0.3

#: Files of the demo, in the order in which they are written, and the start of the first one.
_FILES = ("results.csv", "predictions.csv", "parity.png", "model.joblib")
_HEADER = "model,target,MAE,unit,n_held_out"

#: Well-known thermoelectrics.
FORMULAS = ["Bi2Te3", "PbTe", "SnSe", "Mg2Si", "SrTiO3", "CoSb3"]


@dataclass(frozen=True)
class Sizes:
    """Sizes of the data and models.

    Parameters
    ----------
    n_labelled, n_held_out : int
        Compounds in each part.
    n_trees : int
        Trees in each forest.
    max_epochs : int
        Passes of each network over the labelled compounds, fewer than the default of the
        estimators.
    n_folds : int
        Folds of AutoRegressor, fewer than by default.
    """

    n_labelled: int
    n_held_out: int
    n_trees: int = 200
    max_epochs: int = 25
    n_folds: int = 4


FULL = Sizes(400, 2000)
QUICK = Sizes(300, 500, n_trees=50, max_epochs=8)


def run_demo(output="skmat-demo", *, sizes=FULL, formulas=None, pretrained="auto", random_state=0):
    """Fit, compare, save, and predict in a new process.

    Parameters
    ----------
    output : path-like, default="skmat-demo"
        Folder for results.csv, predictions.csv, parity.png and model.joblib. Created if missing.
        Files of an earlier demo are replaced.
    sizes : Sizes, default=FULL
        Sizes of the data and models.
    formulas : list of str, default=None
        Formulas for the saved model. None takes six known thermoelectrics.
    pretrained : str, path-like or fitted encoder, default="auto"
        Encoder to fine-tune, in the form that :class:`skmat.MTEncoder` takes.
    random_state : int, default=0
        Seed of the split, the missing labels and all models.

    Returns
    -------
    DataFrame of shape (n_models, n_targets)
        Mean absolute errors on the held-out compounds, in the units of the targets.

    Raises
    ------
    InvalidInputError
        If `output` holds files of these names that are not of a demo, or is a folder of ``skmat
        train``.
    """
    start = time.perf_counter()
    formulas = list(formulas or FORMULAS)
    read_compositions(formulas)  # raise for typing errors now, not at the end
    output = Path(output)
    _check_replaceable(output)
    make_folder(output, "output")

    _say("Data")
    parts, units = _split(sizes, random_state)
    _describe(parts)
    _say("Load the encoder")
    encoder = MTEncoder(pretrained=pretrained).fit(["H"])
    print(textwrap.fill(encoder.model_card_.description, 88))

    labelled = parts["labelled"]
    X, y = labelled["formula"].tolist(), labelled[TARGETS]
    models = {
        "mean of the labels": _Mean(),
        "Magpie + random forest": _Forests(MagpieFeaturizer(), sizes.n_trees, random_state),
        SCRATCH: _regressor(None, sizes, random_state),
        PRETRAINED: _regressor(encoder, sizes, random_state),
        AUTO: _auto(encoder, sizes, random_state),
    }

    held_out = parts["held out"]
    predictions = {}
    for name, model in models.items():
        _say(f"Fit on {len(X)} labelled compounds: {name}")
        predictions[name] = model.fit(X, y).predict(held_out["formula"].tolist())
    errors = pd.DataFrame(
        {name: (held_out[TARGETS] - each).abs().mean() for name, each in predictions.items()}
    ).T
    # Fixed before scoring: held-out compounds must not choose the model.
    final = AUTO
    _write_results(output, errors, units, held_out, predictions, final)
    save_model(models[final], output / "model.joblib")
    _say(f"Mean absolute errors on {len(held_out)} held-out compounds")
    print(_format(errors, units))
    print(_verdict(errors, final))
    print(_coverages(models[final], held_out))

    _say(f"Predictions of {output / 'model.joblib'} in a new process")
    here = models[final].predict(formulas)
    there = _predict_in_new_process(output / "model.joblib", formulas)
    if not np.array_equal(here, there):
        raise SkmatError("The saved model predicts other numbers than the one in memory.")
    table = pd.DataFrame(there, columns=[f"{name} [{units[name]}]" for name in TARGETS])
    table.insert(0, "formula", formulas)
    table["compound is"] = _roles(formulas, parts)
    print(table.to_string(index=False, float_format="{:.3g}".format))
    print("Equal to the predictions of the model in memory, bit for bit.")
    _say(f"Wrote {output} in {time.perf_counter() - start:.0f} s")
    return errors


def _check_replaceable(output):
    check_outside(output)
    found = [name for name in _FILES if (output / name).exists()]
    if not found:
        return
    first = output / _FILES[0]
    if not first.is_file() or not first.read_bytes().startswith(_HEADER.encode()):
        raise InvalidInputError(
            f"{output / found[0]} is not of a demo, which would replace it. Give another --output."
        )


def _split(sizes, random_state):
    """Return the disjoint parts as DataFrames, and the units."""
    data = load_transport(as_frame=True)
    # Each row is another composition, so disjoint rows have disjoint compositions.
    wanted = {
        "held out": sizes.n_held_out,
        "labelled": sizes.n_labelled,
    }
    generator = np.random.default_rng(random_state)
    order = generator.permutation(len(data.frame))
    borders = np.cumsum(list(wanted.values()))
    rows = dict(zip(wanted, np.split(order, borders)[:-1], strict=True))
    parts = {name: data.frame.iloc[rows[name]].reset_index(drop=True) for name in wanted}
    lost = generator.random((sizes.n_labelled, len(TARGETS))) < MISSING
    parts["labelled"][TARGETS] = parts["labelled"][TARGETS].mask(lost)
    return parts, data.units


def _describe(parts):
    n_labels = int(parts["labelled"][TARGETS].notna().sum().sum())
    print(
        f"Targets: {', '.join(TARGETS)} (power factors as log10). Disjoint sets of compounds:\n"
        f"  {len(parts['labelled'])} labelled, {MISSING:.0%} of their labels removed at random"
        f" ({n_labels} left)\n  {len(parts['held out'])} held out, for scoring only\n"
        "The default encoder has learned other properties of many of these compounds. For one\n"
        "in seven it has learned the Seebeck coefficient and power factor\n"
        "of another calculation (JARVIS). See its model card."
    )


def _regressor(encoder, sizes, random_state):
    return MTEncoderRegressor(
        pretrained=encoder, max_epochs=sizes.max_epochs, random_state=random_state, verbose=1
    )


def _auto(encoder, sizes, random_state):
    # Cheap models, and the network of the other rows.
    network = MTEncoderRegressor(pretrained=encoder, max_epochs=sizes.max_epochs)
    return AutoRegressor(
        preset=["svm", "trees", "trees-vectors"],
        candidates=[("mtencoder", network)],
        cv=sizes.n_folds,
        random_state=random_state,
        n_jobs=2,
        verbose=1,
    )


class _Mean:
    """Predict the mean of the labels for every material."""

    def fit(self, X, y):
        self._mean = y.mean().to_numpy()
        return self

    def predict(self, X):
        return np.tile(self._mean, (len(X), 1))


class _Forests:
    """One random forest per target, fitted to the rows with its label."""

    def __init__(self, featurizer, n_trees, random_state):
        self._featurizer = featurizer
        self._settings = {"n_estimators": n_trees, "random_state": random_state}

    def fit(self, X, y):
        features = self._featurizer.fit_transform(X)
        self._forests = []
        for name in y:
            known = y[name].notna().to_numpy()
            forest = RandomForestRegressor(**self._settings)
            self._forests.append(forest.fit(features[known], y.loc[known, name]))
        return self

    def predict(self, X):
        features = self._featurizer.transform(X)
        return np.column_stack([forest.predict(features) for forest in self._forests])


def _write_results(output, errors, units, held_out, predictions, final):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    results = errors.rename_axis("model").melt(
        ignore_index=False, var_name="target", value_name="MAE"
    )
    results["unit"] = [_error_unit(units[name]) for name in results["target"]]
    results["n_held_out"] = len(held_out)
    write_table(results.reset_index(), output / "results.csv")
    table = pd.concat(
        [
            pd.DataFrame(
                {
                    "formula": held_out["formula"],
                    "target": name,
                    "true": held_out[name],
                    **{model: each[:, i] for model, each in predictions.items()},
                }
            )
            for i, name in enumerate(TARGETS)
        ]
    )
    write_table(table, output / "predictions.csv")
    # Without pyplot, to open no window and keep the user's backend.
    figure = Figure(figsize=(3.4 * len(TARGETS), 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{final}, held-out compounds")
    ParityDisplay.from_predictions(
        held_out[TARGETS],
        predictions[final],
        units=units,
        ax=figure.subplots(1, len(TARGETS)),
    )
    with atomic_file(output / "parity.png") as stream:
        figure.savefig(stream, dpi=150, format="png")


def _error_unit(unit):
    return "decades" if unit.startswith("log10(") else unit


def _format(errors, units):
    """Return the table of errors as text, with the lowest of each target marked."""
    shown = errors.map("{:.3g} ".format)
    for name, best in errors.idxmin().items():
        shown.loc[best, name] = f"{errors.loc[best, name]:.3g}*"
    shown.columns = [f"{name} [{_error_unit(units[name])}]" for name in errors]
    return f"{shown.to_string()}\n* lowest error of the column"


def _verdict(errors, final):
    wins = errors.idxmin().value_counts()
    counts = ", ".join(f"{model}: {n} of {errors.shape[1]}" for model, n in wins.items())
    lines = [f"Lowest errors by {counts}."]
    for model, other in ((PRETRAINED, SCRATCH), (final, PRETRAINED)):
        change = ", ".join(
            f"{name} {value:+.0%}"
            for name, value in (errors.loc[model] / errors.loc[other] - 1).items()
        )
        lines.append(f"{model}, relative to {other}: {change}.")
    return "\n".join(lines)


def _coverages(model, held_out):
    """Tell how many intervals hold the true value."""
    low, high = model.predict_interval(held_out["formula"].tolist(), coverage=COVERAGE)
    true = held_out[TARGETS].to_numpy()
    shares = ((low <= true) & (true <= high)).mean(axis=0)
    listed = ", ".join(f"{name} {share:.0%}" for name, share in zip(TARGETS, shares, strict=True))
    return f"Held-out compounds in their interval of {COVERAGE:.0%}: {listed}."


def _predict_in_new_process(model, formulas):
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "predictions.csv"
        command = [sys.executable, "-m", "skmat", "predict", "--model", str(model)]
        command += ["--digits", "all", "--output", str(result), "--formulas", *formulas]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SkmatError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
        table = pd.read_csv(result, float_precision="round_trip", keep_default_na=False)
    return table[[f"{name}_predicted" for name in TARGETS]].to_numpy()


def _roles(formulas, parts):
    """Return the part of the data that contains each formula."""
    known = [(formula, name) for name, part in parts.items() for formula in part["formula"]]
    ids = read_compositions([*formulas, *(formula for formula, _ in known)]).group_ids()
    roles = dict(zip(ids[len(formulas) :], (name for _, name in known), strict=True))
    return [roles.get(each, "in no part") for each in ids[: len(formulas)]]


def _say(stage):
    print(f"\n== {stage}", flush=True)
