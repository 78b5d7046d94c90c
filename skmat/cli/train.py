"""The command ``skmat train``."""

import argparse
import textwrap
import warnings
from pathlib import Path

from skmat.cli.arguments import add_disorder, add_table, column_names
from skmat.cli.families import family_names
from skmat.cli.interrupts import INTERRUPTED, interrupts_left_to, say_interrupted
from skmat.cli.materials import given_materials
from skmat.cli.model_files import JOBLIB_WARNING, save_model
from skmat.cli.parser import examples
from skmat.cli.train_model import choose_network, new_model
from skmat.exceptions import InvalidInputError

__all__ = ["add_train"]

#: What an interrupted command leaves: the models that were fitted, or a model and other scores.
_KEPT = {
    False: "holds the models that were done",
    True: "holds the model, without the measurement of its error",
}


def add_train(commands):
    """Add the command ``train`` to the parser."""
    train = commands.add_parser(
        "train",
        help="fit a model to the labels in a table",
        description="Fit the average of the best of all models to one or several columns of"
        " labels, or one network if an option of the last group is given. Write a folder with the"
        " model, a report, scores and held-out predictions. Labels that are words are classes,"
        " others are numbers. A label is missing if its cell is empty or holds one of - NaN nan"
        " NAN NA na N/A n/a #N/A <NA>. " + JOBLIB_WARNING,
        epilog=examples(
            (
                "average of the best models, in the folder measured-model",
                "skmat train measured.csv --targets gap",
            ),
            (
                "two targets at once, within ten minutes",
                "skmat train measured.csv --targets gap,density --time-limit 600 -o both",
            ),
            (
                "classes, also from the temperature, with an error that is measured strictly",
                "skmat train phases.csv --targets phase --columns T --cv 5 -o phases",
            ),
            (
                "one network, from structures, only as a joblib file",
                "skmat train crystals.csv --structure-column cif --targets gap --family cgcnn"
                " --model cgcnn.joblib",
            ),
        ),
    )
    add_table(train, has_model=False)
    train.add_argument(
        "--targets",
        required=True,
        action="append",
        metavar="A,B,C",
        help="columns of labels (repeatable). Put a name that contains a comma in double quotes:"
        " '\"density, g/cm3\",gap'",
    )
    train.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER",
        help="folder to write: report.html, metrics.json, predictions.csv and the model (default:"
        " the name of the table with -model, unless --model is given). It replaces an earlier"
        " result of this command and nothing else",
    )
    train.add_argument(
        "--model", type=Path, metavar="FILE", help="write the model as a joblib file"
    )
    kind = train.add_mutually_exclusive_group()
    kind.add_argument("--classification", action="store_true", help="labels are classes")
    kind.add_argument("--regression", action="store_true", help="labels are numbers")
    train.add_argument(
        "--columns",
        action="append",
        metavar="T,P",
        help="further columns to learn from, such as the temperature (repeatable): numbers or, for"
        " the average, words",
    )
    add_disorder(train)
    train.add_argument(
        "--on-invalid",
        choices=("raise", "skip"),
        default="raise",
        help="for rows whose formula or structure cannot be read: stop and list them, or leave"
        " them out",
    )
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
    _add_measuring(train.add_argument_group("how the error is measured"))
    _add_average(train.add_argument_group("the average of the best models (default)"))
    _add_network(train.add_argument_group("one network instead"))
    train.set_defaults(run=_train)


