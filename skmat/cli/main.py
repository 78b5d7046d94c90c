"""The command ``skmat``.

Only what parses arguments is imported at the top: ``skmat --help`` answers without torch.
"""

import argparse
import csv
import os
import sys
import textwrap
from pathlib import Path

from skmat._version import __version__
from skmat.cli.benchmark import add_benchmark
from skmat.cli.interrupts import INTERRUPTED, interrupts_said, say_interrupted
from skmat.cli.model_files import JOBLIB_WARNING
from skmat.cli.output import (
    check_results,
    describe,
    say_what_is_empty,
    standard_output,
    warnings_in_one_line,
    write_results,
)
from skmat.exceptions import InvalidInputError, SkmatError

__all__ = ["main"]

# Written out because the tables they come from need torch; a test compares them.
_PRESETS = ("tiny", "small", "base", "deep", "paper", "large")
_LOSSES = ("l1", "mse", "robust_l1")
_TRAINABLE = ("all", "last", "two_body", "three_body", "head")
_FAMILIES = ("mtencoder", "roost", "cgcnn", "alignn")


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        0; 2 if the input cannot be used; 130 after Ctrl-C. The reason is on standard error.
    """
    arguments = _parser().parse_args(argv)
    # Threads of torch that wait by spinning make one another several times slower where other
    # processes compete for the cores. OpenMP reads this when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        with interrupts_said(arguments.command), warnings_in_one_line(arguments.command):
            arguments.run(arguments)
            with standard_output() as stream:
                stream.flush()  # here, where an error can still be told
    except KeyboardInterrupt:
        say_interrupted(arguments.command)
        return INTERRUPTED
    except BrokenPipeError:
        return 1  # who reads the results wants no more of them
    except (SkmatError, OSError, ValueError) as error:
        notes = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
        print(f"skmat {arguments.command}: error: {describe(error)}{notes}", file=sys.stderr)
        return 2
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="skmat",
        description="Pretrained encoders for inorganic materials.",
        epilog=JOBLIB_WARNING,
    )
    parser.add_argument("--version", action="version", version=f"skmat {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_train(commands)
    _add_predict(commands)
    _add_embed(commands)
    _add_pretrain(commands)
    add_benchmark(commands)
    models = commands.add_parser(
        "models", help="list and describe the encoders that come with the package"
    )
    models.set_defaults(run=_models)
    return parser


def _add_demo(commands):
    demo = commands.add_parser(
        "demo",
        help="fine-tune, compare and predict on a shipped data set (two minutes)",
        description="Fine-tune the pretrained encoder on the transport properties of a few hundred"
        " compounds, compare it with baselines on held-out compounds, save the model and use it"
        " from a new process.",
    )
    demo.add_argument("--output", type=Path, default=Path("skmat-demo"), metavar="DIR")
    demo.add_argument("--quick", action="store_true", help="smaller sizes, well under a minute")
    demo.add_argument(
        "--formulas", nargs="+", metavar="FORMULA", help="predict these with the saved model"
    )
    demo.add_argument(
        "--pretrained",
        metavar="NAME_OR_FOLDER",
        default="auto",
        help="fine-tune this encoder; default: the best shipped one",
    )
    demo.add_argument("--random-state", type=int, default=0, metavar="SEED")
    demo.set_defaults(run=_demo)


def _add_pretrain(commands):
    pretrain = commands.add_parser(
        "pretrain",
        help="pretrain an encoder as a configuration file says (hours)",
        description="Pretrain an encoder as a TOML file says: on which tables, with which"
        " compositions left out, with which parameters. The same command goes on where it was"
        " stopped.",
    )
    pretrain.add_argument("config", type=Path, metavar="CONFIG.toml")
    pretrain.add_argument(
        "--output", type=Path, metavar="DIR", help="instead of [output] folder of the file"
    )
    pretrain.add_argument(
        "--check", action="store_true", help="read the data and count them; train nothing"
    )
    pretrain.add_argument("--quiet", action="store_true", help="no progress")
    pretrain.set_defaults(run=_pretrain)


def _add_train(commands):
    train = commands.add_parser(
        "train",
        help="fit a model to the labels in a table",
        description="Fit one model to one or several columns of labels. Missing labels are empty"
        " cells, and the texts - NaN nan NAN NA na N/A n/a #N/A <NA>. " + JOBLIB_WARNING,
    )
    _add_table(train)
    train.add_argument(
        "--targets",
        required=True,
        action="append",
        metavar="A,B,C",
        help="columns of labels; can be given several times; a name that has a comma goes in"
        " double quotes: '\"density, g/cm3\",gap'",
    )
    train.add_argument(
        "--model", type=Path, required=True, help="file to write, such as model.joblib"
    )
    train.add_argument("--classification", action="store_true", help="labels are classes")
    train.add_argument(
        "--pretrained",
        metavar="NAME_OR_FOLDER",
        default="auto",
        help="start from this encoder; default: the best shipped one of this size; 'none': train"
        " all of it",
    )
    train.add_argument(
        "--family",
        choices=_FAMILIES,
        help="of the network; default: that of --pretrained, or mtencoder for formulas and cgcnn"
        " for crystals",
    )
    train.add_argument(
        "--preset", choices=_PRESETS, help="size of the network; default: that of the family"
    )
    train.add_argument("--loss", choices=_LOSSES, help="default l1; robust_l1 allows --std")
    train.add_argument(
        "--trainable",
        choices=_TRAINABLE,
        default="all",
        help="part of a pretrained encoder to train; two_body and three_body are of alignn",
    )
    _add_disorder(train)
    train.add_argument("--max-epochs", type=_positive_or_auto, default="auto", metavar="N")
    train.add_argument("--n-estimators", type=_positive, default=1, metavar="N")
    train.add_argument("--random-state", type=int, default=0, metavar="SEED")
    train.add_argument("--device", default="auto")
    train.add_argument("--quiet", action="store_true", help="no progress bar")
    train.set_defaults(run=_train)


def _add_predict(commands):
    predict = commands.add_parser(
        "predict",
        help="predict with a model file",
        description="Predict for a table, or for formulas or crystals on the command line. "
        + JOBLIB_WARNING,
    )
    _add_table(predict, optional=True)
    predict.add_argument(
        "--model",
        type=Path,
        required=True,
        help="joblib file of `skmat train`; it can execute any code when it is read",
    )
    predict.add_argument("--std", action="store_true", help="standard deviations too")
    _add_result(
        predict,
        "file to write: .csv, .tsv, .csv.gz, .tsv.gz, .xlsx or .parquet; CSV on standard output"
        " if not given",
    )
    predict.set_defaults(run=_predict)


def _add_embed(commands):
    embed = commands.add_parser(
        "embed",
        help="turn formulas or crystals into vectors",
        description="Embed a table, or formulas or crystals on the command line. "
        + JOBLIB_WARNING,
    )
    _add_table(embed, optional=True)
    source = embed.add_mutually_exclusive_group()
    source.add_argument(
        "--pretrained",
        metavar="NAME_OR_FOLDER",
        default="auto",
        help="encoder to use; default: the best shipped one",
    )
    source.add_argument(
        "--model",
        type=Path,
        help="joblib file whose encoder to use; it can execute any code when it is read",
    )
    _add_disorder(embed)
    _add_result(
        embed,
        "file to write: .npy, .npz, or a table: .csv, .tsv, .csv.gz, .tsv.gz, .xlsx or .parquet;"
        " CSV on standard output if not given",
    )
    embed.set_defaults(run=_embed)


def _add_table(command, optional=False):
    command.add_argument(
        "data",
        type=Path,
        nargs="?" if optional else None,
        help="table: CSV or other delimited text, .xlsx or .parquet",
    )
    columns = command.add_mutually_exclusive_group()
    columns.add_argument("--formula-column", metavar="NAME", help='default: "formula"')
    columns.add_argument(
        "--structure-column",
        metavar="NAME",
        help="crystals instead of formulas: CIF or POSCAR files, as paths relative to the folder"
        " of the table, or as text",
    )
    if not optional:
        command.set_defaults(formulas=None, structures=None)
        return
    values = command.add_mutually_exclusive_group()
    values.add_argument("--formulas", nargs="+", metavar="FORMULA", help="instead of a table")
    values.add_argument(
        "--structures",
        nargs="+",
        metavar="FILE",
        help="CIF or POSCAR files instead of a table",
    )


def _add_disorder(command):
    command.add_argument(
        "--disorder",
        choices=("raise", "average"),
        help="what to do with crystals whose sites several elements share: stop, or average them",
    )


def _add_result(command, output_help):
    command.add_argument("-o", "--output", type=Path, help=output_help)
    command.add_argument(
        "--on-invalid",
        choices=("raise", "nan"),
        default="raise",
        help="stop at rows that cannot be read, listing them, or leave their results empty",
    )


def _demo(arguments):
    from skmat.cli.demo import FULL, QUICK, run_demo

    run_demo(
        arguments.output,
        sizes=QUICK if arguments.quick else FULL,
        formulas=arguments.formulas,
        pretrained=arguments.pretrained,
        random_state=arguments.random_state,
    )


def _pretrain(arguments):
    from skmat.cli.pretrain.run import run_pretraining

    run_pretraining(
        arguments.config,
        folder=arguments.output,
        check_only=arguments.check,
        verbose=0 if arguments.quiet else 1,
    )


def _train(arguments):
    from skmat.cli.materials import given_materials
    from skmat.cli.model_files import save_model
    from skmat.cli.result_files import check_model
    from skmat.cli.table_labels import read_labels

    targets = _names(arguments.targets)
    if arguments.classification and arguments.loss:
        raise InvalidInputError("--loss is for regression; drop it or --classification.")
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


def _predict(arguments):
    from skmat.cli.result_files import TABLE_SUFFIXES

    given = _given(arguments, TABLE_SUFFIXES)
    model = given.load_model(arguments.model)
    if not hasattr(model, "predict"):
        raise InvalidInputError(
            f"{arguments.model} holds a {type(model).__name__}, which embeds but does not"
            " predict; use `skmat embed`."
        )
    if arguments.std and hasattr(model, "predict_proba"):
        raise InvalidInputError("--std is for regressors; this model predicts classes.")
    model.set_params(on_invalid=arguments.on_invalid)
    table, X = given.read()
    kinds = ("predicted", "std") if arguments.std else ("predicted",)
    names = [f"{name}_{kind}" for kind in kinds for name in model.target_names_]
    check_results(arguments, given, table, X, names)
    with given.naming_cells(table):
        results = model.predict(X, return_std=True) if arguments.std else [model.predict(X)]
    columns = [column for each in results for column in each.reshape(len(table), -1).T]
    write_results(table, dict(zip(names, columns, strict=True)), arguments.output)


def _embed(arguments):
    import numpy as np

    from skmat.cli.result_files import ARRAY_SUFFIXES, TABLE_SUFFIXES, suffix_of, write_arrays

    given = _given(arguments, (*ARRAY_SUFFIXES, *TABLE_SUFFIXES))
    if arguments.model:
        encoder = given.load_model(arguments.model)
    else:
        family = given.choose_family(None, arguments.pretrained)
        encoder = family.encoder.from_pretrained(arguments.pretrained)
    encoder.set_params(on_invalid=arguments.on_invalid, **given.disorder)
    table, X = given.read()
    as_arrays = arguments.output and suffix_of(arguments.output) in ARRAY_SUFFIXES
    names = list(encoder.get_feature_names_out())
    check_results(arguments, given, table, X, [] if as_arrays else names)
    with given.naming_cells(table):
        vectors = encoder.transform(X)
    if as_arrays:
        say_what_is_empty(vectors)
        materials = np.array(table.texts(given.column))
        write_arrays(arguments.output, vectors, materials=materials, names=np.array(names))
        print(f"Wrote {arguments.output}: {vectors.shape[0]} x {vectors.shape[1]}, float32.")
        return
    write_results(table, dict(zip(names, vectors.T, strict=True)), arguments.output)


def _models(arguments):
    from skmat import list_pretrained
    from skmat.pretrained import BEST, load_checkpoint

    for name in list_pretrained():
        card = load_checkpoint(name).card
        print(name + " (the default)" * (name in BEST.values()))
        print(textwrap.indent(textwrap.fill(card.description, 76), "    "))


def _given(arguments, suffixes):
    """Return what there is to add results to, once there is a place for them."""
    from skmat.cli.materials import given_materials
    from skmat.cli.result_files import check_output

    given = given_materials(arguments)
    if arguments.output:
        model = [arguments.model] if arguments.model else []
        check_output(arguments.output, suffixes, [*given.files(), *model])
    return given


def _names(given):
    """Return the names of lists that commas separate; one with a comma is in double quotes."""
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
