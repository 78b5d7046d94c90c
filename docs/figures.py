"""Figures of the quick start and of the user guide: ``python docs/figures.py [NAME ...]``.

Everything is measured or drawn here, from data that the package ships and from studies/results.
The figures are SVG files on a white ground, so that they are legible in both themes.
"""

import io
import json
import re
import sys
from functools import cache
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

FOLDER = Path(__file__).parent / "images"
STATIC = Path(__file__).parent / "_static"
RESULTS = Path(__file__).parents[1] / "studies" / "results"

INK, GREY, PALE = "#2b3640", "#7a8794", "#e6ebf0"
BLUE, ORANGE, GREEN, PURPLE = "#2f6f9f", "#d9702c", "#4c8a5b", "#8a5f9f"
#: A figure is as wide as a phone can show with legible text.
WIDTH = 5.8

STYLE = {
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.hashsalt": "skmat",
    "savefig.facecolor": "white",
}

FIGURES = {}


def figure(draw):
    """Register a function that returns a figure; the file has the name of the function."""
    FIGURES[draw.__name__] = draw
    return draw


# Schemes ------------------------------------------------------------------------------------


def canvas(height):
    """Return a figure and axes in units of 1/100 of the width, without a frame."""
    fig, ax = plt.subplots(figsize=(WIDTH, WIDTH * height / 100))
    ax.set_position([0, 0, 1, 1])
    ax.set(xlim=(0, 100), ylim=(height, 0))
    ax.axis("off")
    return fig, ax


def box(ax, x, y, width, height, text="", colour=BLUE, filled=False, size=9, **kwargs):
    """Draw a box with its upper left corner at (x, y), and centred text."""
    ax.add_patch(
        FancyBboxPatch(
            (x, y),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=1",
            facecolor=colour if filled else "white",
            edgecolor=colour,
            linewidth=1.2,
        )
    )
    kwargs = {"color": "white" if filled else INK, "ha": "center", "va": "center"} | kwargs
    ax.text(x + width / 2, y + height / 2, text, fontsize=size, **kwargs)


def arrow(ax, start, end, colour=GREY, **kwargs):
    """Draw an arrow."""
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style | kwargs)


def note(ax, x, y, text, **kwargs):
    """Write grey text."""
    ax.text(x, y, text, **({"color": GREY, "fontsize": 8.5, "va": "center"} | kwargs))


def cells(ax, x, y, columns, rows, widths, height=5.5, size=8.5, highlighted=()):
    """Draw a small table; the columns in `highlighted` are coloured."""
    for line, row in enumerate([columns, *rows]):
        left = x
        for name, cell, width in zip(columns, row, widths, strict=True):
            colour = "#fbe9dd" if name in highlighted else PALE if line == 0 else "white"
            ax.add_patch(
                Rectangle(
                    (left, y + line * height),
                    width,
                    height,
                    facecolor=colour,
                    edgecolor=GREY,
                    lw=0.7,
                )
            )
            ax.text(left + 1.2, y + (line + 0.5) * height, cell, fontsize=size, va="center")
            left += width


# Measurements -------------------------------------------------------------------------------


@cache
def table():
    """Return the rows of the quick start: 400 to learn from, 100 held out."""
    from sklearn.model_selection import train_test_split

    from skmat.datasets import load_transport

    frame = load_transport(targets="S_p", as_frame=True).frame.sample(500, random_state=0)
    return train_test_split(frame, test_size=100, random_state=0)


@cache
def average():
    """Return the model of the quick start."""
    from skmat import AutoRegressor

    train, _ = table()
    return AutoRegressor(preset="fast", random_state=0).fit(train["formula"], train["S_p"])


@cache
def network(seed):
    """Return what a network of that seed predicts for the held-out rows, and its deviations."""
    from skmat import RoostRegressor

    train, test = table()
    model = RoostRegressor(loss="robust_l1", max_epochs=20, random_state=seed)
    model.fit(train["formula"], train["S_p"])
    return model.predict(test["formula"], return_std=True)


# The figures --------------------------------------------------------------------------------


