"""A map of lithium conductors in the space of an encoder (Prein et al. 2023, figure 4).

``python benchmarks/lithium_map.py`` with ``SKMAT_DATA`` set draws the compositions of OBELiX, by
family and by conductivity, on the grey cloud of formulas that hold lithium, and writes
benchmarks/results/lithium_map.png. A picture of t-SNE shows what one wants to see, so figures
stand beside it, in benchmarks/results/lithium_map.json, and are taken in the space itself: how
often the nearest composition is of the same family, and how well the five nearest predict the
conductivity. The same figures for Magpie features, for the encoder before its training and for
random vectors.

A composition and those that differ from it by doping are near in any space: neighbours count only
if they come from another publication.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import pairwise_distances
from sklearn.preprocessing import StandardScaler

from skmat import MagpieFeaturizer, MTEncoder
from skmat.composition import read_compositions
from skmat.datasets import fetch_formulas, fetch_obelix

RESULTS = Path(__file__).parent / "results"
N_NEIGHBOURS = 5
#: Families with fewer compositions are drawn as "other".
MIN_SIZE = 20
LITHIUM = 3


def conductors():
    """Return formulas, log10 of the conductivity, families and publications, by composition."""
    data = fetch_obelix()
    kept = np.isfinite(data.target) & ~data.below_limit
    _, first = np.unique(data.groups[kept], return_index=True)
    rows = np.flatnonzero(kept)[np.sort(first)]
    names, counts = np.unique(data.family[rows], return_counts=True)
    large = set(names[(counts >= MIN_SIZE) & (names != "")])
    family = np.array([name if name in large else "other" for name in data.family[rows]])
    return data.data[rows], data.target[rows], family, data.doi[rows]


def cloud(n, exclude):
    """Return `n` formulas that hold lithium, none of them in `exclude`."""
    formulas = fetch_formulas(exclude=exclude).data
    numbers = read_compositions(formulas).atomic_numbers
    rows = np.flatnonzero((numbers == LITHIUM).any(axis=1))
    return formulas[np.random.default_rng(0).permutation(rows)[:n]]


def scores(vectors, conductivity, family, doi):
    """Return the figures of one space; neighbours of the same publication do not count."""
    scaled = StandardScaler().fit_transform(vectors)
    distances = pairwise_distances(scaled)
    distances[doi[:, None] == doi[None, :]] = np.inf
    order = np.argsort(distances, axis=1)
    named = family != "other"
    same = family[order[:, 0]] == family
    predicted = conductivity[order[:, :N_NEIGHBOURS]].mean(axis=1)
    return {
        "nearest is of the same family": float(same[named].mean()),
        "MAE of log10(S/cm)": float(np.abs(predicted - conductivity).mean()),
        "Spearman": float(spearmanr(predicted, conductivity).statistic),
    }


def spaces(pretrained, formulas):
    """Return vectors by the name of the space."""
    encoder = MTEncoder(pretrained=pretrained).fit(formulas)
    untrained = MTEncoder(pretrained=None, max_epochs=1, lr=1e-12, random_state=0)
    return {
        "encoder": encoder.transform(formulas),
        "encoder before training": untrained.fit(formulas).transform(formulas),
        "Magpie": MagpieFeaturizer().fit_transform(formulas),
        "random": np.random.default_rng(0).normal(size=(len(formulas), 64)),
    }


def draw(points, conductivity, family, path):
    import matplotlib.pyplot as plt

    n = len(family)
    figure, axes = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    for ax in axes:
        ax.scatter(*points[n:].T, s=2, color="0.85", linewidths=0, rasterized=True)
        ax.set(xticks=[], yticks=[])
    colours = plt.get_cmap("tab10")
    names = [*sorted(set(family) - {"other"}), "other"]
    for i, name in enumerate(names):
        chosen = family == name
        colour = "0.45" if name == "other" else colours(i)
        axes[0].scatter(*points[:n][chosen].T, s=14, color=colour, label=name)
    axes[0].legend(frameon=False, fontsize=8)
    axes[0].set_title("family")
    shown = axes[1].scatter(*points[:n].T, s=14, c=conductivity, cmap="viridis")
    figure.colorbar(shown, ax=axes[1], label="log10 of the conductivity (S/cm)")
    axes[1].set_title("ionic conductivity at room temperature")
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pretrained", default="auto")
    parser.add_argument("--n-cloud", type=int, default=6000)
    arguments = parser.parse_args()
    formulas, conductivity, family, doi = conductors()
    found = {
        name: scores(vectors, conductivity, family, doi)
        for name, vectors in spaces(arguments.pretrained, formulas).items()
    }
    for name, row in found.items():
        print(f"{name:26s}" + "  ".join(f"{key} {value:.3f}" for key, value in row.items()))
    content = {"n": len(formulas), "n_families": len(set(family)) - 1, "scores": found}
    (RESULTS / "lithium_map.json").write_text(json.dumps(content, indent=2) + "\n")
    everything = np.concatenate([formulas, cloud(arguments.n_cloud, formulas)])
    vectors = MTEncoder(pretrained=arguments.pretrained).fit(everything).transform(everything)
    reduced = PCA(30, random_state=0).fit_transform(StandardScaler().fit_transform(vectors))
    points = TSNE(random_state=0, perplexity=40).fit_transform(reduced)
    draw(points, conductivity, family, RESULTS / "lithium_map.png")


if __name__ == "__main__":
    main()
