"""The command ``skmat explain``."""

import sys
from pathlib import Path

from skmat.cli.arguments import (
    add_digits,
    add_materials,
    add_model_in_front,
    settle_model,
)
from skmat.cli.materials import materials_and_output
from skmat.cli.model_files import JOBLIB_WARNING
from skmat.cli.model_input import further_columns, with_further_columns
from skmat.cli.output import check_results, round_columns, write_results
from skmat.cli.parser import examples
from skmat.exceptions import InvalidInputError

__all__ = ["add_explain"]

#: Types of figures.
_FIGURES = (".png", ".svg", ".pdf")

#: Said of averages of models on structures.
_OF_AVERAGES = (
    " Do not rely on those of an average: its trees read formulas, to which an average atom is"
    " unlike all materials. Explain one network, such as with --family cgcnn."
)

# Functions import NumPy and torch on use, to keep `skmat --help` fast.


def add_explain(commands):
    """Add the command ``explain`` to the parser."""
    explain = commands.add_parser(
        "explain",
        help="tell what each element contributes to predictions",
        description="Split predictions into contributions of the elements (Shapley values). They"
        " add up to the prediction minus the baseline. They tell what the model does, not what"
        " causes a property. If the model reads further columns, such as a temperature, each row"
        " has a baseline of its own, which holds their effect. So does each structure: its"
        " baseline is the prediction with average atoms at all sites, made of the elements of all"
        " structures of the command. " + JOBLIB_WARNING,
        epilog=examples(
            ("one formula, with a figure", "skmat explain gaps --formulas Fe2O3 --plot bars.png"),
            ("a table", "skmat explain gaps new.csv -o contributions.csv"),
            ("structures", "skmat explain crystal-gaps --structures a.cif b.cif"),
        ),
    )
    add_model_in_front(explain)
    add_materials(explain)
    explain.add_argument(
        "--target", metavar="NAME", help="what is explained, if the model has several targets"
    )
    explain.add_argument(
        "--class",
        dest="of_class",
        metavar="CLASS",
        help="class whose probability is explained (default: the second of two)",
    )
    explain.add_argument(
        "--baseline",
        type=float,
        metavar="NUMBER",
        help="for formulas, the prediction without knowing the elements (default: the mean of the"
        " labels, if the model is a folder of `skmat train`, otherwise the mean prediction for"
        " these formulas)."
        " If the model reads further columns, the default for each row is the mean prediction with"
        " its further columns for the formulas in predictions.csv of the folder, or for these"
        " formulas: 100 of them, if there are more. A number then leaves the effect of the further"
        " columns with the elements",
    )
    explain.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="figure to write: bars for one formula, a periodic table for several (.png, .svg or"
        " .pdf)",
    )
    add_digits(explain)
    explain.add_argument(
        "-o",
        "--output",
        type=Path,
        help="file to write: .csv, .tsv, .csv.gz, .tsv.gz, .xlsx or .parquet (default: CSV on"
        " standard output)",
    )
    explain.set_defaults(run=_explain)


def _explain(arguments):
    import numpy as np

    from skmat.cli.result_files import TABLE_SUFFIXES, check_output
    from skmat.inspection import element_attributions

    settle_model(arguments)
    given = materials_and_output(arguments, TABLE_SUFFIXES)
    if given.input == "structure" and arguments.baseline is not None:
        raise InvalidInputError(
            "--baseline is for formulas. A structure has a baseline of its own. Drop it."
        )
    if arguments.plot:
        check_output(arguments.plot, _FIGURES, given.files())
    model = given.load_model(arguments.model)
    if not hasattr(model, "predict"):
        raise InvalidInputError(
            f"The model {arguments.model}, of class {type(model).__name__}, embeds but does not"
            " predict."
        )
    target, name = _what(arguments, model)
    further = further_columns(model, given)
    table, cells, X = _read(given, further)
    check_results(arguments, given, table, cells, [f"{name}_predicted", f"{name}_baseline"])
    X = with_further_columns(model, given, table, X)
    baseline = arguments.baseline
    if given.input == "formula" and baseline is None:
        find = _labelled_formulas if further else _mean_label
        baseline = find(arguments.model, model, target)
    with given.naming_cells(table):
        try:
            found = element_attributions(
                model, X, target=target, baseline=baseline, random_state=0
            )
        except InvalidInputError as error:
            if "Pass a baseline" in str(error):
                remedy = "Give a number by --baseline, such as the mean label."
                if given.input == "structure":
                    remedy = "Give further structures, such as those that the model has learned."
                raise InvalidInputError(
                    f"All {given.input}s have one composition, so they give no baseline. {remedy}"
                ) from None
            raise
    if given.input == "structure":
        print(
            f"skmat explain: average atoms are made of the {len(table)} structures of this"
            " command. With other structures, contributions are others."
            + _OF_AVERAGES
            * hasattr(model, "leaderboard_"),
            file=sys.stderr,
        )
    elif further and arguments.baseline is None:
        _tell_baseline(further, arguments.model if baseline else given.path)
    columns = {f"{name}_predicted": found.predictions}
    columns[f"{name}_baseline"] = np.broadcast_to(found.baseline, len(table))
    for symbol, values in found.contributions.items():
        columns[f"{name}_from_{symbol}"] = values.to_numpy()
    check_results(arguments, given, table, cells, list(columns))
    if arguments.plot:
        _plot(arguments.plot, found, table, given, name)
    write_results(table, round_columns(arguments, columns), arguments.output)