def _add_measuring(group):
    ways = group.add_mutually_exclusive_group()
    ways.add_argument(
        "--cv",
        type=_at_least_two,
        metavar="K",
        help="cross-validation of everything, in K further fits. Equal compositions stay together"
        " (default: the out-of-fold predictions of the average, which need no further fit)",
    )
    ways.add_argument(
        "--test-size",
        type=_share,
        metavar="SHARE",
        help="share of the rows to hold out in one further fit, such as 0.2: as many whole"
        " compositions and groups as fit into it, at least one. The final model learns all rows",
    )
    ways.add_argument(
        "--split-column",
        metavar="NAME",
        help="column that says train or test, whose test rows are never learned. Or a column of"
        " fold numbers, for cross-validation",
    )
    group.add_argument(
        "--group-column",
        metavar="NAME",
        help="column of groups, such as a paper or a batch: rows of one group are never both"
        " learned and tested",
    )


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
        help="time of each fit, more or less: models that would take longer are left out",
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
    from skmat.cli.contradictions import contradictions
    from skmat.cli.held_out import draw_parts, fit_rows
    from skmat.cli.train_folder import REPORT
    from skmat.cli.verdict import verdict

    targets = column_names(arguments.targets, "--targets")
    columns = column_names(arguments.columns, "--columns") if arguments.columns else []
    given = given_materials(arguments)
    _check_distinct(given.column, targets, columns)
    folder = _folder(arguments)
    _check_outputs(arguments, folder, targets, given.files())
    family = choose_network(arguments, given)
    parts_from = [each for each in (arguments.split_column, arguments.group_column) if each]
    table, X = given.read(list(dict.fromkeys([*targets, *columns, *parts_from])))
    _check_outputs(arguments, folder, targets, given.files(X))
    n_rows_read = len(table)
    if arguments.on_invalid == "skip":
        table, X = given.leave_out_unreadable(table, X)
    labels, is_classifier, further = _read_columns(arguments, table, targets, columns, family)
    groups, split = _read_parts(arguments, table)
    model = new_model(arguments, given, family, is_classifier=is_classifier)
    if folder:
        _check_columns([given.column, *columns], labels, is_classifier)
    materials = given.names(table)
    if columns:
        X = given.with_columns(X, further)
    with given.naming_cells(table):
        # Before the fit, which an error here would lose.
        odd = contradictions(X, labels, columns, given.input)
        parts = draw_parts(arguments, given, table, X, labels, groups, split)
    # Fit.
    learned = None if parts is None else parts.learned
    rows_learned = table if learned is None else table.take(learned)
    with given.naming_cells(rows_learned), interrupts_left_to(model):
        fit_rows(model, X, labels, learned, groups)
    # Measure.
    held_out, is_cut = _measure(model, X, labels, parts, groups)
    if learned is not None:
        labels = labels[labels.index.isin(learned)].reindex(labels.index)
    # Write.
    written = " and ".join(str(each) for each in (arguments.model, folder) if each)
    if arguments.model:
        save_model(model, arguments.model)
        arguments.left = f"{arguments.model} holds the model"
    if folder:
        from skmat.cli.report import write_report

        story = _write_folder(
            folder,
            model=model,
            held_out=held_out,
            labels=labels,
            X=X,
            materials=materials,
            rows=table.row_numbers(),
            n_left_out=n_rows_read - len(table),
            given=given,
            further=columns,
            command=arguments.command_line,
            contradictions=odd,
        )
        arguments.left = f"{written} holds the model, without {REPORT}"
        # Last, so that a figure that cannot be drawn costs no model.
        write_report(story, folder / REPORT)
    arguments.left = f"{written} holds the model"
    for line in verdict(held_out, model):
        print(line)
    for name, sentence in odd.items():
        print(*textwrap.wrap(f"{name}: {sentence}", 79), sep="\n")
    counts = ", ".join(f"{name} ({labels[name].notna().sum()} labels)" for name in targets)
    n_rows = int(labels.notna().any(axis=1).sum())
    print(f"Trained on {n_rows} rows: {counts}. Wrote {written}.")
    if folder:
        print(f"Open {folder / REPORT} in a browser.")
    if is_cut or _is_interrupted(model):
        arguments.left = f"{written} {_KEPT[is_cut]}"
        say_interrupted(arguments)
        return INTERRUPTED
    return 0


def _folder(arguments):
    """Return the folder to write, None to write only a model file."""
    if arguments.output:
        return arguments.output
    if arguments.model:
        return None
    from skmat.cli.table_files import suffix_of

    name = arguments.data.name
    stem = name[: len(name) - len(suffix_of(name))] or name
    return Path(f"{stem}-model")


def _check_outputs(arguments, folder, targets, inputs):
    from skmat.cli.result_files import check_model
    from skmat.cli.train_folder import check_folder, check_same_targets

    if folder:
        check_folder(folder, inputs, arguments.model)
        if not arguments.output:
            check_same_targets(folder, targets)
    if arguments.model:
        check_model(arguments.model, inputs)


def _check_columns(inputs, labels, is_classifier):
    from skmat.cli.train_folder import check_columns

    classes = {name: sorted(set(labels[name].dropna())) for name in labels if is_classifier}
    check_columns(inputs, list(labels), classes)


