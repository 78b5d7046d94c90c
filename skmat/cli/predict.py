"""The command ``skmat predict``."""

from pathlib import Path

from skmat.cli.arguments import add_materials, add_result
from skmat.cli.materials import materials_and_output
from skmat.cli.model_files import JOBLIB_WARNING
from skmat.cli.output import check_results, write_results
from skmat.exceptions import InvalidInputError

__all__ = ["add_predict"]


def add_predict(commands):
    """Add the command ``predict`` to the parser."""
    predict = commands.add_parser(
        "predict",
        help="predict with a model file",
        description="Predict for a table, or for formulas or structures on the command line. "
        + JOBLIB_WARNING,
    )
    add_materials(predict)
    predict.add_argument(
        "--model",
        type=Path,
        required=True,
        help="joblib file of `skmat train` (can execute any code when loaded)",
    )
    predict.add_argument("--std", action="store_true", help="also write standard deviations")
    add_result(predict, ".csv, .tsv, .csv.gz, .tsv.gz, .xlsx or .parquet")
    predict.set_defaults(run=_predict)


def _predict(arguments):
    from skmat.cli.result_files import TABLE_SUFFIXES

    given = materials_and_output(arguments, TABLE_SUFFIXES)
    model = given.load_model(arguments.model)
    if not hasattr(model, "predict"):
        raise InvalidInputError(
            f"{arguments.model} holds a {type(model).__name__}, which embeds but does not"
            " predict. Use `skmat embed`."
        )
    if arguments.std and hasattr(model, "predict_proba"):
        raise InvalidInputError("--std is for regressors, but this model predicts classes.")
    model.set_params(on_invalid=arguments.on_invalid)
    table, X = given.read()
    kinds = ("predicted", "std") if arguments.std else ("predicted",)
    names = [f"{name}_{kind}" for kind in kinds for name in model.target_names_]
    check_results(arguments, given, table, X, names)
    with given.naming_cells(table):
        results = model.predict(X, return_std=True) if arguments.std else [model.predict(X)]
    columns = [column for each in results for column in each.reshape(len(table), -1).T]
    write_results(table, dict(zip(names, columns, strict=True)), arguments.output)
