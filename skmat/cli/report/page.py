"""What the report says, in which order."""

import datetime
import platform
import shlex
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skmat._utils.atomic import write_atomically
from skmat._utils.digits import digits_text
from skmat.auto._candidates import DESCRIPTIONS
from skmat.auto._leaderboard import left_out
from skmat.auto._target_shape import describe_target
from skmat.cli.held_out import COVERAGE
from skmat.cli.report import drawings, html
from skmat.cli.report.shuffled import changes_by_shuffling
from skmat.cli.train_folder import (
    METRICS,
    PREDICTIONS,
    class_scores,
    constant_scores,
    scores,
)
from skmat.cli.verdict import ERRORS, judge, percent
from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError

__all__ = ["Story", "write_report"]

_MOST_WORST = 10
#: Classes that a table of confusions can show.
_MOST_CLASSES = 12
#: Characters of a material in a table.
_MOST_CHARACTERS = 120

#: Scores of the table, and what they are.
_NAMES = {
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "r2": "R²",
    "max_error": "Largest error",
    "coverage_90": "Labels in 90 % intervals",
    "width_90": "Mean width of 90 % intervals",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "ece": "Expected calibration error",
    "log_loss": "Log-loss of the probabilities (lower is better)",
}


#: What the words behind the name of a candidate mean.
_VARIANTS = {
    "gated": "gated: a classifier tells first whether the value is the lowest one.",
    "above": "above: gated, and only labels above the lowest one are learned.",
    "log": "log: the logarithm of the labels is learned.",
}


@dataclass(frozen=True, eq=False)
class Story:
    """Everything that the report tells about.

    Attributes
    ----------
    model : estimator
        The final model.
    held_out : HeldOut
        Its predictions for rows that it has not seen.
    labels : DataFrame of shape (n_rows, n_targets)
        Labels that it learned, missing in other rows.
    X : list or DataFrame
        Materials.
    materials : list of str
        The same as text for a reader.
    rows : list of int
        Number of each row in the table, from 1.
    given : GivenMaterials
        Where they come from.
    further : list of str
        Further columns that the model learned from.
    command : list of str
        The command line.
    folder : Path
        Folder of the report, as the user named it.
    n_left_out : int, default=0
        Rows of the table that cannot be read.
    contradictions : dict of str to str, default={}
        By how much labels of one material differ, by target.
    """

    model: Any
    held_out: Any
    labels: pd.DataFrame
    X: Any
    materials: list
    rows: list
    given: Any
    further: list
    command: list
    folder: Path
    n_left_out: int = 0
    contradictions: dict = field(default_factory=dict)


def write_report(story, path):
    """Write the report of one model as one file that needs no other."""
    name = Path(story.given.path).name
    several = len(story.held_out.targets) > 1
    with drawings.drawing_for_a_page():
        body = [
            html.heading(1, f"Model of {', '.join(story.labels)} from {name}"),
            html.paragraph(_subtitle(story), "soft"),
            *(_overview(story) if several else []),
            html.paragraph(f"How it was measured: {story.held_out.text}"),
            *(html.section(_about(story, each)) for each in story.held_out.targets),
            html.section(_predict(story)),
            html.section(_data(story)),
            html.section(_made(story)),
        ]
    text = html.document(f"{', '.join(story.labels)}: {name}", body)
    write_atomically(path, text.encode("utf-8"))


def _subtitle(story):
    kind = type(story.model).__name__
    n_rows = int(story.labels.notna().any(axis=1).sum())
    what = "an average of models" if hasattr(story.model, "leaderboard_") else "one network"
    return f"{kind} ({what}), fitted to {n_rows:,} rows"


def _overview(story):
    rows = []
    for target in story.held_out.targets:
        found = judge(target)
        cells = [found.error_text(), digits_text(found.guess)] if found else ["", ""]
        rows.append([target.name, len(target.rows), *cells, _in_short(found)])
    if not any(judge(each) for each in story.held_out.targets):
        return []
    first = story.held_out.targets[0]
    error = "Mean absolute error" if first.classes is None else _capital(ERRORS[first.decision])
    header = ["Target", "Labels", error, _capital(_constant(first)), "In short"]
    return [html.table(header, rows, numbers={1, 2, 3})]


