"""Errors, intervals and novelty on materials unlike those that were learned."""

import pandas as pd
from extrapolation import CHEAP, EVERY
from matplotlib import pyplot as plt

from tables import frame_to_markdown, read

CALLED = {
    "ridge": "ridge, Magpie",
    "trees": "trees, Magpie",
    "trees, fractions": "trees, Magpie and fractions",
    "scratch": "network, random weights",
    "pretrained": "network, pretrained",
    "auto-fast": "AutoRegressor, fast",
}
COLORS = dict(zip(CALLED, ("0.45", "#e0a070", "#a8480f", "#9bc4e2", "#1f77b4", "k"), strict=True))
UNITS = {
    "expt_gap": "eV", "log_kvrh": "log10(GPa)", "phonons": "1/cm", "aflow": "K", "steels": "MPa",
    "aflow_Egap": "eV", "aflow_bulk_modulus_vrh": "GPa", "aflow_debye_temperature": "ln K",
    "aflow_shear_modulus_vrh": "ln GPa", "aflow_thermal_conductivity_300K": "ln W/m/K",
    "aflow_thermal_expansion_300K": "ln 1/K", "mp_bulk_modulus": "GPa",
    "mp_elastic_anisotropy": "1", "mp_shear_modulus": "GPa",
}  # fmt: skip
N_HARDEST = 5
NOT_SEEN = "steels, expt_gap, log_kvrh, phonons"


def load(path):
    """Return a row per split, with the scores of each part in columns "part score"."""
    header, table = read(path)
    for part in ("inside", "outside"):
        table = table.join(pd.json_normalize(table.pop(part), max_level=0).add_prefix(f"{part} "))
    return header, table


def number(value):
    return "" if value != value else f"{value:.3g}" if abs(value) < 999.5 else f"{value:.0f}"


def errors(table):
    """Return the MAE outside and, in brackets, inside."""
    cells = [
        f"{number(outside)} ({number(inside)})"
        for outside, inside in zip(table["outside mae"], table["inside mae"], strict=True)
    ]
    return table.assign(cell=cells)


def by_model(table, index, values):
    text = table.pivot(index=index, columns="model", values=values)
    return text[[name for name in CALLED if name in text]].rename(columns=CALLED)


def of_elements(table):
    table = errors(table[(table["split"] != EVERY) & (table["split"] != "value")])
    order = table[["task", "left_out"]].drop_duplicates()
    text = by_model(table, ["task", "left_out"], "cell").loc[list(order.itertuples(index=False))]
    text.index = pd.MultiIndex.from_tuples(
        (f"{task} [{UNITS[task]}]", left_out) for task, left_out in text.index
    )
    return frame_to_markdown(text, "task", "left out")


def of_every_element(table):
    """Return how much larger errors are outside, and where they grow most."""
    table = table[table["split"] == EVERY].copy()
    table["ratio"] = table["outside mae"] / table["inside mae"]
    rows = []
    for task, of_task in table.groupby("task", sort=False):
        ratios = of_task.pivot(index="left_out", columns="model", values="ratio")[list(CHEAP)]
        hardest = ratios.mean(axis=1).nlargest(N_HARDEST).index
        medians = ratios.median().map(number).rename(CALLED)
        outside = of_task.pivot(index="left_out", columns="model", values="outside mae")
        better = (outside["trees, fractions"] < outside["trees"]).sum()
        rows.append(
            {"task": task, "elements": len(ratios)}
            | medians.to_dict()
            | {"fractions help": f"{better} of {len(ratios)}", "hardest": ", ".join(hardest)}
        )
    frame = pd.DataFrame(rows).set_index("task").astype(str)
    return frame_to_markdown(frame, "task")


def of_values(table):
    """Return MAE outside and inside, recall and how many are found."""
    texts = errors(table).assign(
        recall=[f"{value:.2f}" for value in table["outside recall"]],
        found_text=[f"{value:.2f}" for value in table["found"]],
    )
    sizes = texts.groupby("task", sort=False)[["inside n", "outside n"]].first()
    chance = sizes["outside n"] / sizes.sum(axis=1)
    columns = {"MAE": "cell", "recall": "recall", "found": "found_text"}
    parts = {what: by_model(texts, "task", column) for what, column in columns.items()}
    rows = {(task, what): part.loc[task] for task in chance.index for what, part in parts.items()}
    frame = pd.concat(rows, axis=1).T
    by_chance = {"MAE": "", "recall": "0.30"}
    chances = [by_chance.get(what, f"{chance[task]:.2f}") for task, what in frame.index]
    frame.insert(0, "by chance", chances)
    frame.index = pd.MultiIndex.from_tuples(
        (f"{task} [{UNITS[task]}]", what) for task, what in frame.index
    )
    return frame_to_markdown(frame, "task", "score")


