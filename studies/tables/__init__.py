"""Tables of results as Markdown."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from skmat.benchmark import MatbenchResults

#: What tables call models whose files have shorter names.
NAMES = {"voting": "mean of network, trees and support vectors"}
PUBLISHED = json.loads((Path(__file__).parents[1] / "published.json").read_text())


def to_markdown(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def rows_to_markdown(rows, columns=None):
    """Return rows, each a dict of cells by column, as a table. Missing cells are empty."""
    columns = columns or list(dict.fromkeys(name for row in rows for name in row))
    return to_markdown(columns, [[row.get(name, "") for name in columns] for row in rows])


def frame_to_markdown(frame, *corner):
    """Return a frame of text; `corner` names the columns of its index."""
    index = frame.index.to_frame().to_numpy()
    rows = np.hstack([index, frame.fillna("").to_numpy()])
    return to_markdown([*corner, *frame.columns], rows.tolist())


def read(path):
    """Return the header and the rows of a result."""
    content = json.loads(path.read_text())
    return content, pd.DataFrame(content.pop("rows"))


def load_matbench(folder):
    """Return results by name."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        results = MatbenchResults.load(path)
        results.name = NAMES.get(results.name, results.name)
        found[NAMES.get(path.stem, path.stem)] = results
    return found


def decimals_of(values):
    """Return how many decimals show the least of `values` with three digits."""
    return max(0, 2 - int(np.floor(np.log10(min(values)))))


def with_spread(mean, deviation, n):
    """Return a mean with the deviation over `n` values, if there are several."""
    return f"{mean:.4g}" + (f" ± {deviation:.2g}" if n > 1 else "")