def _in_short(found):
    if found is None:
        return "not measured"
    if not found.is_better:
        return "no better than a constant"
    return f"{percent(1 - found.error / found.guess)} less" + (
        ", may be chance" if found.may_be_chance else ""
    )


def _about(story, target):
    pieces = [html.heading(2, target.name), _verdict(target)]
    if len(target.rows):
        pieces += _scores(target)
        if target.name in story.contradictions:
            pieces.append(html.paragraph(story.contradictions[target.name], "soft"))
        pieces += _figures(story, target)
    pieces += _elements(story, target)
    pieces += _further(story, target)
    pieces += _worst(story, target)
    pieces += _leaderboard(story, target)
    return pieces


def _verdict(target):
    found = judge(target)
    if found is None:
        return html.paragraph("The error of this model was not measured.", "verdict")
    kind = "bad" if not found.is_better else "doubt" if found.may_be_chance else "good"
    note = "± is the standard error over the rows."
    return html.paragraph(
        f"{found.sentence()} {note if found.deviation > 0 else ''}".rstrip(), f"verdict {kind}"
    )


def _scores(target):
    ours, constant = scores(target), constant_scores(target)
    rows = [
        [text, digits_text(ours[name]), digits_text(constant.get(name, np.nan))]
        for name, text in _NAMES.items()
        if np.isfinite(ours.get(name, np.nan))
    ]
    if target.classes is None:
        rows[1:1] = _above_the_lowest(target)
    header = [f"On {len(target.rows):,} labels", "This model", _capital(_constant(target))]
    note = "Errors and widths have the unit of the column. Each score has its own best constant."
    if target.classes is not None:
        note = (
            f"F1 is that of {target.classes[1]!r}."
            if len(target.classes) == 2
            else ("F1 is the mean over the classes.")
        )
        note += (
            " The constant is the best class for each score. For the log-loss, it is the share of"
            " each class."
        )
        if target.decision != "accuracy":
            note += (
                f" The decision is best for {target.decision.replace('_', ' ')}, so that the"
                " predicted class is not always the most probable one."
            )
    return [html.table(header, rows, numbers={1, 2}), html.paragraph(note, "soft")]


def _above_the_lowest(target):
    """Return the scores of labels above the lowest one, if many labels are equal to that."""
    truth = target.truth[target.rows].astype(np.float64)
    lowest = describe_target(truth).lowest
    if lowest is None:
        return []
    above = truth > lowest
    errors = np.abs(truth - target.predicted[target.rows])[above].mean()
    constant = np.abs(truth[above] - np.median(truth[above])).mean()
    what = f"Mean absolute error of the {above.sum():,} labels above {digits_text(lowest)}"
    return [[what, digits_text(errors), digits_text(constant)]]


def _constant(target):
    return "the best constant" if target.classes is None else "always the same class"


def _figures(story, target):
    drawn = []
    if target.classes is None:
        drawn += [
            html.figure(drawings.parity(target), "Predicted against true values."),
            html.figure(
                drawings.residuals(target),
                "Errors against predictions. A good model leaves a band around zero.",
            ),
        ]
    calibration = drawings.calibration(target)
    if calibration is not None:
        what = "intervals" if target.classes is None else "probabilities"
        caption = f"Calibration of the {what}. On the diagonal they hold what they promise."
        if target.classes is None:
            caption += (
                " At each coverage, nine in ten well calibrated models are within the grey band."
            )
        else:
            several = len(target.classes) > 2
            which = "the predicted class" if several else repr(target.classes[1])
            caption += f" They are those of {which}. Bars are 90 % ranges of the fraction."
        drawn.append(html.figure(calibration, caption))
    pieces = [html.figures(drawn)]
    if calibration is None and hasattr(story.model, "predict_interval"):
        pieces.append(
            html.paragraph(
                "Intervals are calibrated on these very errors, so their calibration is not shown."
                " With --cv or --test-size it is measured.",
                "soft",
            )
        )
    if target.classes is not None:
        pieces += [*_by_class(target), *_confusions(target)]
    return pieces


