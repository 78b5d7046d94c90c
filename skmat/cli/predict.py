"""The command ``skmat predict``."""

from skmat.cli.arguments import add_digits, add_materials, add_model, add_result, coverage
from skmat.cli.materials import materials_and_output
from skmat.cli.model_files import JOBLIB_WARNING
from skmat.cli.model_input import further_columns, with_further_columns
from skmat.cli.output import check_results, round_columns, write_results
from skmat.cli.parser import examples
from skmat.exceptions import InvalidInputError

__all__ = ["add_predict"]

# Functions import NumPy on use, to keep `skmat --help` fast.


def add_predict(commands):
    """Add the command ``predict`` to the parser."""
    predict = commands.add_parser(
        "predict",
        help="predict with a model",
        description="Predict for a table, or for formulas or structures on the command line. The"
        " table also needs the further columns that the model learned from (skmat train"
        " --columns). For hundreds of thousands of rows, `skmat screen` shows progress, needs"
        " little memory and goes on after an interruption. " + JOBLIB_WARNING,
        epilog=examples(
            ("a few formulas", "skmat predict --formulas TiO2 GaAs --model gaps"),
            (
                "a table, with 90 % intervals",
                "skmat predict new.csv --model gaps --interval 0.9 -o predicted.csv",
            ),
            (
                "probabilities of classes, as a spreadsheet",
                "skmat predict new.xlsx --model phases --proba -o predicted.xlsx",
            ),
            (
                "a model that somebody shares",
                "skmat predict new.csv --model hf://organisation/name",
            ),
        ),
    )
    add_materials(predict)
    add_model(predict, "--model", required=True)
    predict.add_argument(
        "--std",
        action="store_true",
        help="also write standard deviations: the true value is within one of them of the"
        " prediction with a probability of 68 %%",
    )
    predict.add_argument(
        "--interval",
        type=coverage,
        metavar="COVERAGE",
        help="also write the ends of intervals that hold the true value with this probability,"
        " such as 0.9 (columns NAME_low and NAME_high)",
    )
    predict.add_argument(
        "--proba",
        action="store_true",
        help="also write the probabilities of the classes (columns NAME_probability_CLASS)",
    )
    predict.add_argument(
        "--novelty",
        action="store_true",
        help="also write how unlike the training set each material is, from 0 to 100 (column"
        " novelty_percent). At 95, only 5 %% of the training set are as far from their nearest"
        " neighbours. It is 100 if a further column is outside of what was learned",
    )
    add_digits(predict)
    add_result(predict, ".csv, .tsv, .csv.gz, .tsv.gz, .xlsx or .parquet")
    predict.set_defaults(run=_predict)


def _predict(arguments):
    from skmat.cli.result_files import TABLE_SUFFIXES
    from skmat.screening._columns import Asked, names_of_results, results

    given = materials_and_output(arguments, TABLE_SUFFIXES)
    model = given.load_model(arguments.model)
    _check_options(arguments, model)
    model.set_params(on_invalid=arguments.on_invalid)
    table, X = given.read(further_columns(model, given))
    asked = Asked(arguments.std, arguments.interval, arguments.proba, arguments.novelty)
    names = names_of_results(model, asked)
    check_results(arguments, given, table, X, names)
    X = with_further_columns(model, given, table, X, arguments.on_invalid)
    with given.naming_cells(table):
        columns = results(model, X, asked)
    columns = round_columns(arguments, dict(zip(names, columns, strict=True)))
    write_results(table, columns, arguments.output)


def _check_options(arguments, model):
    """Raise if the model cannot give what was asked for."""
    name = type(model).__name__
    if not hasattr(model, "predict"):
        raise InvalidInputError(
            f"The model {arguments.model}, of class {name}, embeds but does not predict. Use"
            " `skmat embed`."
        )
    is_classifier = hasattr(model, "predict_proba")
    if arguments.std and is_classifier:
        raise InvalidInputError("--std is for regressors, but this model predicts classes.")
    if arguments.proba and not is_classifier:
        raise InvalidInputError("--proba is for classifiers, but this model predicts numbers.")
    if arguments.interval and is_classifier:
        raise InvalidInputError(
            "--interval is for regressors, but this model predicts classes. Use --proba."
        )
    for option, method in (("interval", "predict_interval"), ("novelty", "novelty")):
        if getattr(arguments, option) and not hasattr(model, method):
            raise InvalidInputError(
                f"--{option} is for averages of models, but {arguments.model} holds one network, a"
                f" {name}. Train without options of one network."
            )
