"""Speeds and memory as a table: rates, and their ratios to those of something else."""

import argparse
import json
import platform
import statistics
import time
import warnings

from runner import RESULTS
from tables import to_markdown

from skmat.training import resolve_precision


def options(description, **defaults):
    """Return the options of the command line, each with a default."""
    parser = argparse.ArgumentParser(description=description)
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    warnings.simplefilter("ignore")
    return parser.parse_args()


def four_digits(value):
    """Return a number with four significant digits, without an exponent if it is large."""
    rounded = float(f"{value:.4g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.4g}"


def rate(n_items, function):
    """Return items per second of one call."""
    start = time.perf_counter()
    function()
    return n_items / (time.perf_counter() - start)


class Report:
    """Rows of a table, printed as they come: medians, and what they are compared with."""

    def __init__(self, repeats=1):
        self.repeats = repeats
        self.rows, self.lines = [], []

    def time(self, what, unit, ours, others=None, repeats=None):
        """Add items per second of `ours`, a pair of their number and a function.

        `others` are such pairs by name, with a row for each. All functions are called once, then
        they take turns.
        """
        others = others or {}
        pairs = [ours, *others.values()]
        for _, function in pairs:
            function()
        turns = [[rate(*pair) for pair in pairs] for _ in range(repeats or self.repeats)]
        values, *rates = zip(*turns, strict=True)
        if not others:
            self.add(what, unit, values)
        for name, compared in zip(others, rates, strict=True):
            self.add(what, unit, values, name, compared)

    def add(self, what, unit, values, beside="", others=()):
        """Add medians of `values`, and of their ratios to `others`, turn by turn."""
        row = {"what": what, "value": statistics.median(values), "unit": unit, "beside": beside}
        text = ""
        if others:
            ratios = [value / other for value, other in zip(values, others, strict=True)]
            row["ratio"] = statistics.median(ratios)
            row |= {"lowest": min(ratios), "highest": max(ratios)}
            text = f"{row['ratio']:.3g} x {beside} ({min(ratios):.3g} to {max(ratios):.3g})"
        self.rows.append(row)
        self.lines.append([what, f"{four_digits(row['value'])} {unit}", text])
        print(*self.lines[-1], sep="  ", flush=True)

    def save(self, name):
        """Write the table to the results, as json and as md."""
        import torch  # after skmat, which sets how its threads wait

        machine = {
            "processor": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(),
            "bf16_in_hardware": resolve_precision("auto", "cpu") == "bf16",
            "torch": torch.__version__,
            "python": platform.python_version(),
        }
        record = {"machine": machine, "rows": self.rows}
        (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n")
        facts = ", ".join(f"{key} {value}" for key, value in machine.items())
        table = to_markdown(["what", "value", "ratio"], self.lines)
        (RESULTS / f"{name}.md").write_text(f"{table}\n\nMeasured with: {facts}.\n")