def _by_class(target):
    cells = [
        [name, f"{each['labels']:,}", *(_share(each[score]) for score in ("recall", "precision"))]
        for name, each in class_scores(target).items()
    ]
    header = ["Class", "Labels", "Of these found", "Right when predicted"]
    return [html.heading(3, "Each class"), html.table(header, cells, {1, 2, 3})]


def _share(value):
    return "" if np.isnan(value) else percent(value)


def _confusions(target):
    rows = target.rows
    truth, predicted = target.truth[rows].astype(str), target.predicted[rows].astype(str)
    classes = sorted({*truth, *predicted})
    if len(classes) > _MOST_CLASSES:
        return []
    counts = pd.crosstab(truth, predicted).reindex(index=classes, columns=classes, fill_value=0)
    cells = [[name, *(f"{each:,}" for each in counts.loc[name])] for name in classes]
    header = ["True class, predicted as", *classes]
    numbers = set(range(1, len(header)))
    return [html.heading(3, "Right and wrong classes"), html.table(header, cells, numbers)]


def _elements(story, target):
    title = html.heading(3, "What elements contribute")
    explained, what, label = _explained(story, target)
    if explained is None:
        return []
    if story.given.input == "structure" and hasattr(story.model, "leaderboard_"):
        note = (
            "Not known for an average on structures, because its trees read formulas. One network"
            " of structures, such as with --family cgcnn, can be explained."
        )
        return [title, html.paragraph(note, "soft")]
    if story.given.input == "structure":
        command = ["skmat", "explain", str(story.folder), "new.csv"]
        if len(story.held_out.targets) > 1:
            command += ["--target", target.name]
        if target.classes is not None:
            command += ["--class", str(explained)]
        command += ["--output", "contributions.csv"]
        note = "Each structure has contributions of its own. This command writes them:"
        return [title, html.paragraph(note), html.code(shlex.join(command))]
    formulas = story.X[story.given.column].tolist() if story.further else story.X
    rows = np.flatnonzero(story.labels[target.name].notna())
    if len(np.unique(read_compositions([formulas[row] for row in rows]).keys(), axis=0)) < 2:
        return []
    try:
        drawn, n_formulas = drawings.elements(
            story.model, story.X, formulas, explained, label, rows, story.model.random_state
        )
    except InvalidInputError as error:  # such as an infinite prediction for a pure element
        return [title, html.paragraph(f"Not known: {error}", "soft")]
    sample = (
        f"all {n_formulas:,}"
        if n_formulas == len(rows)
        else (f"a sample of {n_formulas:,} of {len(rows):,}")
    )
    caption = (
        f"Mean contribution of each element to {what}, over the formulas that hold it (Shapley"
        f" values, {sample} formulas). Red raises it, blue lowers it. They tell what the model"
        " does, not what causes a property."
    )
    if story.further:
        caption += (
            " Each formula is compared with others at its own further columns, so their effect is"
            " left out."
        )
    return [title, html.figures([html.figure(drawn, caption)], "broad")]


def _explained(story, target):
    """Return the target or class to explain, and names of it. None if it cannot be explained."""
    if target.classes is None:
        return target.name, "the prediction", target.name
    if len(story.held_out.targets) > 1:
        return None, "", ""  # classifiers of several targets are not explained
    known = story.labels[target.name].dropna()
    explained = target.classes[1] if len(target.classes) == 2 else known.mode()[0]
    what = f"the probability of {explained!r}"
    return explained, what, what


def _further(story, target):
    explained, what, _ = _explained(story, target)
    if not story.further or explained is None:
        return []
    title = html.heading(3, "What further columns contribute")
    rows = np.flatnonzero(story.labels[target.name].notna())
    try:
        changes, n_rows = changes_by_shuffling(
            story.model, story.X, explained, rows, story.model.random_state
        )
    except InvalidInputError as error:  # such as an infinite prediction
        return [title, html.paragraph(f"Not known: {error}", "soft")]
    names = [*story.further, story.given.column]
    note = (
        f"How far {what} of the final model moves when the cells of one column are shuffled among"
        f" {n_rows:,} rows, on average."
    )
    if target.classes is None:
        note += f" The unit is that of {target.name}."
    note += " It tells what the model does, not what causes a property."
    return [
        title,
        html.table(
            ["Shuffled column", "Mean absolute change"],
            [[name, digits_text(changes[name])] for name in names],
            numbers={1},
        ),
        html.paragraph(note, "soft"),
    ]


