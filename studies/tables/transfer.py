"""Errors after transfer between properties, beside those of Devi et al."""

from itertools import product

import numpy as np
import pandas as pd
from runner import read_plan
from transfer import BASELINES

from tables import PUBLISHED, frame_to_markdown, read, rows_to_markdown, to_markdown

PROPERTIES = ["gap", "e_form", "log_G", "phonons", "dielectric", "piezo"]
SINGLE = ["e_form small", "e_form large", "gap large"]
SEVERAL = ["mpt", "mpt wide"]
ORDER = ["scratch", *SINGLE, "relative", *SEVERAL, *BASELINES]
KEYS = ["family", "preset", "source_epochs"]
PLAN = read_plan("transfer")


def load(folder):
    found = map(read, sorted(folder.glob("*.json")))
    table = pd.concat([rows.assign(**header) for header, rows in found], ignore_index=True)
    cell = [*KEYS, "target", "source", "size", "trial", "trainable", "model"]
    return table.drop_duplicates(cell)


def text_of(frame, template="{:.3f}"):
    return frame.map(template.format).where(frame.notna(), "")


def by_source(table, published):
    """Return per number of labels: errors, their ratios to scratch, and who is better."""
    parts = []
    names = [name for name in PROPERTIES if name in set(table["target"])]
    for size, rows in table[table["trainable"] == "all"].groupby("size"):
        sources = [source for source in ORDER if source in set(rows["source"])]
        errors, r2 = (
            rows.pivot_table(x, ["source", "target"], "trial") for x in ("scaled_mae", "r2")
        )
        mean, spread, r2 = (
            each.unstack().loc[sources, names]
            for each in (errors.mean(axis=1), errors.std(axis=1, ddof=0), r2.mean(axis=1))
        )
        shown, ratios = text_of(mean), text_of(mean / mean.loc["scratch"], "{:.2f}")
        draws, deviation, theirs = "one draw", "", []
        if (n_trials := errors.shape[1]) > 1:
            draws, deviation = f"{n_trials} draws", ", its deviation over the draws,"
            shown += text_of(spread, " ± {:.3f}")
        shown += text_of(r2, " ({:.2f})")
        if published and str(size) in PUBLISHED["devi_2024"]:
            devi = pd.DataFrame(PUBLISHED["devi_2024"][str(size)]).T.reindex(columns=names)
            others = (devi / devi.loc["scratch"]).reindex(sources).where(mean.notna())
            ratios += text_of(others, " ({:.2f})")
            devi = text_of(devi).rename("*{}*".format)
            theirs = ["Those of Devi et al.", frame_to_markdown(devi, "source")]
        title = f"{size} labels, {draws}: error in units of half the range{deviation}"
        parts += [f"{title} and R² in brackets", frame_to_markdown(shown, "source"), *theirs]
        parts.append("Error relative to scratch" + ", in brackets that of Devi et al." * published)
        parts += [frame_to_markdown(ratios, "source"), wins(mean), *margins(errors, names)]
    return parts


def wins(mean):
    """Say on how many properties multi-property pretraining is better than each other source."""
    sentences = []
    for several in mean.index.intersection(SEVERAL):
        others = mean.drop(several).loc[:, mean.loc[several].notna()]
        better = (others > mean.loc[several]).sum(axis=1)
        counts = [f"{name} on {better[name]} of {n}" for name, n in others.count(axis=1).items()]
        sentences.append(f"{several} is better than {', '.join(counts)}.")
    return " ".join(sentences)


def margins(errors, names):
    """Return a table of several properties beside the best of random weights and single sources.

    It has the properties of which there are single sources.
    """
    rivals = {"energies and gaps": SINGLE, "relative too": [*SINGLE, "relative"]}
    rivals = rivals if "relative" in errors.index else {"energies and gaps": SINGLE}
    lines = []
    for several, words in product(SEVERAL, rivals):
        cells, ratios = {"several, against": f"{several}, {words}"}, []
        for name in names:
            others = errors.index.intersection(list(product(rivals[words], [name])))
            if len(others) and (several, name) in errors.index:
                best = errors.loc[[*others, ("scratch", name)]].mean(axis=1).idxmin()
                ours, theirs = errors.loc[(several, name)], errors.loc[best]
                ratios.append(ours.mean() / theirs.mean())
                n_better = f"{(ours < theirs).sum()} of {len(ours)}"
                cells[name] = f"{ratios[-1]:.2f} of {best[0]}, {n_better}"
        cells["better"] = f"{sum(ratio < 1 for ratio in ratios)} of {len(ratios)}"
        lines += [cells] * bool(ratios)
    title = (
        "Error relative to the best of random weights and of the single sources (formation"
        " energies and gaps, or the nearest relative too), by their means, and on how many draws"
        " it is less"
    )
    columns = ["several, against", *names, "better"]
    return [title, rows_to_markdown(lines, columns)] if lines else []


def by_layers(table):
    """Return a table of mean errors by what is trained, where several were tried."""
    kept = table[~table["source"].isin(["scratch", *BASELINES])]
    several = kept.groupby(["target", "source", "size", "trial"])["trainable"].transform("nunique")
    if (several < 2).all():
        return []
    index = ["size", "source", "trainable"]
    means = kept[several > 1].pivot_table("scaled_mae", index, "target")
    return ["Which layers are trained", frame_to_markdown(text_of(means), *index)]


def by_way(table):
    """Return a table of the ways to use CGCNN after the longest "mpt wide".

    Errors are relative to those of fine-tuned random weights.
    """
    table = table.query("trainable == 'all' and family == 'cgcnn'")
    table = table[table["source_epochs"] == table["source_epochs"].max()]
    means = table.groupby(["size", "source", "model", "target"])["mae"].mean().unstack()
    draws = table[table["source"] == "mpt wide"].groupby("size")["trial"].nunique()
    lines = []
    for (size, n_draws), (words, way) in product(draws.items(), PLAN["ways"].items()):
        ratios = means.loc[(size, *way)] / means.loc[(size, "scratch", "fine_tuned")]
        label = f"{size} ({n_draws})" if words == "fine-tuned" else ""
        values = [*ratios[PROPERTIES], np.exp(np.log(ratios).mean())]
        lines.append([label, words, *(f"{value:.2f}" for value in values)])
    return to_markdown(["labels (draws)", "way", *PROPERTIES, "mean"], lines)


def transfer(results):
    table, parts = load(results / "transfer"), []
    for (family, preset, epochs), part in table.groupby(KEYS):
        parts.append(f"**{family}** ({preset}), sources of 20,000 crystals for {epochs} epochs")
        for model, words in PLAN["models"].items():
            shown = part[part["model"].isin([model, *BASELINES])]
            parts += [f"*{words}*", *by_source(shown, model == "fine_tuned"), *by_layers(shown)]
    return {"transfer.md": parts, "transfer_ways.md": [by_way(table)]}