def of_intervals(table):
    table = table[(table["model"] == "auto-fast") & (table["split"] != EVERY)]
    columns = {
        "coverage": "coverage_90", "width": "width_90", "log-likelihood": "nll",
        "miscalibration": "miscalibration", "novelty": "novelty",
    }  # fmt: skip
    rows = []
    for _, row in table.iterrows():
        cells = {"task": row["task"], "left out": row["left_out"]}
        for name, score in columns.items():
            inside, outside = row[f"inside {score}"], row[f"outside {score}"]
            sign = -1 if score == "nll" else 1
            cells[name] = f"{number(sign * inside)} → {number(sign * outside)}"
        cells["rank of novelty and error"] = f"{row['novelty_rank']:.2f}"
        rows.append(cells)
    frame = pd.DataFrame(rows).set_index(["task", "left out"])
    return frame_to_markdown(frame, *frame.index.names)


def draw(table):
    """Draw the errors outside, and the coverage of intervals against novelty."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    table = table[table["split"] != EVERY]
    table = table.assign(name=table["task"] + ", " + table["left_out"])
    order = {name: -place for place, name in enumerate(dict.fromkeys(table["name"]))}
    for model, part in table.groupby("model", sort=False):
        ratio = part["outside mae"] / part["outside constant"]
        size, front = (45, 3) if model == "auto-fast" else (24, 2)
        left.scatter(
            ratio, part["name"].map(order), size, color=COLORS[model], zorder=front,
            label=CALLED[model],
        )  # fmt: skip
    left.axvline(1, color="0.7", linewidth=1)
    left.set_yticks(list(order.values()), list(order), fontsize=7)
    left.set(xscale="log", xlabel="error outside / error of the median learned label")
    left.set_xticks([0.3, 0.5, 1, 2], ["0.3", "0.5", "1", "2"])
    left.minorticks_off()
    left.legend(frameon=False, fontsize=7, ncols=2, loc="lower center", bbox_to_anchor=(0.4, 1))
    ours = table[table["model"] == "auto-fast"]
    is_value = ours["left_out"] == "value"
    for part, style, rows, label in (
        ("inside", {"color": "0.7"}, slice(None), "inside"),
        ("outside", {"color": "#1f77b4"}, ~is_value, "without an element"),
        ("outside", {"color": "#a8480f", "marker": "s"}, is_value, "above the learned labels"),
    ):
        shown = ours.loc[rows] if not isinstance(rows, slice) else ours
        right.scatter(
            shown[f"{part} novelty"], 100 * shown[f"{part} coverage_90"], 30, label=label, **style
        )
    right.axhline(90, color="0.7", linewidth=1)
    right.set(xlabel="mean novelty", ylabel="labels inside of 90 % intervals [%]", ylim=(0, 101))
    right.legend(frameon=False, fontsize=8)
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def range_of(seen, prefix):
    """Return the range of what pretraining has learned of the sets with a prefix, in per cent."""
    shares = [f"{100 * share:.0f}" for name, share in seen.items() if name.startswith(prefix)]
    return f"{min(shares, key=int)} to {max(shares, key=int)} %"


def extrapolation(results):
    header, table = load(results / "extrapolation.json")
    seen = header["seen"]
    _, matex = load(results / "extrapolation" / "matex.json")
    versions = sorted({fact for row in table["versions"] for fact in row.split(", ")})
    elements = [
        "MAE on materials with the element and, in brackets, on others that were not learned:",
        of_elements(table),
        "Each element of at least 50 materials left out in turn. Median of MAE with it over MAE"
        " without it, on how many elements trees are better with raw fractions than without, and"
        " the elements where errors grow most:",
        of_every_element(table),
        "Pretraining saw all elements: to the pretrained network and to AutoRegressor, which reads"
        f" its embeddings, an element is new to the labels only. It saw no composition of"
        f" {NOT_SEEN}. Of those of AFLOW, it has learned {100 * seen['aflow']:.0f} %, with labels"
        " of related properties.",
        f"Run with: {', '.join(versions)}.",
    ]
    values = [
        "The fifth with the largest labels left out. **MAE** on them and, in brackets, on others"
        " that were not learned. **Recall**: of their best 30 %, how many are among the 30 % with"
        " the largest predictions. **Found**: of all that were tested, as many as were left out"
        " are taken by their predictions; the fraction that was left out.",
        of_values(table[table["split"] == "value"]),
        "The same on the splits of Segal et al. (2025), with 2,468 to 12,747 materials to learn:",
        of_values(matex),
        "The encoder whose embeddings AutoRegressor reads has learned related labels of"
        f" {range_of(seen, 'aflow_')} of the compositions of AFLOW (gaps:"
        f" {100 * seen['aflow_Egap']:.0f} %), and of {range_of(seen, 'mp_')} of those of the"
        " Materials Project.",
    ]
    intervals = [
        'AutoRegressor, ``preset="fast"``, inside → outside. The log-likelihood is the mean of a'
        " normal distribution of labels in units of their deviation, and more is better. Of the"
        " area of miscalibration, less is:",
        of_intervals(table),
    ]
    return {
        "extrapolation_elements.md": elements,
        "extrapolation_values.md": values,
        "extrapolation_intervals.md": intervals,
        "extrapolation.png": draw(table),
    }