def _worst(story, target):
    if not len(target.rows):
        return []
    find = _worst_numbers if target.classes is None else _worst_classes
    header, worst, cells, numbers = find(target)
    title = html.heading(3, "Largest errors")
    if not len(worst):
        return [title, html.paragraph("All classes are right.")]
    header = ["Row", "Material", *story.further, *header]
    cells = [
        [f"{story.rows[row]}", _cut(story.materials[row]), *_further_cells(story, row), *more]
        for row, more in zip(worst, cells, strict=True)
    ]
    n_further = len(story.further)
    numbers = {*range(2, 2 + n_further), *(each + n_further for each in numbers)}
    notes = "Row 1 is the first below the header of the table."
    if target.classes is None:
        notes += " Errors are true minus predicted values."
        if target.intervals:
            notes += " Low and high are the ends of the 90 % interval."
    else:
        notes += " Probabilities are those of the true class."
    novelty = story.held_out.novelty
    if novelty is not None:
        header.append("Novelty [%]")
        cells = [[*each, f"{novelty[row]:.0f}"] for row, each in zip(worst, cells, strict=True)]
        numbers = {*numbers, len(header) - 1}
        notes += " Novelty: at 95, only 5 % of the learned rows are as far from their neighbours."
    return [
        title,
        html.table(header, cells, {0, *numbers}),
        html.paragraph(f"{notes} {PREDICTIONS} has all rows.", "soft"),
    ]


def _further_cells(story, row):
    values = [story.X[name].iloc[row] for name in story.further]
    return [_cell(value) for value in values]


def _cell(value):
    """Return a number or a category as text."""
    if pd.isna(value):
        return "missing"
    return value if isinstance(value, str) else f"{value:.6g}"


def _worst_numbers(target):
    """Return names of columns, rows, cells, and which columns are numbers."""
    rows = target.rows
    errors = target.truth[rows].astype(np.float64) - target.predicted[rows]
    worst = np.argsort(-abs(errors), kind="stable")[:_MOST_WORST]
    columns = {"True": target.truth[rows], "Predicted": target.predicted[rows], "Error": errors}
    if target.intervals:
        low, high = target.intervals[COVERAGE]
        columns |= {"Low": low[rows], "High": high[rows]}
    cells = [[digits_text(each[place]) for each in columns.values()] for place in worst]
    return list(columns), rows[worst], cells, set(range(2, 2 + len(columns)))


def _worst_classes(target):
    """Return wrong rows, those whose true class has the smallest probability first."""
    rows = target.rows
    truth, predicted = target.truth[rows].astype(str), target.predicted[rows].astype(str)
    places = {name: place for place, name in enumerate(target.classes)}
    shares = np.array(
        [
            target.probabilities[row, places[name]] if name in places else 0.0
            for row, name in zip(rows, truth, strict=True)
        ]
    )
    wrong = np.flatnonzero(truth != predicted)
    worst = wrong[np.argsort(shares[wrong], kind="stable")][:_MOST_WORST]
    cells = [[truth[place], predicted[place], f"{shares[place]:.2f}"] for place in worst]
    return ["True", "Predicted", "Probability"], rows[worst], cells, {4}


def _leaderboard(story, target):
    board = getattr(story.model, "leaderboard_", None)
    if board is None:
        return []
    of_target = board[board["target"] == target.name]
    fitted = of_target[of_target["status"] == "fitted"]
    cells = [
        [
            each.candidate,
            DESCRIPTIONS.get(each.candidate.split(",")[0], ""),
            digits_text(each.error),
            percent(each.weight) if each.weight > 0 else "",
            f"{each.seconds_fit:.1f}",
        ]
        for each in fitted.itertuples()
    ]
    error = f"Out-of-fold {story.model.error_name_}"
    header = ["Candidate", "What it is", error, "Weight", "Seconds of fitting"]
    tags = {tag for name in fitted["candidate"] for tag in name.split(", ")[1:]}
    return [
        html.heading(3, "Models that were tried"),
        html.table(header, cells, numbers={2, 3, 4}),
        *(html.paragraph(text, "soft") for tag, text in _VARIANTS.items() if tag in tags),
        *(html.paragraph(line, "soft") for line in left_out(of_target)),
    ]


