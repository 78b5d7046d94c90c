"""The tables of ``transfer.py``, beside those of Devi et al.; nothing is trained.

Reads benchmarks/results/transfer/ and writes benchmarks/results/transfer.md, and transfer_ways.md:
what can be made of the encoder that has learned most properties.
"""

import argparse
import itertools
import json
import math
from pathlib import Path

import pandas as pd
from matbench_table import to_markdown

RESULTS = Path(__file__).parent / "results"
PROPERTIES = ("gap", "e_form", "log_G", "phonons", "dielectric", "piezo")
#: Mean absolute errors in units of half the range, means of five trials, by source and number
#: of labels; from the predictions in the repository of Devi et al. (npj Comput. Mater. 10, 300,
#: 2024).
PUBLISHED = {
    10: {
        "scratch": (2.05, 2.52, 3.36, 1.26, 1.24, 1.57),
        "e_form large": (0.571, None, 2.52, 0.474, 0.813, 1.78),
        "gap large": (None, 1.54, 2.25, 0.334, 0.338, 0.334),
        "mpt": (0.224, 0.305, 0.236, 0.297, 0.116, 0.112),
    },
    100: {
        "scratch": (0.196, 0.127, 0.155, 0.129, 0.060, 0.068),
        "e_form large": (0.173, None, 0.138, 0.114, 0.058, 0.055),
        "gap large": (None, 0.108, 0.143, 0.107, 0.044, 0.054),
        "mpt": (0.159, 0.111, 0.130, 0.099, 0.034, 0.055),
    },
    200: {
        "scratch": (0.193, 0.109, 0.142, 0.110, 0.047, 0.093),
        "e_form large": (0.154, None, 0.121, 0.080, 0.041, 0.064),
        "gap large": (None, 0.115, 0.145, 0.118, 0.051, 0.075),
        "mpt": (0.144, 0.101, 0.120, 0.071, 0.026, 0.057),
    },
    500: {
        "scratch": (0.157, 0.071, 0.109, 0.068, 0.032, 0.058),
        "e_form large": (0.125, None, 0.092, 0.041, 0.023, 0.050),
        "gap large": (None, 0.062, 0.104, 0.055, 0.025, 0.053),
        "mpt": (0.125, 0.085, 0.101, 0.037, 0.021, 0.049),
    },
    800: {
        "scratch": (0.142, 0.057, 0.096, 0.043, 0.022, 0.056),
        "e_form large": (0.114, None, 0.083, 0.026, 0.016, 0.048),
        "gap large": (None, 0.049, 0.089, 0.036, 0.018, 0.049),
        "mpt": (0.117, 0.082, 0.092, 0.026, 0.018, 0.048),
    },
}


#: Sources in the order of the tables; the last three are no networks.
ORDER = (
    "scratch", "e_form small", "e_form large", "gap large", "relative", "mpt", "mpt wide",
    "forest", "median", "mean",
)  # fmt: skip
KEYS = ("family", "preset", "source_epochs", "held_out", "encoder_lr_factor")
#: Ways of use, and what they are called.
MODELS = {
    "fine_tuned": "Fine-tuned",
    "average": "Averaged with support vectors and trees on frozen vectors and Magpie features",
}
BASELINES = ("mean", "median", "forest")
SINGLE = ("e_form small", "e_form large", "gap large")
SEVERAL = ("mpt", "mpt wide")
#: Sources and what is made of them, and what they are called beside each other.
WAYS = {
    ("mpt wide", "fine_tuned"): "fine-tuned",
    ("mpt wide", "support_vectors"): "frozen, support vectors",
    ("mpt wide", "trees"): "frozen, trees",
    ("mpt wide", "average"): "average of the three",
    ("scratch", "average"): "average without an encoder",
    ("forest", "forest"): "forest on Magpie features",
}


def cell(value, digits=3):
    return "" if value is None or pd.isna(value) else f"{value:.{digits}f}"


