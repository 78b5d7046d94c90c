"""The command ``skmat train``."""

import argparse
import csv
from pathlib import Path

from skmat.cli.arguments import add_disorder, add_table
from skmat.cli.families import family_names
from skmat.cli.materials import given_materials
from skmat.cli.model_files import JOBLIB_WARNING, save_model
from skmat.exceptions import InvalidInputError

__all__ = ["add_train"]


def add_train(commands):
    """Add the command ``train`` to the parser."""
    train = commands.add_parser(
        "train",
        help="fit a model to the labels in a table",
        description="Fit one model to one or several columns of labels. A label is missing if its"
        " cell is empty or holds one of - NaN nan NAN NA na N/A n/a #N/A <NA>. " + JOBLIB_WARNING,
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
        "--pretrained",
        metavar="NAME_OR_FOLDER",
        default="auto",
        help="encoder to start from (default: the best shipped one of this size). 'none' starts"
        " from random weights",
    )
    train.add_argument(
        "--family",
        choices=family_names(),
        help="network (default: that of --pretrained, or mtencoder for formulas and cgcnn for"
        " structures)",
    )
    train.add_argument(
        "--preset", metavar="SIZE", help="size of the network, such as tiny or base"
    )
    train.add_argument(
        "--loss", metavar="LOSS", help="l1 (default), mse, or robust_l1, which allows --std"
    )
    train.add_argument(
        "--trainable",
        metavar="PART",
        default="all",
        help="part of a pretrained encoder to train, such as all (default), last or head",
    )
    add_disorder(train)
    train.add_argument("--max-epochs", type=_positive_or_auto, default="auto", metavar="N")
    train.add_argument("--n-estimators", type=_positive, default=1, metavar="N")
    train.add_argument("--random-state", type=int, default=0, metavar="SEED")
    train.add_argument("--device", default="auto")
    train.add_argument("--quiet", action="store_true", help="no progress bar")
    train.set_defaults(run=_train)


def _train(arguments):
    from skmat.cli.result_files import check_model
    from skmat.cli.table_labels import read_labels

    targets = _names(arguments.targets)
    if arguments.classification and arguments.loss:
        raise InvalidInputError("--loss is for regression. Drop it or --classification.")
    given = given_materials(arguments)
    check_model(arguments.model, given.files())
    model = _new_model(arguments, given)
    table, X = given.read(targets)
    check_model(arguments.model, given.files(X))
    labels = read_labels(table, targets, arguments.data, classification=arguments.classification)
    with given.naming_cells(table):
        model.fit(X, labels)
    save_model(model, arguments.model)
    counts = ", ".join(f"{name} ({labels[name].notna().sum()} labels)" for name in targets)
    print(f"Trained on {len(table)} rows: {counts}. Wrote {arguments.model}.")


def _new_model(arguments, given):
    """Return the estimator, which checks its parameters in ``fit``."""
    names = ("trainable", "max_epochs", "n_estimators", "random_state", "device")
    shared = {name: getattr(arguments, name) for name in names}
    if arguments.preset:
        shared["preset"] = arguments.preset
    shared.update(given.disorder)
    shared["pretrained"] = None if arguments.pretrained == "none" else arguments.pretrained
    shared["verbose"] = 0 if arguments.quiet else 1
    family = given.choose_family(arguments.family, shared["pretrained"])
    if arguments.classification:
        return family.classifier(**shared)
    return family.regressor(loss=arguments.loss or "l1", **shared)


def _names(given):
    """Split lists at commas, except inside double quotes."""
    rows = csv.reader(given, skipinitialspace=True)
    names = [name for row in rows for field in row if (name := field.strip())]
    if not names or len(set(names)) < len(names):
        raise InvalidInputError(f"--targets must name distinct columns, got {','.join(given)!r}.")
    return names


def _positive_or_auto(text):
    return text if text == "auto" else _positive(text)


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not positive")
    return value