@figure
def quickstart():
    """Show predictions and intervals of held-out rows."""
    _, test = table()
    low, high = average().predict_interval(test["formula"])
    mean, y = average().predict(test["formula"]), test["S_p"].to_numpy()
    inside = (low <= y) & (y <= high)
    fig, ax = plt.subplots(figsize=(WIDTH, 3.4), layout="constrained")
    ax.axline((0, 0), slope=1, color=GREY, lw=1, zorder=0)
    for chosen, colour, label in [
        (inside, BLUE, f"true value within the interval ({inside.sum()} of {len(y)})"),
        (~inside, ORANGE, f"outside ({(~inside).sum()})"),
    ]:
        ax.vlines(y[chosen], low[chosen], high[chosen], color=colour, lw=0.8, alpha=0.35)
        ax.plot(y[chosen], mean[chosen], "o", ms=4, color=colour, label=label)
    ax.set(xlabel="Label of the held-out row [µV/K]", ylabel="Predicted [µV/K]")
    fig.legend(loc="outside upper center", ncols=2)
    return fig


@figure
def auto():
    """Show how folds give out-of-fold predictions, weights and intervals."""
    fig, ax = canvas(65)
    note(
        ax,
        2,
        4,
        "1  Every candidate predicts each fold after it has learned the others",
        color=INK,
    )
    for fit in range(5):
        y = 9 + fit * 5.4
        note(ax, 2, y + 2, f"fit {fit + 1}")
        for fold in range(5):
            held = fold == fit
            box(ax, 10 + fold * 7, y, 6.2, 4, "", ORANGE if held else BLUE, filled=True)
    note(ax, 10, 38, "learned", color=BLUE)
    note(ax, 22, 38, "predicted", color=ORANGE)
    arrow(ax, (47, 22), (55, 22))
    names = ["svm", "trees", "network"]
    for i, (name, weight) in enumerate(zip(names, [0.5, 0.2, 0.3], strict=True)):
        y = 10 + i * 9
        note(ax, 57, y + 2.5, name, color=INK)
        for fold in range(5):
            box(ax, 69 + fold * 2.6, y, 2.2, 5, "", ORANGE, filled=True)
        arrow(ax, (83.5, y + 2.5), (87, y + 2.5))
        box(ax, 88, y, 10 * weight / 0.5, 5, "", GREEN, filled=True)
    note(ax, 57, 38, "out-of-fold predictions", color=ORANGE)
    note(ax, 98, 38, "weights", color=GREEN, ha="right")
    note(
        ax, 2, 47, "2  The average of the candidates, by weight, predicts new materials", color=INK
    )
    boxes = [
        (2, 17, "new material"),
        (27, 22, "weighted average"),
        (57, 41, "prediction and interval"),
    ]
    for (x, width, text), colour in zip(boxes, (GREY, GREEN, ORANGE), strict=True):
        box(ax, x, 51.5, width, 7, text, colour, size=8.5)
    arrow(ax, (20, 55), (26, 55))
    arrow(ax, (50, 55), (56, 55))
    note(ax, 57, 62, "as wide as out-of-fold errors suggest", color=ORANGE)
    return fig


@figure
def inputs():
    """Show that spellings of one composition are the same fractions."""
    from skmat.composition import read_compositions

    spellings = [
        ['"TiO2"', '"O2Ti"', '"Ti2O4"'],
        ['{"Na": 1, "Cl": 1}', '"NaCl"'],
        ['"Ca(OH)2"', '"CaO2H2"'],
        ['"CuSO4·5H2O"'],
    ]
    colours = {"O": "#c8553d", "H": "#9fb3c1", "Ti": BLUE, "Na": PURPLE, "Cl": GREEN}
    colours |= {"Ca": "#6d8f3c", "Cu": ORANGE, "S": "#c2a13a"}
    fig, ax = canvas(44)
    note(ax, 2, 4, "What you pass", color=INK)
    note(ax, 50, 4, "What is read: atomic fractions", color=INK)
    for i, row in enumerate(spellings):
        y = 8 + i * 9
        values = [json.loads(each) for each in row]
        compositions = read_compositions(values)
        assert len(set(compositions.group_ids())) == 1
        ax.text(2, y + 3, "  ".join(row), fontsize=8.5, family="monospace", va="center")
        arrow(ax, (44, y + 3), (48.5, y + 3))
        left = 50
        numbers, fractions = compositions.atomic_numbers[0], compositions.fractions[0]
        for number, fraction in zip(numbers, fractions, strict=True):
            if fraction:
                symbol = _symbol(number)
                width = 48 * fraction
                colour = colours[symbol]
                ax.add_patch(Rectangle((left, y), width, 6, facecolor=colour, edgecolor="white"))
                text = f"{symbol} {fraction:.2f}" if width > 7 else symbol
                ax.text(
                    left + width / 2,
                    y + 3,
                    text,
                    color="white",
                    fontsize=8,
                    ha="center",
                    va="center",
                )
                left += width
    return fig


