"""Errors of properties learned together, beside those of properties learned alone.

A difference is the mean over seeds of that between two networks that learned from the same
crystals, with its standard deviation. Errors that grow are positive.
"""

from itertools import product

import numpy as np
from multitask import TOGETHER

from tables import read, to_markdown

UNITS = {"e_form": "eV/atom", "gap": "eV", "efermi": "eV"}


def spread(values):
    return f"{np.mean(values):.3g} ± {np.std(values, ddof=1):.2g}"


def percent(ratios):
    return f"{100 * (np.mean(ratios) - 1):+.1f} ± {100 * np.std(ratios, ddof=1):.1f} %"


def by_property(fits, targets, fractions):
    """Return a line for each figure and fraction: alone, together, and the difference."""
    lines = []
    for target in targets:
        names = [name for name in fits.columns if name.startswith(target)]
        for name in names + ["metal ROC-AUC"] * (target == "gap"):
            table = fits.pivot(index=["fraction", "seed"], columns="kind", values=name)
            for fraction in fractions:
                alone, together = table.loc[fraction, [target, TOGETHER]].dropna().T.to_numpy()
                if not len(alone):
                    continue
                label, change = name, spread(together - alone)
                if name.endswith("MAE"):
                    label, change = f"{name}, {UNITS[target]}", percent(together / alone)
                lines.append([label, f"{fraction:.0%}", spread(alone), spread(together), change])
    return lines


def with_less(fits, targets, most, *fractions):
    """Return errors after less data, together, relative to those after the most, alone."""
    errors = fits.set_index(["kind", "fraction", "seed"]).sort_index()
    lines = []
    for less, name in product(fractions, targets):
        column = errors[f"{name} MAE"]
        words = f"{less:.0%} together against {most:.0%} alone"
        lines.append([words, column.name, percent(column[TOGETHER, less] / column[name, most])])
    return lines


def about(header):
    """Say what was learned from what, and how."""
    header = {"draw": 0, "test_seed": 0, "task_layers": 0, "n_further": 0} | header
    header = {"further_epochs": header["max_epochs"]} | header
    which = ["draw {draw}, without the earlier"] * (header["draw"] > 0)
    which += ["test crystals of seed {test_seed}"] * (header["test_seed"] > 0)
    text = f"**{', '.join(header['targets'])}**: {{n:,}} crystals of at most {{max_atoms}} atoms"
    text += f" ({'; '.join(which)})" * bool(which)
    text += ', labels of {version}; CGCNN "{preset}"'
    text += " with {task_layers} convolution of each property's own" * (header["task_layers"] > 0)
    text += ", {max_epochs} epochs in batches of {batch_size}"
    if header["n_further"]:
        text += ". Beside these, {n_further:,} crystals of other compositions with labels of"
        text += f" {' and '.join(header['further'])} alone, for networks that learn it:"
        text += " {further_epochs} epochs then"
    return text.format_map(header) + "."


def searched(search, targets):
    """Return what was found on validation crystals, where weightings were searched."""
    if not (splits := len(search.get("seeds", []))):
        return []
    errors = ", ".join(f"{value:.3g} {UNITS[name]}" for name, value in search["alone"].items())
    title = f"Errors on the validation crystals of {splits} split{'s' * (splits > 1)}"
    tried = [
        [weighting, *(f"{100 * (ratio - 1):+.1f}" for ratio in ratios.values())]
        for weighting, ratios in search["ratios"]
    ]
    return [f"{title}, % more than alone ({errors})", to_markdown(["weighting", *targets], tried)]


def tested(header, fits):
    """Return tables of the errors on test crystals, where networks were tested."""
    if fits.empty:
        return []
    targets, fractions = header["targets"], sorted(fits["fraction"].unique(), reverse=True)
    titles = ["", "trained on", "alone", "together", "difference"]
    parts = [f"On test crystals with {header['search']['best']}, {fits['seed'].nunique()} seeds"]
    parts.append(to_markdown(titles, by_property(fits, targets, fractions)))
    if len(fractions) > 1:
        parts.append(to_markdown(["", "", "difference"], with_less(fits, targets, *fractions)))
    rows = zip(targets, header["correlation"], strict=True)
    correlations = [[name, *(f"{value:.2f}" for value in row)] for name, row in rows]
    return [*parts, "Pearson correlation", to_markdown(["", *targets], correlations)]


def multitask(results):
    parts = []
    for path in sorted((results / "multitask").glob("*.json")):
        header, fits = read(path)
        parts += [about(header), *([header["note"]] if "note" in header else [])]
        parts += [*searched(header["search"], header["targets"]), *tested(header, fits)]
    return {"multitask.md": parts}
