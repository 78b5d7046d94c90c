"""Errors by seed."""

import json


def test_deviations_over_seeds_are_those_of_the_means_of_folds(studies, tmp_path):
    from tables.seeds import seeds

    errors = [
        ("auto-fast", fold, seed, 100 + 10 * fold + seed) for fold in (0, 1) for seed in (0, 2)
    ]
    # Not on each fold, so it is left out.
    errors += [("scratch", 0, 0, 90.0), ("scratch", 1, 2, 90.0)]
    rows = [
        {"task": "steels", "model": model, "fold": fold, "seed": seed, "mae": mae}
        for model, fold, seed, mae in errors
    ]
    (tmp_path / "seeds.json").write_text(json.dumps({"rows": rows}))
    _, _, *lines = seeds(tmp_path)["seeds.md"][0].splitlines()
    assert lines == ["| steels (MAE, MPa) | AutoRegressor, fast | 106 | 105 | 107 | 1 | 5 |"]