def _read_columns(arguments, table, targets, columns, family):
    """Return the labels, whether they are classes, and the further columns (None if none)."""
    faults, further, is_classifier = [], None, False
    try:
        labels, is_classifier = _read_labels(arguments, table, targets, columns)
    except InvalidInputError as error:
        faults.append(str(error))
    if columns:
        try:
            same_mark = [] if is_classifier else targets
            further = _read_further(arguments, table, columns, family, same_mark)
        except InvalidInputError as error:
            faults.append(str(error))
    if faults:
        raise InvalidInputError("\n".join(faults))
    return labels, is_classifier, further


def _read_further(arguments, table, columns, family, same_mark):
    """Return the further columns: numbers, and for the average also categories.

    The numbers of the columns `same_mark` must have the same decimal mark.
    """
    from skmat.cli.table_labels import columns_of_words, list_few, read_numbers, read_words

    words = columns_of_words(table, columns)
    if family is not None:
        advice = (
            "Further columns hold plain numbers, such as 300 or 3.2e-5, if one network is trained."
            " For words, leave out the options of one network, or write a column of 0 and 1 for"
            " each word."
        )
        return read_numbers(
            table, columns, arguments.data, *[advice] * bool(words), same_mark=same_mark
        )
    for name, each in words.items():
        print(f"{name!r} holds words, which are categories: {list_few(each)}.", flush=True)
    numbers = [name for name in columns if name not in words]
    read = read_numbers(table, numbers, arguments.data, same_mark=same_mark)
    return read.join(read_words(table, words, arguments.data))[columns]


def _read_labels(arguments, table, targets, same_mark):
    """Return the labels, and whether they are classes.

    The numbers of the columns `same_mark` must have the same decimal mark.
    """
    from skmat.cli.table_labels import columns_of_classes, few_integers, list_few, read_labels

    found = {}
    if not (arguments.classification or arguments.regression):
        found = columns_of_classes(table, targets)
        others = [name for name in targets if name not in found]
        if found and others:
            raise InvalidInputError(
                f"{arguments.data}: {', '.join(map(repr, found))} holds classes, and"
                f" {', '.join(map(repr, others))} does not. Train a model for each kind, or add"
                " --classification."
            )
        for name, classes in found.items():
            print(
                f"{name!r} holds classes: {list_few(classes)}. A classifier learns them"
                " (--regression expects numbers).",
                flush=True,
            )
    is_classifier = arguments.classification or bool(found)
    labels = read_labels(
        table, targets, arguments.data, classification=is_classifier, same_mark=same_mark
    )
    if not (is_classifier or arguments.regression):
        for name in targets:
            values = few_integers(labels[name])
            if values:
                warnings.warn(
                    f"All labels of {name!r} are {', '.join(map(str, values))}. If these are"
                    " classes, add --classification. If not, --regression drops this hint.",
                    stacklevel=2,
                )
    return labels, is_classifier


def _read_parts(arguments, table):
    """Return the groups of the rows and the parts of a column, None if there are none."""
    from skmat.cli.split_columns import read_groups, read_split

    groups = split = None
    if arguments.group_column:
        groups = read_groups(table, arguments.group_column, arguments.data)
    if arguments.split_column:
        split = read_split(table, arguments.split_column, arguments.data)
    return groups, split


def _measure(model, X, labels, parts, groups):
    """Return held-out predictions, and whether the user ended this before it was done."""
    from skmat.cli.held_out import not_measured, out_of_fold, predict_parts

    is_cut = False
    # After Ctrl-C in the fit, nobody wants further fits.
    if parts is not None and not (_is_interrupted(model) and parts.learned is None):
        try:
            return predict_parts(model, X, labels, parts, groups), False
        except KeyboardInterrupt:
            is_cut = True  # keep the model
    if hasattr(model, "oof_predictions_"):
        return out_of_fold(model, labels, None if parts is None else parts.learned), is_cut
    return not_measured(labels, is_classifier=hasattr(model, "predict_proba")), is_cut


def _write_folder(folder, **facts):
    """Write the folder without the report, and return its :class:`skmat.cli.report.Story`."""
    from skmat.cli.report import Story
    from skmat.cli.train_folder import train_folder, write_files, write_model

    story = Story(folder=folder, **facts)
    with train_folder(folder) as temporary:
        write_model(story.model, temporary)
        write_files(story, temporary)
    return story


def _is_interrupted(model):
    board = getattr(model, "leaderboard_", None)
    return board is not None and bool((board["status"] == "interrupted").any())


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


def _at_least_two(text):
    value = int(text)
    if value < 2:
        raise argparse.ArgumentTypeError(f"{value} is less than 2 parts")
    return value


def _share(text):
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1, such as 0.2")
    return value


def _seconds(text):
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return value