def _read(given, further):
    """Return the table, X, and X as the model is explained with it."""
    table, X = given.read(further)
    if given.input == "formula":
        return table, X, X
    with given.naming_cells(table):
        return table, X, given.structures(X)


def _what(arguments, model):
    """Return the target or class to explain, and its name in columns."""
    names = list(model.target_names_)
    target = arguments.target or (names[0] if len(names) == 1 else None)
    if target not in names:
        what = "needs --target" if target is None else f"has no target {target!r}"
        raise InvalidInputError(f"The model {what}. Choose one of {', '.join(map(repr, names))}.")
    if not hasattr(model, "predict_proba"):
        if arguments.of_class:
            raise InvalidInputError("--class is for classifiers, but this model predicts numbers.")
        return target, target
    if len(names) > 1:
        raise InvalidInputError(
            "The model predicts classes of several targets. Explain a model of one of them."
        )
    classes = model.classes_[0] if isinstance(model.classes_, list) else model.classes_
    by_text = {str(each): each for each in classes.tolist()}
    wanted = arguments.of_class
    if wanted is None and len(by_text) == 2:
        wanted = list(by_text)[1]
    if wanted not in by_text:
        what = "needs --class" if wanted is None else f"has no class {wanted!r}"
        raise InvalidInputError(
            f"The model {what}. Choose one of {', '.join(map(repr, by_text))}."
        )
    return by_text[wanted], f"{target}_probability_{wanted}"


def _mean_label(path, model, target):
    """Return the mean label of the training, None if the folder of the model does not tell it."""
    from skmat._utils.hub import is_hub_address
    from skmat._utils.json_files import read_json
    from skmat.cli.train_folder import METRICS

    if is_hub_address(path):
        return None
    try:
        targets = read_json(Path(path, METRICS))["targets"]
        if hasattr(model, "predict_proba"):
            (content,) = targets.values()
            return float(content["class_shares"][str(target)])
        return float(targets[target]["mean_label"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _labelled_formulas(path, model, target):
    """Return the formulas with a label in the folder of the model, None if it does not tell."""
    import pandas as pd

    from skmat._utils.hub import is_hub_address
    from skmat.cli.train_folder import PREDICTIONS
    from skmat.screening._columns import read_columns

    if is_hub_address(path):
        return None
    if hasattr(model, "predict_proba"):
        (target,) = model.target_names_
    try:
        table = pd.read_csv(Path(path, PREDICTIONS), dtype=str, keep_default_na=False)
        formulas = table.loc[table[target] != "", read_columns(model)[0]]
    except (OSError, ValueError, KeyError):
        return None
    return formulas.tolist() or None


def _tell_baseline(further, source):
    print(
        f"skmat explain: the baseline of a row is the mean prediction for the formulas of {source}"
        f" with {', '.join(map(repr, further))} of this row.",
        file=sys.stderr,
    )


def _plot(path, found, table, given, name):
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from skmat._utils.atomic import atomic_file
    from skmat.cli.result_files import suffix_of
    from skmat.inspection import ElementAttributionDisplay

    n_elements = int(found.contributions.iloc[0].notna().sum())
    size = (3.6, 1.1 + 0.3 * n_elements) if len(table) == 1 else (7.0, 3.9)
    title = table.texts(given.column)[0] if len(table) == 1 else None
    with rc_context({"text.parse_math": False}), atomic_file(path) as stream:
        figure = Figure(figsize=size, layout="constrained")
        title = f"{title}: {name}" if title else name
        ElementAttributionDisplay.from_attributions(found, name=title, ax=figure.subplots())
        figure.savefig(stream, format=suffix_of(path)[1:], dpi=200)
