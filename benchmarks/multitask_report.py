"""The tables of ``multitask_crystals.py``; nothing is trained.

Reads benchmarks/results/crystals/multitask-*.json and writes
benchmarks/results/multitask_crystals.md. A difference is the mean over seeds of that between two
networks that learned from the same crystals, with its standard deviation; errors that grow are
positive.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from matbench_table import to_markdown
from multitask_crystals import TOGETHER

RESULTS = Path(__file__).parent / "results"
UNITS = {"e_form": "eV/atom", "gap": "eV", "efermi": "eV"}


def spread(values, unit=""):
    return f"{np.mean(values):.3g} ± {np.std(values, ddof=1):.2g}{unit}"


def percent(ratios):
    return f"{100 * (np.mean(ratios) - 1):+.1f} ± {100 * np.std(ratios, ddof=1):.1f} %"


def by_property(fits, targets, fractions):
    """Return a line for each measure and fraction: alone, together, and the difference."""
    lines = []
    for target in targets:
        measures = [name for name in fits.columns if name.startswith(target)]
        measures += ["metal ROC-AUC"] if target == "gap" else []
        for name in measures:
            for fraction in fractions:
                rows = fits[fits["fraction"] == fraction]
                pairs = rows.pivot(index="seed", columns="kind", values=name)
                if target not in pairs:
                    continue
                pairs = pairs[[target, TOGETHER]].dropna()
                alone, together = pairs[target], pairs[TOGETHER]
                is_error = name.endswith("MAE")
                label = f"{name}, {UNITS[target]}" if is_error else name
                difference = percent(together / alone) if is_error else spread(together - alone)
                cells = spread(alone), spread(together), difference
                lines.append([label, f"{fraction:.0%}", *cells])
    return lines


def with_less(fits, targets, fractions):
    """Return the errors of less data, together, beside those of the most, alone."""
    lines = []
    most = fractions[0]
    for less in fractions[1:]:
        for target in targets:
            name = f"{target} MAE"
            together = fits[(fits["kind"] == TOGETHER) & (fits["fraction"] == less)]
            alone = fits[(fits["kind"] == target) & (fits["fraction"] == most)]
            ratios = together.set_index("seed")[name] / alone.set_index("seed")[name]
            words = f"{less:.0%} together against {most:.0%} alone"
            lines.append([words, name, percent(ratios)])
    return lines


def beside(content):
    """Say what further crystals there are."""
    if not content.get("n_further"):
        return ""
    known = " and ".join(content["further"])
    return (
        f". Beside these, {content['n_further']:,} crystals of other compositions with labels of"
        f" {known} alone, for networks that learn it: {content['further_epochs']} epochs then"
    )


def which(content):
    """Say which crystals were drawn, and tested on, where these are others than elsewhere."""
    draw, test_seed = content.get("draw", 0), content.get("test_seed", 0)
    words = [f"draw {draw}, without the earlier"] if draw else []
    words += [f"test crystals of seed {test_seed}"] if test_seed else []
    return f" ({'; '.join(words)})" if words else ""


def own_layers(content):
    """Say how many convolutions each property has of its own, alone as together."""
    n_layers = content.get("task_layers", 0)
    return f" with {n_layers} convolution of each property's own" if n_layers else ""


def about(content):
    """Say what was learned from what, and how."""
    return (
        f"**{', '.join(content['targets'])}**: {content['n']:,} crystals of at most "
        f"{content['max_atoms']} atoms{which(content)}, labels of {content['version']}; CGCNN "
        f'"{content["preset"]}"{own_layers(content)}, {content["max_epochs"]} epochs in '
        f"batches of {content['batch_size']}{beside(content)}."
    )


def when_searched(search, targets):
    """Return what was found on validation crystals, where weightings were searched."""
    if not search["seeds"]:
        return []
    splits = len(search["seeds"])
    errors = ", ".join(f"{value:.3g} {UNITS[name]}" for name, value in search["alone"].items())
    tried = [
        [str(weighting), *(f"{100 * (ratio - 1):+.1f}" for ratio in ratios.values())]
        for weighting, ratios in search["ratios"]
    ]
    return [
        f"Errors on the validation crystals of {splits} split{'s' * (splits > 1)}, % more than"
        f" alone ({errors})",
        to_markdown(["weighting", *targets], tried),
    ]


def on_tests(content):
    """Return tables of the errors on test crystals, where networks were tested."""
    if not content["fits"]:
        return []
    targets, fits = content["targets"], pd.DataFrame(content["fits"])
    fractions = sorted(fits["fraction"].unique(), reverse=True)
    header = ["", "trained on", "alone", "together", "difference"]
    parts = [
        f"On test crystals with {content['search']['best']}, {fits['seed'].nunique()} seeds",
        to_markdown(header, by_property(fits, targets, fractions)),
    ]
    if len(fractions) > 1:
        parts.append(to_markdown(["", "", "difference"], with_less(fits, targets, fractions)))
    correlations = [
        [name, *(f"{value:.2f}" for value in row)]
        for name, row in zip(targets, content["correlation"], strict=True)
    ]
    return [*parts, "Pearson correlation", to_markdown(["", *targets], correlations)]


def main():
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    parts = []
    for path in sorted((RESULTS / "crystals").glob("multitask-*.json")):
        content = json.loads(path.read_text())
        parts += [
            about(content),
            *([content["note"]] if "note" in content else []),
            *when_searched(content["search"], content["targets"]),
            *on_tests(content),
        ]
    path = RESULTS / "multitask_crystals.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
