"""Seconds that ``fit`` of AutoRegressor takes, by preset and number of rows.

Formulas and labels are those of ``load_transport``; nothing is downloaded. Folds run on all cores
(``n_jobs=-1``). A small fit comes first, to load what all fits need. A time limit is measured
where a fit takes longer than that. Presets that fit networks have fewer sizes, because large ones
take hours. Writes studies/results/speed_auto.json and speed_auto.md, after each size.
"""

import numpy as np
from timing import Report, options, rate

import skmat
from skmat.datasets import load_transport

SEED = 0
N_FIRST = 100
SIZES = {"fast": (300, 1_000, 5_000, 20_000), "medium": (300, 1_000), "best": (300,)}


def draw(n):
    """Return formulas and labels of distinct materials, the smaller draws within the larger."""
    formulas, y = load_transport(return_X_y=True, targets="PF_p")
    rows = np.random.default_rng(SEED).permutation(len(formulas))[:n]
    return formulas[rows], y[rows]


def fit_seconds(n, **settings):
    """Return the seconds of a fit to `n` rows."""
    X, y = draw(n)
    model = skmat.AutoRegressor(random_state=SEED, n_jobs=-1, **settings)
    return 1 / rate(1, lambda: model.fit(X, y))


def measure(report, presets, limit, save):
    """Add a row for each preset and size, and one with the time limit where it is shorter."""
    fit_seconds(N_FIRST, preset=presets[0])
    for preset in presets:
        for n in SIZES[preset]:
            what = f"{preset}: fit, {n:,} rows"
            seconds = [fit_seconds(n, preset=preset) for _ in range(report.repeats)]
            report.add(what, "s", seconds)
            if limit and min(seconds) > limit:
                settings = {"preset": preset, "time_limit": limit}
                seconds = [fit_seconds(n, **settings) for _ in range(report.repeats)]
                report.add(f"{what}, time_limit={limit}", "s", seconds)
            save()


if __name__ == "__main__":
    chosen = options(__doc__, presets="fast,medium,best", limit=60, repeats=1)
    report = Report(chosen.repeats)
    measure(
        report,
        chosen.presets.split(","),
        chosen.limit,
        lambda: report.save("speed_auto"),
    )
