"""Errors by seed, and how far they differ between seeds and between folds."""

from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from tables import decimals_of, read, rows_to_markdown

CALLED = {
    "auto-fast": "AutoRegressor, fast",
    "mtencoder-multi": "MTEncoderRegressor",
    "scratch": "MTEncoderRegressor, random weights",
    "cgcnn-mp-multitask": "CGCNNRegressor, structures",
    "alignn-mp-mpt": "ALIGNNRegressor, structures",
}


def line(task, model, errors):
    """Return a row of the table for errors by fold and seed."""
    decimals = decimals_of([errors.to_numpy().mean()])
    by_seed, by_fold = errors.mean(axis=0), errors.mean(axis=1)
    figures = {
        "mean": by_seed.mean(),
        "best seed": by_seed.min(),
        "worst seed": by_seed.max(),
        "deviation over seeds": by_seed.std(ddof=0),
        "deviation over folds": by_fold.std(ddof=0),
    }
    unit = MATBENCH_TASKS[f"matbench_{task}"].unit
    return {
        "task": f"{task} (MAE, {unit})",
        "model": CALLED[model],
        **{name: f"{value:.{decimals}f}" for name, value in figures.items()},
    }


def seeds(results):
    """Return the table of all models that have each seed on each fold."""
    if not (results / "seeds.json").exists():
        return {}
    _, table = read(results / "seeds.json")
    lines = []
    for (task, model), part in table.groupby(["task", "model"], sort=False):
        errors = part.pivot_table("mae", "fold", "seed")
        if errors.notna().all(axis=None):
            lines.append(line(task, model, errors))
    return {"seeds.md": [rows_to_markdown(lines)]}