def by_source(table, published):
    """Return two tables per number of labels: errors, and their ratios to those from scratch."""
    parts = []
    names = [name for name in PROPERTIES if name in set(table["target"])]
    for size, rows in table[table["trainable"] == "all"].groupby("size"):
        n_trials = rows["trial"].nunique()
        grouped = rows.groupby(["source", "target"])
        trials = grouped["trial"].agg(frozenset)
        if trials.nunique() > 1:
            raise SystemExit(f"With {size} labels not all fits have the same draws; run them.")
        mean, spread, r2 = (
            grouped["scaled_mae"].mean(), grouped["scaled_mae"].std(ddof=0), grouped["r2"].mean()
        )  # fmt: skip
        sources = [source for source in ORDER if source in mean.index.get_level_values("source")]
        theirs = published_errors(size) if published else {}
        lines, ratios = [], []
        for source in sources:
            cells, compared = [], []
            for name in names:
                key = (source, name)
                if key not in mean.index:
                    cells.append("")
                    compared.append("")
                    continue
                scatter = f" ± {spread[key]:.3f}" * (n_trials > 1)
                cells.append(f"{mean[key]:.3f}{scatter} ({r2[key]:.2f})")
                ratio = f"{mean[key] / mean['scratch', name]:.2f}"
                error = theirs.get(source, {}).get(name)
                compared.append(
                    f"{ratio} ({error / theirs['scratch'][name]:.2f})" if error else ratio
                )
            lines.append([source, *cells])
            ratios.append([source, *compared])
        draws = f"{n_trials} draws" if n_trials > 1 else "one draw"
        others = [[f"*{s}*", *(cell(known[n]) for n in names)] for s, known in theirs.items()]
        deviation = ", its deviation over the draws," * (n_trials > 1)
        parts += [
            f"{size} labels, {draws}: error in units of half the range{deviation} and R² in"
            " brackets",
            to_markdown(["source", *names], lines),
            *(["Those of Devi et al.", to_markdown(["source", *names], others)] if others else []),
            "Error relative to scratch" + ", in brackets that of Devi et al." * published,
            to_markdown(["source", *names], ratios),
            wins(mean, names),
            *margins(rows, names),
        ]
    return parts


def published_errors(size):
    """Return the published errors by source and property, None where there is none."""
    known = PUBLISHED.get(size, {})
    return {source: dict(zip(PROPERTIES, errors, strict=True)) for source, errors in known.items()}


def wins(mean, names):
    """Say on how many properties multi-property pretraining is better than each other source."""
    sentences = []
    for several in SEVERAL:
        known = [name for name in names if (several, name) in mean.index]
        counts = []
        for source in ORDER if known else []:
            both = [name for name in known if source != several and (source, name) in mean.index]
            better = sum(mean[several, name] < mean[source, name] for name in both)
            if both:
                counts.append(f"{source} on {better} of {len(both)}")
        if counts:
            sentences.append(f"{several} is better than {', '.join(counts)}.")
    return " ".join(sentences)


def margins(rows, names):
    """Return a table of several properties beside the best of random weights and single sources.

    Of the properties of which there are single sources.
    """
    errors = rows.pivot_table(index=["source", "target"], columns="trial", values="scaled_mae")
    lines = []
    rivals_by_name = {"energies and gaps": SINGLE}
    if "relative" in errors.index:
        rivals_by_name["relative too"] = (*SINGLE, "relative")
    for several, (words, rivals) in itertools.product(SEVERAL, rivals_by_name.items()):
        cells, n_better, n_known = [], 0, 0
        for name in names:
            others = [(s, name) for s in rivals if (s, name) in errors.index]
            if (several, name) not in errors.index or not others:
                cells.append("")
                continue
            best = errors.loc[[*others, ("scratch", name)]].mean(axis=1).idxmin()
            ratio = errors.loc[(several, name)].mean() / errors.loc[best].mean()
            wins = int((errors.loc[(several, name)] < errors.loc[best]).sum())
            cells.append(f"{ratio:.2f} of {best[0]}, {wins} of {errors.shape[1]}")
            n_better += ratio < 1
            n_known += 1
        if n_known:
            lines.append([f"{several}, {words}", *cells, f"{n_better} of {n_known}"])
    if not lines:
        return []
    return [
        "Error relative to the best of random weights and of the single sources (formation"
        " energies and gaps, or the nearest relative too), by their means, and on how many draws"
        " it is less",
        to_markdown(["several, beside", *names, "better"], lines),
    ]