def _symbol(number):
    from pymatgen.core import Element

    return Element.from_Z(int(number)).symbol


@figure
def reading():
    """Show what an error says."""
    from skmat import MagpieFeaturizer

    try:
        MagpieFeaturizer().fit(["TiO2", "Xx3", None, "NaCl"])
    except ValueError as error:
        first, second, third, last = str(error).splitlines()[:4]
    fig, ax = canvas(38)
    lines = [first, second, third, last.split(", e.g.")[0] + " ..."]
    callouts = [
        "how many rows",
        "row (the first is 0), value",
        "the reason",
        "the remedy",
    ]
    for i, (line, text) in enumerate(zip(lines, callouts, strict=True)):
        y = 4 + i * 9
        ax.add_patch(Rectangle((1, y - 3), 66, 6.6, facecolor=PALE, edgecolor="none"))
        ax.text(2.5, y + 0.3, line, fontsize=8, family="monospace", va="center")
        note(ax, 71, y + 0.3, text, color=ORANGE)
    return fig


@figure
def structures():
    """Show what CGCNN and ALIGNN read of a structure."""
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.0), layout="constrained")
    spacing = 2.82
    sites = [(i, j) for i in range(-3, 4) for j in range(-3, 4)]
    for ax, title in zip(
        axes, ["CGCNN: atoms and distances", "ALIGNN: angles as well"], strict=True
    ):
        ax.set(xlim=(-8.6, 8.6), ylim=(-8.6, 8.6), aspect="equal", title=title)
        ax.axis("off")
        near = [s for s in sites if 0 < np.hypot(*s) < 1.5]
        for i, j in near:
            ax.plot([0, i * spacing], [0, j * spacing], color=BLUE, lw=1.5, zorder=1)
        for i, j in sites:
            sodium = (i + j) % 2 == 0
            known = (i, j) == (0, 0) or (i, j) in near
            ax.add_patch(
                Circle(
                    (i * spacing, j * spacing),
                    0.62 if sodium else 0.95,
                    facecolor=PURPLE if sodium else GREEN,
                    alpha=1 if known else 0.25,
                    zorder=2,
                    lw=0,
                )
            )
        ax.add_patch(
            Rectangle(
                (0, 0), 2 * spacing, 2 * spacing, fill=False, edgecolor=INK, lw=1, ls=":", zorder=3
            )
        )
    axes[0].add_patch(Circle((0, 0), 1.6 * spacing, fill=False, edgecolor=ORANGE, lw=1.2, ls="--"))
    axes[0].text(0, -1.85 * spacing, "nearest neighbours", color=ORANGE, ha="center", va="center")
    angles = np.linspace(0, np.pi / 4, 20)
    for start in range(8):
        turn = angles + start * np.pi / 4
        axes[1].plot(2.0 * np.cos(turn), 2.0 * np.sin(turn), color=ORANGE, lw=1.4, zorder=4)
    return fig