def _predict(story):
    command = ["skmat", "predict", "new.csv", "--model", str(story.folder)]
    if hasattr(story.model, "predict_interval"):
        command += ["--interval", "0.9"]
    if hasattr(story.model, "predict_proba"):
        command += ["--proba"]
    needs = ""
    columns = [story.given.column, *story.further]
    if columns != ["formula"]:
        needs = f" Both tables need the columns {', '.join(map(repr, columns))}."
    return [
        html.heading(2, "Predict with it"),
        html.code(shlex.join([*command, "--output", "predicted.csv"])),
        html.paragraph(f"Labelled rows that the model has not learned score it.{needs}"),
        html.code(shlex.join(["skmat", "evaluate", str(story.folder), "labelled.csv"])),
        html.paragraph("In Python:"),
        html.code(_snippet(story)),
    ]


def _snippet(story):
    load = f"model = skmat.load_model({str(story.folder / 'model')!r})"
    if story.given.input == "structure":
        new = "Structure.from_file('new.cif')"
        imports = ["from pymatgen.core import Structure"]
    else:
        new, imports = repr(story.materials[0]), []
    if not story.further:
        call = f"model.predict([{new}])"
        return "\n".join(["import skmat", *imports, "", load, call])
    values = [f"{name!r}: [{_example(story.X[name])!r}]" for name in story.further]
    columns = ", ".join([f"{story.given.column!r}: [{new}]", *values])
    return "\n".join(
        [
            "import pandas as pd",
            "import skmat",
            *imports,
            "",
            load,
            f"new = pd.DataFrame({{{columns}}})",
            "model.predict(new)",
        ]
    )


def _example(column):
    """Return the first known number or category of a column."""
    known = column.dropna()
    first = known.iloc[0] if len(known) else 0.0
    return first if isinstance(first, str) else float(first)


def _data(story):
    labels = story.labels
    rows = [["Table", str(story.given.path)], ["Rows", f"{len(labels):,}"]]
    if story.n_left_out:
        rows.append(["Rows left out, which cannot be read", f"{story.n_left_out:,}"])
    unlabelled = int(labels.isna().all(axis=1).sum())
    if unlabelled:
        rows.append(["Rows that were not learned (no label, or a test row)", f"{unlabelled:,}"])
    if story.further:
        rows.append(["Further columns", ", ".join(story.further)])
        for name in story.further:
            rows.append([f"Rows without {name}", f"{int(story.X[name].isna().sum()):,}"])
    for target in story.held_out.targets:
        known = labels[target.name].dropna()
        if target.classes is None:
            low, middle, high = (digits_text(each) for each in known.quantile([0, 0.5, 1]))
            text = f"{len(known):,}, from {low} to {high}, median {middle}"
        else:
            counts = known.value_counts()
            shown = [f"{name}: {count:,}" for name, count in counts.head(_MOST_CLASSES).items()]
            more = f" and {len(counts) - _MOST_CLASSES} more" * (len(counts) > _MOST_CLASSES)
            text = f"{len(known):,} in {len(counts)} classes ({', '.join(shown)}{more})"
        rows.append([f"Labels of {target.name}", text])
    return [html.heading(2, "Data"), html.table([], rows)]


def _made(story):
    packages = ("skmat", "scikit-learn", "torch", "numpy", "pandas")
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    today = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    return [
        html.heading(2, "How it was made"),
        html.code(shlex.join(story.command)),
        html.table(
            [],
            [
                ["Versions", f"{versions}, Python {platform.python_version()}"],
                ["Date", today],
                ["Scores for programs", METRICS],
            ],
        ),
    ]


def _version(name):
    from skmat import __version__

    return __version__ if name == "skmat" else version(name)


def _cut(text):
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 3] + "..."


def _capital(text):
    return text[:1].upper() + text[1:]
