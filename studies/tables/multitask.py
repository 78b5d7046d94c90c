"""How much smaller or larger errors are if properties are learned together."""

import numpy as np
from multitask import TOGETHER

from tables import read, rows_to_markdown

#: What a study learns from, in the order of the table.
LEARNED = {
    "scarce-gap-150-new": "1,200 gaps, 9,200 formation energies",
    "scarce-fermi-16000-new": "1,590 Fermi energies, 17,600 formation energies and gaps",
    "gap": "1,200, both known of all (first draw)",
    "gap-fractions": "1,200, both known of all (second draw)",
    "gap-8000-150-task-layers": "4,800, both known of all",
    "gap-29005-80-task-layers": "17,403, both known of all",
    "gap-29005-80-task-layers-even": "17,403, both known of all",
    "fermi-short": "1,597, all three known of all",
}
#: Properties whose networks alone learned from fewer labels of another version.
NOT_COMPARED = {"scarce-fermi-16000-new": ("e_form", "gap")}
CALLED = {"gap": "gap", "e_form": "formation energy", "efermi": "Fermi energy"}
#: The share of the crystals that both kinds of networks learned from.
SHARE = 0.6


def percent(ratios):
    return f"{100 * (np.mean(ratios) - 1):+.1f} ± {100 * np.std(ratios, ddof=1):.1f} %"


def multitask(results):
    rows = []
    for name, learned in LEARNED.items():
        header, fits = read(results / "multitask" / f"{name}.json")
        weights = header["search"]["best"]["loss_weights"]
        fits = fits[fits["fraction"] == SHARE]
        row = {
            "structures learned": learned,
            "loss weights": ", ".join(
                f"{CALLED[target]} {weight:g}"
                for target, weight in zip(header["targets"], weights, strict=False)
            ),
            "seeds": fits["seed"].nunique(),
        }
        for target in header["targets"]:
            if target in NOT_COMPARED.get(name, ()):
                continue
            table = fits.pivot(index="seed", columns="kind", values=f"{target} MAE")
            row[CALLED[target]] = percent((table[TOGETHER] / table[target]).dropna())
        rows.append(row)
    columns = ["structures learned", "loss weights", "seeds", *CALLED.values()]
    return {"multitask.md": [rows_to_markdown(rows, columns)]}
