"""The command ``skmat train``."""

import argparse
from pathlib import Path

from skmat.cli.arguments import add_disorder, add_table, column_names
from skmat.cli.families import family_names
from skmat.cli.interrupts import INTERRUPTED, interrupts_left_to, say_interrupted
from skmat.cli.materials import given_materials
from skmat.cli.model_files import JOBLIB_WARNING, save_model
from skmat.cli.parser import examples
from skmat.exceptions import InvalidInputError

__all__ = ["add_train"]

#: Options of one network, and of the average of models: arguments by the parameter.
_OF_NETWORK = {
    "family": "family",
    "pretrained": "pretrained",
    "preset": "size",
    "loss": "loss",
    "trainable": "trainable",
    "max_epochs": "max_epochs",
    "n_estimators": "n_estimators",
}
_OF_AVERAGE = {
    "preset": "preset",
    "time_limit": "time_limit",
    "decision": "decision",
    "n_jobs": "jobs",
}


def add_train(commands):
    """Add the command ``train`` to the parser."""
    train = commands.add_parser(
        "train",
        help="fit a model to the labels in a table",
        description="Fit the average of the best of all models to one or several columns of"
        " labels, or one network if an option of the second group is given. A label is missing if"
        " its cell is empty or holds one of - NaN nan NAN NA na N/A n/a #N/A <NA>. "
        + JOBLIB_WARNING,
        epilog=examples(
            (
                "average of the best models",
                "skmat train measured.csv --targets gap --model gaps.joblib",
            ),
            (
                "two targets at once, within ten minutes",
                "skmat train measured.csv --targets gap,density --time-limit 600 --model m.joblib",
            ),
            (
                "classes, also from the temperature",
                "skmat train phases.csv --targets phase --classification --columns T"
                " --model phases.joblib",
            ),
            (
                "one network, from structures",
                "skmat train crystals.csv --structure-column cif --targets gap --family cgcnn"
                " --model cgcnn.joblib",
            ),
        ),
    )
    add_table(train)
    train.add_argument(
        "--targets",
        required=True,
        action="append",
        metavar="A,B,C",
        help="columns of labels (repeatable). Put a name that contains a comma in double quotes:"
        " '\"density, g/cm3\",gap'",
    )
    train.add_argument(
        "--model", type=Path, required=True, help="file to write, such as model.joblib"
    )
    train.add_argument("--classification", action="store_true", help="labels are classes")
    train.add_argument(
        "--columns",
        action="append",
        metavar="T,P",
        help="further columns of numbers to learn from, such as the temperature (repeatable)",
    )
    add_disorder(train)
    train.add_argument(
        "--random-state",
        type=int,
        default=0,
        metavar="SEED",
        help="seed: equal seeds give equal models (default: 0)",
    )
    train.add_argument(
        "--device", default="auto", help="cpu, cuda, or auto: a GPU if there is one (default)"
    )
    train.add_argument("--quiet", action="store_true", help="no progress")
    _add_average(train.add_argument_group("the average of the best models (default)"))
    _add_network(train.add_argument_group("one network instead"))
    train.set_defaults(run=_train)


def _add_average(group):
    group.add_argument(
        "--preset",
        choices=("fast", "medium", "best"),
        help="models to try: fast trains no network, medium (default) fine-tunes networks, best"
        " repeats everything with other seeds",
    )
    group.add_argument(
        "--time-limit",
        type=_seconds,
        metavar="SECONDS",
        help="try no further model after this time",
    )
    group.add_argument(
        "--decision",
        choices=("accuracy", "balanced_accuracy", "f1"),
        help="what predicted classes are best for (default: accuracy)",
    )
    group.add_argument("--jobs", type=_positive, metavar="N", help="models to fit at a time")


def _add_network(group):
    group.add_argument(
        "--family",
        choices=family_names(),
        help="network (default: that of --pretrained, or mtencoder for formulas and cgcnn for"
        " structures)",
    )
    group.add_argument(
        "--pretrained",
        metavar="NAME_OR_FOLDER",
        help="encoder to start from, or hf://organisation/name (default: the best shipped one of"
        " this size). 'none' starts from random weights",
    )
    group.add_argument("--size", help="size of the network, such as tiny or base")
    group.add_argument(
        "--loss", metavar="LOSS", help="l1 (default), mse, or robust_l1, which allows --std"
    )
    group.add_argument(
        "--trainable",
        metavar="PART",
        help="part of a pretrained encoder to train, such as all (default), last or head",
    )
    group.add_argument(
        "--max-epochs",
        type=_positive_or_auto,
        metavar="N",
        help="passes over the table (default: auto, which depends on the number of rows)",
    )
    group.add_argument("--n-estimators", type=_positive, metavar="N", help="networks to average")