@figure
def tables():
    """Show the tables that the command line reads and writes."""
    train, _ = table()
    new = ["Bi2Te3", "SnSe"]
    predicted = average().predict(new)
    low, high = average().predict_interval(new)
    fig, ax = canvas(50)
    mono = {"family": "monospace", "va": "center"}
    ax.text(2, 3, "measured.csv", **mono)
    short = train[train["formula"].str.len() < 7].head(3)
    rows = [(row.formula, f"{row.S_p:.4g}") for row in short.itertuples()]
    cells(ax, 2, 6, ["formula", "S_p"], [*rows, ("...", "...")], [16, 12], height=4)
    arrow(ax, (31, 16), (36, 16))
    box(ax, 37, 12, 18, 8, "skmat train", BLUE, filled=True, family="monospace", size=8)
    arrow(ax, (56, 16), (61, 16))
    box(ax, 62, 12, 21, 8, "measured-model", GREEN, family="monospace", size=8.5)
    ax.plot([72, 72, 28.5], [21, 28, 28], color=GREEN, lw=1.2)
    arrow(ax, (28.5, 28), (28.5, 37), colour=GREEN)
    ax.text(2, 33, "new.csv", **mono)
    cells(ax, 2, 36, ["formula"], [(name,) for name in new], [12], height=4)
    arrow(ax, (15, 42), (18, 42))
    box(ax, 19, 38, 19, 8, "skmat predict", BLUE, filled=True, family="monospace", size=8)
    arrow(ax, (39, 42), (42, 42))
    ax.text(43, 33, "predicted.csv", **mono)
    columns = ["formula", "S_p_predicted", "S_p_low", "S_p_high"]
    shown = [
        (name, *(f"{value:.0f}" for value in values))
        for name, *values in zip(new, predicted, low, high, strict=True)
    ]
    widths = [12, 20, 12, 12]
    cells(ax, 43, 36, columns, shown, widths, height=4, size=8, highlighted=columns[1:])
    return fig


@figure
def multitask():
    """Show targets with missing labels, one encoder and its heads."""
    known = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [1, 1, 0], [0, 1, 0], [1, 0, 1]])
    colours, names = [BLUE, GREEN, PURPLE], ["gap", "density", "modulus"]
    formulas = ["TiO2", "ZnO", "NaCl", "GaAs", "Si", "MgO"]
    fig, ax = canvas(42)
    for j, name in enumerate(names):
        ax.text(16 + j * 8.5, 4, name, ha="center", va="center", fontsize=8)
    for i, formula in enumerate(formulas):
        y = 7 + i * 5.2
        ax.text(2, y + 2.2, formula, va="center", fontsize=8.5)
        for j, colour in enumerate(colours):
            face = colour if known[i, j] else "white"
            ax.add_patch(
                Rectangle(
                    (12.5 + j * 8.5, y),
                    7,
                    4.4,
                    facecolor=face,
                    edgecolor=colour,
                    lw=0.8,
                    ls="-" if known[i, j] else ":",
                )
            )
    note(ax, 12.5, 40.3, "dotted: label is missing, and is not in the loss", fontsize=8)
    arrow(ax, (39, 22), (45, 22))
    box(ax, 46, 14, 17, 16, "one encoder\nlearns from\nall labels", ORANGE, filled=True, size=8.5)
    for j, (name, colour) in enumerate(zip(names, colours, strict=True)):
        y = 9 + j * 10
        arrow(ax, (64, 22), (71, y + 3.5), colour=colour)
        box(ax, 72, y, 25, 7, f"head of {name}", colour, size=8.5)
    return fig


@figure
def pretraining():
    """Show encoders, objectives and uses."""
    fig, ax = canvas(50)
    columns = [
        (
            "Encoder",
            BLUE,
            ["MTEncoder: formulas", "Roost: formulas", "CGCNN: structures", "ALIGNN: structures"],
        ),
        ("learns", ORANGE, ["hidden elements", "two views, one embedding", "a teacher", "labels"]),
        (
            "and is used",
            GREEN,
            ["frozen, in a pipeline", "fine-tuned on labels", "pretrained further"],
        ),
    ]
    for i, (title, colour, texts) in enumerate(columns):
        x = 1 + i * 35
        ax.text(
            x + 14,
            4,
            title,
            ha="center",
            va="center",
            fontsize=9.5,
            fontweight="bold",
            color=colour,
        )
        for j, text in enumerate(texts):
            box(ax, x, 9 + j * 10, 28, 7.4, text, colour, size=8)
        if i < 2:
            for y in (24, 28, 32):
                arrow(ax, (x + 29, y), (x + 34, y))
    return fig


