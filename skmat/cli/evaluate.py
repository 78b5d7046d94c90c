"""The command ``skmat evaluate``."""

from skmat.cli.arguments import (
    add_model_in_front,
    add_result,
    add_table,
    column_names,
    settle_model,
)
from skmat.cli.materials import materials_and_output
from skmat.cli.model_files import JOBLIB_WARNING
from skmat.cli.model_input import further_columns, with_further_columns
from skmat.cli.parser import examples
from skmat.exceptions import InvalidInputError

__all__ = ["add_evaluate"]

_ADVICE = (
    "The model predicts numbers. Leave cells without a label empty, and write the others as plain"
    " numbers: 3.2 or 3.2e-5."
)

# Functions import NumPy on use, to keep `skmat --help` fast.


def add_evaluate(commands):
    """Add the command ``evaluate`` to the parser."""
    evaluate = commands.add_parser(
        "evaluate",
        help="score a model on a table with labels",
        description="Predict for a table with labels, and compare. Give materials that the model"
        " has not learned from, else the errors are too small. A warning counts the rows that a"
        " model of `skmat train` has learned. " + JOBLIB_WARNING,
        epilog=examples(
            ("the columns of the training", "skmat evaluate gaps held_out.csv"),
            (
                "labels in a column of another name",
                "skmat evaluate gaps literature.csv --targets gap_eV -o scores.csv",
            ),
        ),
    )
    add_model_in_front(evaluate)
    add_table(evaluate, optional=True)
    evaluate.add_argument(
        "--targets",
        action="append",
        metavar="A,B,C",
        help="columns of labels, in the order of the model's targets (default: those that the"
        " model was trained on)",
    )
    add_result(evaluate, ".csv, .tsv, .csv.gz, .tsv.gz, .xlsx or .parquet", "a table of text")
    evaluate.set_defaults(run=_evaluate)


def _evaluate(arguments):
    from skmat.cli.learned import warn_of_learned_rows
    from skmat.cli.output import standard_output
    from skmat.cli.result_files import TABLE_SUFFIXES, check_no_input, write_table
    from skmat.cli.scores import as_text, score_classes, score_numbers
    from skmat.cli.table_labels import read_labels

    settle_model(arguments)
    if arguments.data is None:
        raise InvalidInputError("Give a table with labels.")
    given = materials_and_output(arguments, TABLE_SUFFIXES)
    model = given.load_model(arguments.model)
    if not hasattr(model, "predict"):
        raise InvalidInputError(
            f"The model {arguments.model}, of class {type(model).__name__}, embeds but does not"
            " predict."
        )
    model.set_params(on_invalid=arguments.on_invalid)
    is_classifier = hasattr(model, "predict_proba")
    columns = _columns(arguments, model)
    further = further_columns(model, given)
    table, X = given.read([*further, *columns])
    if arguments.output:
        check_no_input(arguments.output, given.files(X))
    labels = read_labels(
        table,
        columns,
        arguments.data,
        classification=is_classifier,
        advice=_ADVICE,
        classes=dict(zip(columns, _classes(model), strict=True)) if is_classifier else None,
        same_mark=further,
    )
    materials = X if given.input == "structure" else given.names(table)
    same_mark = [] if is_classifier else columns
    X = with_further_columns(model, given, table, X, arguments.on_invalid, same_mark)
    with given.naming_cells(table):
        warn_of_learned_rows(arguments.model, model, materials, X)
        scores = (score_classes if is_classifier else score_numbers)(model, X, labels)
    if arguments.output:
        write_table(scores, arguments.output)
        print(f"Wrote {arguments.output}: {len(scores)} rows.")
        return
    with standard_output() as stream:
        print(as_text(scores), file=stream)


def _classes(model):
    """Return the classes of each target as text."""
    classes = model.classes_ if isinstance(model.classes_, list) else [model.classes_]
    return [list(map(str, each)) for each in classes]


def _columns(arguments, model):
    """Return the columns of labels."""
    if not arguments.targets:
        return list(model.target_names_)
    columns = column_names(arguments.targets, "--targets")
    if len(columns) != len(model.target_names_):
        raise InvalidInputError(
            f"--targets names {len(columns)} columns, but the model predicts"
            f" {', '.join(map(repr, model.target_names_))}. Name one column for each."
        )
    return columns