def _train(arguments):
    from skmat.cli.result_files import check_model
    from skmat.cli.table_labels import read_labels, read_numbers
    from skmat.cli.verdict import verdict

    targets = column_names(arguments.targets, "--targets")
    columns = column_names(arguments.columns, "--columns") if arguments.columns else []
    given = given_materials(arguments)
    _check_distinct(given.column, targets, columns)
    check_model(arguments.model, given.files())
    model = _new_model(arguments, given)
    table, X = given.read([*targets, *columns])
    check_model(arguments.model, given.files(X))
    labels = read_labels(table, targets, arguments.data, classification=arguments.classification)
    if columns:
        numbers = read_numbers(table, columns, arguments.data)
        X = given.with_columns(X, numbers)
    with given.naming_cells(table), interrupts_left_to(model):
        model.fit(X, labels)
    save_model(model, arguments.model)
    for line in verdict(model, labels):
        print(line)
    counts = ", ".join(f"{name} ({labels[name].notna().sum()} labels)" for name in targets)
    print(f"Trained on {len(table)} rows: {counts}. Wrote {arguments.model}.")
    if hasattr(model, "leaderboard_") and (model.leaderboard_["status"] == "interrupted").any():
        say_interrupted("train", f"{arguments.model} holds the models that were done")
        return INTERRUPTED
    return 0


def _new_model(arguments, given):
    """Return the estimator, which checks its parameters in ``fit``."""
    is_given = {
        name: getattr(arguments, name) is not None
        for name in (*_OF_NETWORK.values(), *_OF_AVERAGE.values())
    }
    of_network = [name for name in _OF_NETWORK.values() if is_given[name]]
    of_average = [name for name in _OF_AVERAGE.values() if is_given[name]]
    if of_network and of_average:
        raise InvalidInputError(
            f"{_option(of_average[0])} is for the average of all models, and"
            f" {_option(of_network[0])} for one network. Drop one of them."
        )
    shared = {
        "random_state": arguments.random_state,
        "device": arguments.device,
        "verbose": 0 if arguments.quiet else 1,
        **given.disorder,
    }
    make = _new_network if of_network else _new_average
    return make(arguments, given, shared)


def _new_average(arguments, given, shared):
    from skmat.auto import AutoClassifier, AutoRegressor

    if arguments.decision and not arguments.classification:
        raise InvalidInputError("--decision is for --classification. Add that, or drop it.")
    settings = {**shared, **_given(arguments, _OF_AVERAGE), "input": given.input}
    make = AutoClassifier if arguments.classification else AutoRegressor
    return make(**settings)


def _new_network(arguments, given, shared):
    if arguments.classification and arguments.loss:
        raise InvalidInputError("--loss is for regression. Drop it or --classification.")
    settings = {**shared, **_given(arguments, _OF_NETWORK)}
    settings.setdefault("pretrained", "auto")
    if settings["pretrained"] == "none":
        settings["pretrained"] = None
    family = given.choose_family(settings.pop("family", None), settings["pretrained"])
    make = family.classifier if arguments.classification else family.regressor
    if arguments.size is not None and arguments.size not in make._presets:
        raise InvalidInputError(
            f"--size {arguments.size} is not a size of {make.__name__}. Choose one of"
            f" {list(make._presets)}."
        )
    return make(**settings)


def _given(arguments, names):
    """Return the parameters that were given; the others keep the defaults of the estimator."""
    found = {parameter: getattr(arguments, name) for parameter, name in names.items()}
    return {parameter: value for parameter, value in found.items() if value is not None}


def _option(name):
    return "--" + name.replace("_", "-")


def _check_distinct(materials, targets, columns):
    for name in columns:
        if name in (materials, *targets):
            raise InvalidInputError(
                f"--columns names {name!r}, which holds the"
                f" {'materials' if name == materials else 'labels'}. Leave it out."
            )


def _positive_or_auto(text):
    return text if text == "auto" else _positive(text)


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not positive")
    return value


def _seconds(text):
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return value
