"""The command ``skmat``.

Only what parses arguments is imported at the top: ``skmat --help`` answers without torch.
"""

import argparse
import os
import sys
import textwrap
from pathlib import Path

from skmat._benchmark_command import add_benchmark
from skmat._model_files import JOBLIB_WARNING
from skmat._version import __version__
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
        0, or 2 if the input cannot be used; the reason is on standard error.
    """
    arguments = _parser().parse_args(argv)
    # Threads of torch that wait by spinning make one another several times slower where other
    # processes compete for the cores. OpenMP reads this when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        arguments.run(arguments)
    except (SkmatError, OSError, ValueError) as error:
        notes = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
        print(f"skmat {arguments.command}: error: {error}{notes}", file=sys.stderr)
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
        help="fit a model to the labels in a CSV file",
        description="Fit one model to one or several columns of labels; empty cells are missing"
        " labels. " + JOBLIB_WARNING,
    )
    _add_table(train)
    train.add_argument("--targets", required=True, metavar="A,B,C", help="columns of labels")
    train.add_argument("--model", type=Path, required=True, help="file to write (joblib)")
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
    train.add_argument("--n-ensemble", type=_positive, default=1, metavar="N")
    train.add_argument("--random-state", type=int, default=0, metavar="SEED")
    train.add_argument("--device", default="auto")
    train.add_argument("--quiet", action="store_true", help="no progress bar")
    train.set_defaults(run=_train)


def _add_predict(commands):
    predict = commands.add_parser(
        "predict",
        help="predict with a model file",
        description="Predict for a CSV file, or for formulas or crystals on the command line. "
        + JOBLIB_WARNING,
    )
    _add_table(predict, optional=True)
    predict.add_argument("--model", type=Path, required=True, help="file of `skmat train`")
    predict.add_argument("--std", action="store_true", help="standard deviations too")
    _add_result(predict, "CSV file to write; standard output if not given")
    predict.set_defaults(run=_predict)


def _add_embed(commands):
    embed = commands.add_parser(
        "embed",
        help="turn formulas or crystals into vectors",
        description="Embed a CSV file, or formulas or crystals on the command line. "
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
    source.add_argument("--model", type=Path, help="model file whose encoder to use")
    _add_disorder(embed)
    _add_result(embed, ".npy or .csv file to write; CSV on standard output if not given")
    embed.set_defaults(run=_embed)


def _add_table(command, optional=False):
    command.add_argument("data", type=Path, nargs="?" if optional else None, help="CSV file")
    columns = command.add_mutually_exclusive_group()
    columns.add_argument("--formula-column", metavar="NAME", help='default: "formula"')
    columns.add_argument(
        "--structure-column",
        metavar="NAME",
        help="crystals instead of formulas: CIF or POSCAR files, as paths relative to the folder"
        " of the CSV file, or as text",
    )
    if not optional:
        command.set_defaults(formulas=None, structures=None)
        return
    values = command.add_mutually_exclusive_group()
    values.add_argument("--formulas", nargs="+", metavar="FORMULA", help="instead of a CSV file")
    values.add_argument(
        "--structures",
        nargs="+",
        metavar="FILE",
        help="CIF or POSCAR files instead of a CSV file",
    )


def _add_disorder(command):
    command.add_argument(
        "--disorder",
        choices=("raise", "average"),
        help="what to do with crystals whose sites several elements share: stop, or average them",
    )


def _add_result(command, output_help):
    command.add_argument("--output", type=Path, help=output_help)
    command.add_argument(
        "--on-invalid",
        choices=("raise", "nan"),
        default="raise",
        help="stop at rows that cannot be read, listing them, or leave their results empty",
    )


def _demo(arguments):
    from skmat.demo import FULL, QUICK, run_demo

    run_demo(
        arguments.output,
        sizes=QUICK if arguments.quick else FULL,
        formulas=arguments.formulas,
        pretrained=arguments.pretrained,
        random_state=arguments.random_state,
    )


def _pretrain(arguments):
    from skmat.pretrain import run_pretraining

    run_pretraining(
        arguments.config,
        folder=arguments.output,
        check_only=arguments.check,
        verbose=0 if arguments.quiet else 1,
    )


def _train(arguments):
    from skmat._command_input import given_materials
    from skmat._model_files import save_model
    from skmat._tables import check_writable, read_labels

    targets = [name.strip() for name in arguments.targets.split(",") if name.strip()]
    if not targets or len(set(targets)) < len(targets):
        raise InvalidInputError(
            f"--targets must name distinct columns, got {arguments.targets!r}."
        )
    if arguments.classification and arguments.loss:
        raise InvalidInputError("--loss is for regression; drop it or --classification.")
    check_writable(arguments.model)
    given = given_materials(arguments)
    model = _new_model(arguments, given)
    table, X = given.read(targets)
    labels = read_labels(table, targets, arguments.data, classification=arguments.classification)
    with given.naming_cells(table):
        model.fit(X, labels)
    save_model(model, arguments.model)
    counts = ", ".join(f"{name} ({labels[name].notna().sum()} labels)" for name in targets)
    print(f"Trained on {len(table)} rows: {counts}. Wrote {arguments.model}.")


def _new_model(arguments, given):
    names = ("trainable", "max_epochs", "n_ensemble", "random_state", "device")
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
    from skmat._tables import add_columns

    given = _given(arguments)
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
    with given.naming_cells(table):
        if arguments.std:
            mean, std = model.predict(X, return_std=True)
            results = {"predicted": mean, "std": std}
        else:
            results = {"predicted": model.predict(X)}
    columns = {
        f"{name}_{kind}": column
        for kind, values in results.items()
        for name, column in zip(model.target_names_, values.reshape(len(table), -1).T, strict=True)
    }
    _write(add_columns(table, columns), arguments.output)


def _embed(arguments):
    import numpy as np

    from skmat._tables import add_columns

    given = _given(arguments)
    if arguments.model:
        encoder = given.load_model(arguments.model)
    else:
        family = given.choose_family(None, arguments.pretrained)
        encoder = family.load_encoder(arguments.pretrained)
    encoder.set_params(on_invalid=arguments.on_invalid, **given.disorder)
    table, X = given.read()
    with given.naming_cells(table):
        vectors = encoder.transform(X)
    if arguments.output and arguments.output.suffix == ".npy":
        np.save(arguments.output, vectors)
        print(f"Wrote {arguments.output}: {vectors.shape[0]} x {vectors.shape[1]}, float32.")
        return
    names = encoder.get_feature_names_out()
    _write(add_columns(table, dict(zip(names, vectors.T, strict=True))), arguments.output)


def _models(arguments):
    from skmat import list_pretrained
    from skmat.pretrained import BEST, load_checkpoint

    for name in list_pretrained():
        card = load_checkpoint(name).card
        print(name + " (the default)" * (name in BEST.values()))
        print(textwrap.indent(textwrap.fill(card.description, 76), "    "))


def _given(arguments):
    """Return what there is to add results to, once there is a place for them."""
    from skmat._command_input import given_materials
    from skmat._tables import check_writable

    given = given_materials(arguments)
    if arguments.output:
        check_writable(arguments.output)
    return given


def _write(table, path):
    table.to_csv(path or sys.stdout, index=False)
    if path:
        print(f"Wrote {path}: {len(table)} rows.")


def _positive_or_auto(text):
    return text if text == "auto" else _positive(text)


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not positive")
    return value