@figure
def continuing():
    """Show learning rates of fits that continue."""
    from skmat import MTEncoderRegressor

    train, _ = table()
    X, y = train["formula"][:100], train["S_p"][:100]
    settings = {"preset": "tiny", "random_state": 0, "pretrained": None}

    def rates(model):
        return [row["lr"] for row in model.history_]

    whole = rates(MTEncoderRegressor(max_epochs=20, **settings).fit(X, y))
    model = MTEncoderRegressor(max_epochs=10, warm_start=True, **settings).fit(X, y)
    first = rates(model)
    second = rates(model.fit(X, y))
    for _ in range(5):
        model.partial_fit(X, y)
    more = rates(model)[len(second) :]
    fig, ax = plt.subplots(figsize=(WIDTH, 2.5), layout="constrained")
    ax.plot(range(1, 21), whole, color=GREY, lw=1.5, label="one fit of 20 epochs")
    ax.plot(range(1, 11), first, color=BLUE, lw=2, label="fit of 10 epochs")
    ax.plot(range(11, 21), second, color=ORANGE, lw=2, label="fit again, warm_start=True")
    ax.plot(
        range(21, 21 + len(more)), more, "o-", ms=3, color=GREEN, label="partial_fit, five times"
    )
    ax.set(xlabel="Epoch", ylabel="Learning rate", xlim=(0.5, 25.5))
    ax.set_ylim(bottom=0)
    ax.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    fig.legend(loc="outside upper center", ncols=2)
    return fig


@figure
def labels():
    """Show errors relative to a forest against the number of labels."""
    rows = json.loads((RESULTS / "learning_curves.json").read_text())["rows"]
    losses = {(row["task"], row["size"], row["model"]): row["loss"] for row in rows}
    tasks, sizes = ["jdft2d", "phonons", "expt_gap", "dielectric"], [50, 100, 200, 500, 1000]
    lines = [
        ("scratch", GREY, "random weights"),
        ("pretrained", ORANGE, "fine-tuned"),
        ("frozen", BLUE, "frozen"),
        ("voting", GREEN, "mean of three"),
    ]
    fig, ax = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
    for model, colour, label in lines:
        means = [
            np.mean(
                [
                    losses[task, size, model] / losses[task, size, "Magpie + forest"]
                    for task in tasks
                    if (task, size, model) in losses
                ]
            )
            for size in sizes
        ]
        ax.plot(sizes, means, "o-", ms=4, color=colour, label=label)
    ax.axhline(1, color=INK, lw=1, ls=":")
    ax.text(1000, 1.005, "forest on Magpie features", ha="right", va="bottom", fontsize=8.5)
    ax.set(xscale="log", xlabel="Labels", ylabel="Error relative to the forest", ylim=(0.55, 1.06))
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    fig.legend(loc="outside upper center", ncols=4)
    return fig


@figure
def uncertainty():
    """Show the two sources of a standard deviation."""
    _, test = table()
    means, scales = (np.array(each) for each in zip(*map(network, range(5)), strict=True))
    spread = means.std(axis=0)
    total = np.sqrt(spread**2 + (scales**2).mean(axis=0))
    rows = np.argsort(means.mean(axis=0))[5::12][:8]
    fig, ax = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
    places = np.arange(len(rows))
    centre = means.mean(axis=0)[rows]
    ax.bar(
        places, 2 * total[rows], 0.62, centre - total[rows], color=PALE, label="mean ± deviation"
    )
    ax.plot(places, means[:, rows].T, "o", ms=3.5, color=BLUE)
    ax.plot([], [], "o", ms=3.5, color=BLUE, label="five networks")
    ax.plot(places, test["S_p"].to_numpy()[rows], "D", ms=5, color=ORANGE, label="label")
    ax.set(ylabel="S$_p$ [µV/K]")
    names = test["formula"].to_numpy()[rows]
    ax.set_xticks(places, [_typeset(name) for name in names], rotation=25, ha="right")
    fig.legend(loc="outside upper center", ncols=3)
    return fig


def _typeset(formula):
    return re.sub(r"([\d.]+)", r"$_{\1}$", formula)