def by_layers(table):
    """Return a table of mean errors by what is trained, where several were tried."""
    kept = table[~table["source"].isin(["scratch", *BASELINES])]
    if kept["trainable"].nunique() < 2:
        return []
    several = kept.groupby(["target", "source", "size", "trial"])["trainable"].transform("nunique")
    kept = kept[several > 1]
    means = kept.pivot_table(
        index=["size", "source", "trainable"], columns="target", values="scaled_mae"
    )
    lines = [
        [*map(str, index), *map(cell, row)]
        for index, row in zip(means.index, means.to_numpy(), strict=True)
    ]
    return ["Which layers are trained", to_markdown([*means.index.names, *means.columns], lines)]


def by_way(table):
    """Return a table of the ways to use an encoder, relative to fine-tuned random weights.

    Of CGCNN after "mpt wide" that was trained longest.
    """
    table = table.query(
        "trainable == 'all' and family == 'cgcnn' and held_out == '' and encoder_lr_factor == 1"
    )
    longest = table.loc[table["source"].eq("mpt wide"), "source_epochs"].max()
    table = table[table["source_epochs"].eq(longest)]
    means = table.groupby(["size", "source", "model", "target"])["mae"].mean()
    lines = []
    for size, rows in table[table["source"].eq("mpt wide")].groupby("size"):
        names = [name for name in PROPERTIES if name in set(rows["target"])]
        draws = rows["trial"].nunique()
        for number, ((source, model), words) in enumerate(WAYS.items()):
            ratios = [
                means.get((size, source, model, name), math.nan)
                / means[size, "scratch", "fine_tuned", name]
                for name in names
            ]
            cells = [cell(dict(zip(names, ratios, strict=True)).get(n), 2) for n in PROPERTIES]
            mean = cell(math.exp(sum(map(math.log, ratios)) / len(ratios)), 2)
            lines.append([f"{size} ({draws})" if number == 0 else "", words, *cells, mean])
    return to_markdown(["labels (draws)", "way", *PROPERTIES, "mean"], lines)


def main():
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    parts = []
    rows = []
    for path in sorted((RESULTS / "transfer").glob("*.json")):
        content = json.loads(path.read_text())
        shared = {"family": content["family"], "encoder_lr_factor": 1.0}
        rows += [shared | row for row in content["rows"]]
    table = pd.DataFrame(rows).drop_duplicates(
        [*KEYS, "target", "source", "size", "trial", "trainable", "model"]
    )
    for (family, preset, epochs, held_out, factor), part in table.groupby(list(KEYS)):
        title = f"**{family}** ({preset}), sources of 20,000 crystals for {epochs} epochs"
        title += f", {held_out} held out" * bool(held_out)
        title += f", encoders fine-tuned at {factor:g} times the rate of heads" * bool(factor != 1)
        parts.append(title)
        for model, words in MODELS.items():
            if model not in set(part["model"]):
                continue
            of_model = part[part["model"].isin([model, *BASELINES])]
            published = model == "fine_tuned" and not held_out
            parts += [f"*{words}*", *by_source(of_model, published), *by_layers(of_model)]
    (RESULTS / "transfer.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    (RESULTS / "transfer_ways.md").write_text(by_way(table) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
