"""Runs of the examples: one style of figures, and a report of the processor time of each."""

import os
from pathlib import Path

import matplotlib as mpl
from sphinx.util import logging

#: What the introduction of the examples promises.
LIMIT_SECONDS = 60
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "legend.frameon": False,
}

logger = logging.getLogger(__name__)
_started = 0.0
_seconds = {}


def processor_seconds():
    """Return the processor time of this process and of those that it waited for."""
    return sum(os.times()[:4])


def reset(gallery_conf, fname, when):
    """Set the style before an example, and note its processor time after it."""
    global _started
    if when == "before":
        mpl.rcParams.update(STYLE)
        _started = processor_seconds()
    elif fname is not None:
        _seconds[Path(fname).stem] = processor_seconds() - _started


def report(app, exception):
    """Print the times, the slowest first, and warn of those above the limit."""
    slowest = sorted(_seconds.items(), key=lambda item: -item[1])
    if slowest:
        logger.info("Seconds of processor time, %.0f in all:", sum(_seconds.values()))
    for name, seconds in slowest:
        logger.info("%8.1f  %s", seconds, name)
        if seconds > LIMIT_SECONDS:
            logger.warning("%s takes over %d seconds of processor time", name, LIMIT_SECONDS)


def setup(app):
    app.connect("build-finished", report)
    return {"parallel_read_safe": True}