@figure
def featurizers():
    """Show how a Magpie feature arises."""
    from skmat import MagpieFeaturizer

    featurizer = MagpieFeaturizer().set_output(transform="pandas").fit(["TiO2"])
    row = featurizer.transform(["TiO2"]).iloc[0]
    statistics = ["minimum", "maximum", "range", "mean", "avg_dev", "mode"]
    values = {each: row[f"MagpieData {each} Electronegativity"] for each in statistics}
    fig, ax = canvas(38)
    ax.text(2, 4, "TiO$_2$", va="center", fontsize=11)
    note(ax, 13, 4, "electronegativity of each atom")
    for i, symbol in enumerate(["Ti", "O", "O"]):
        value = values["minimum"] if symbol == "Ti" else values["maximum"]
        box(
            ax,
            2,
            9 + i * 9,
            24,
            7,
            f"{symbol}  {value:.2f}",
            BLUE if symbol == "Ti" else "#c8553d",
        )
    arrow(ax, (28, 21), (37, 21))
    note(ax, 66, 4, "six statistics", ha="center")
    for i, each in enumerate(statistics):
        x, y = 39 + (i % 2) * 29, 9 + (i // 2) * 9
        box(ax, x, y, 27, 7, f"{each}  {values[each]:.2f}", GREEN, size=8.5)
    note(ax, 66, 37 - 0.4, f"of 22 properties: {len(row)} features", ha="center", color=INK)
    return fig


@figure
def persistence():
    """Show what each way of saving keeps."""
    fig, ax = canvas(40)
    parts = ["encoder", "heads", "scales, classes", "steps around it,\nyour classes"]
    for i, part in enumerate(parts):
        ax.text(38 + i * 17.5, 4, part, ha="center", va="center", fontsize=8)
    ways = [
        ("save_pretrained", 1, GREEN, "safe to read"),
        ("save_model", 3, GREEN, "safe to read: runs no code"),
        ("joblib.dump", 4, ORANGE, "can run any code: only files that you trust"),
    ]
    for i, (name, count, colour, text) in enumerate(ways):
        y = 9 + i * 10.5
        ax.text(2, y + 3, name, family="monospace", fontsize=8.5, va="center")
        box(
            ax,
            30,
            y,
            count * 17.5 - 1.5,
            6,
            text,
            colour,
            filled=True,
            size=8,
        )
    note(
        ax,
        2,
        39 - 0.4,
        "push_to_hub uploads what save_model or save_pretrained writes",
        fontsize=8.5,
    )
    return fig


@figure
def screening():
    """Show a source in chunks, and the files that they become."""
    fig, ax = canvas(38)
    note(ax, 2, 3, "source")
    note(ax, 36, 3, "one model per process")
    note(ax, 68, 3, "result")
    for chunk, colour in enumerate([BLUE, BLUE, ORANGE, GREY]):
        top = 7 + 7.5 * chunk
        name = ["rows 0 to 9,999", "10,000 to 19,999", "20,000 to 29,999", "..."][chunk]
        box(ax, 2, top, 24, 5.5, name, colour)
        if chunk < 3:
            box(ax, 36, top, 20, 5.5, "Predictor", colour, filled=True)
            arrow(ax, (26, top + 2.75), (36, top + 2.75), colour)
            arrow(ax, (56, top + 2.75), (68, top + 2.75), colour)
    for chunk in range(2):
        box(ax, 68, 7 + 7.5 * chunk, 30, 5.5, f"part-0000000{chunk}.csv", BLUE, family="monospace")
    note(ax, 68.5, 24.7, "killed here: this chunk\nis predicted again", color=ORANGE)
    box(ax, 68, 30, 30, 5.5, "bad-00000001.csv", GREY, family="monospace")
    return fig


@figure
def reproducibility():
    """Show what another seed changes."""
    _, test = table()
    y = test["S_p"].to_numpy()
    single = [np.abs(network(seed)[0] - y).mean() for seed in range(10)]
    means = [
        np.abs(np.mean([network(seed)[0] for seed in seeds], axis=0) - y).mean()
        for seeds in (range(5), range(5, 10))
    ]
    fig, ax = plt.subplots(figsize=(WIDTH, 1.7), layout="constrained")
    ax.plot(single, np.ones(10), "o", ms=6, color=BLUE, alpha=0.7)
    ax.plot(means, np.zeros(2), "o", ms=6, color=ORANGE)
    ax.set_yticks([1, 0], ["one network, seeds 0 to 9", "means of five networks"])
    ax.set(ylim=(-0.6, 1.6), xlabel="Mean absolute error on 100 held-out rows [µV/K]")
    return fig


@figure
def pictures():
    """Show four displays of one model."""
    from skmat.inspection import (
        CalibrationDisplay,
        ElementAttributionDisplay,
        LeaderboardDisplay,
        ResidualDisplay,
    )

    _, test = table()
    X, y = test["formula"], test["S_p"]
    fig, axes = plt.subplots(2, 2, figsize=(WIDTH, 5.0), layout="constrained")
    ResidualDisplay.from_estimator(average(), X, y, ax=axes[0, 0], units="µV/K")
    CalibrationDisplay.from_estimator(average(), X, y, ax=axes[0, 1])
    LeaderboardDisplay.from_estimator(average(), ax=axes[1, 0], units="µV/K")
    ElementAttributionDisplay.from_estimator(
        average(), ["Bi2Te3"], baseline=list(X), ax=axes[1, 1], unit="µV/K"
    )
    names = ["ResidualDisplay", "CalibrationDisplay", "LeaderboardDisplay"]
    for ax, name in zip(axes.flat, [*names, "ElementAttributionDisplay"], strict=True):
        ax.set_title(name, family="monospace", fontsize=8, pad=16)
    return fig


@figure
def benchmark():
    """Show that folds differ more than models do."""
    from skmat.benchmark import MatbenchResults

    fig, ax = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
    lines = [
        ("magpie-forest", GREY, "forest on Magpie features"),
        ("mtencoder", BLUE, "MTEncoder"),
    ]
    errors = {}
    for name, colour, label in lines:
        scores = MatbenchResults.load(RESULTS / "matbench" / f"{name}.json").scores
        errors[name] = scores[scores["task"] == "matbench_jdft2d"].set_index("fold")["mae"]
        ax.plot(errors[name].index + 1, errors[name], "o-", color=colour, label=label)
    ax.set(
        xlabel="Fold of matbench_jdft2d",
        ylabel="Mean absolute error [meV/atom]",
        xticks=range(1, 6),
    )
    fig.legend(loc="outside upper center", ncols=2)
    return fig


def preview():
    """Return the picture of link previews: 1,200 by 630 pixels."""
    fig, ax = plt.subplots(figsize=(12, 6.3), dpi=100)
    ax.set_position([0, 0, 1, 1])
    ax.set(xlim=(0, 1200), ylim=(630, 0))
    ax.axis("off")
    corners = [(120, 240), (240, 174), (360, 240), (360, 378), (240, 450), (120, 378)]
    for path in (
        [*corners, corners[0]],
        [(120, 240), (240, 312), (360, 240)],
        [(240, 312), (240, 450)],
    ):
        ax.plot(*zip(*path, strict=True), color=GREY, lw=12, zorder=1)
    for x, y in corners:
        ax.add_patch(Circle((x, y), 30, color=BLUE, zorder=2))
    ax.add_patch(Circle((240, 312), 48, color="#e07b39", zorder=2))
    ax.text(450, 250, "skmat", fontsize=72, fontweight="bold", va="center")
    lines = "Pretrained encoders for inorganic materials\nas scikit-learn estimators"
    ax.text(452, 385, lines, fontsize=22, va="center", linespacing=1.5)
    return fig


def main(names):
    """Draw the figures of these names, or all."""
    with plt.rc_context(STYLE):
        for name in names or [*FIGURES, "preview"]:
            if name == "preview":
                preview().savefig(STATIC / "preview.png")
                continue
            text = io.StringIO()
            FIGURES[name]().savefig(text, format="svg", metadata={"Date": None})
            lines = [line.rstrip() for line in text.getvalue().splitlines()]
            (FOLDER / f"{name}.svg").write_text("\n".join(lines) + "\n")
            plt.close("all")
            print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
