"""A periodic table with a colour for each element.

pymatviz draws with plotly, not on the axes of matplotlib, and installs IPython and its widgets.
"""

import numpy as np
from pymatgen.core import Element

__all__ = ["draw_periodic_table", "place_of"]

#: Lanthanides and actinides: first and last atomic number, and the row below the table.
_SERIES = ((57, 71, 8.5), (89, 103, 9.5))
#: First column of the series.
_FIRST = 3
_HEAVIEST = 118


def place_of(number):
    """Return column and row of an element, from 1; series are below row 7."""
    for first, last, row in _SERIES:
        if first <= number <= last:
            return _FIRST + number - first, row
    element = Element.from_Z(number)
    return element.group, element.row


def draw_periodic_table(ax, values, label, cmap="RdBu_r"):
    """Colour the elements by numbers, white at zero.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes to draw on.
    values : dict of str to float
        A number for each symbol. Elements without a number are grey.
    label : str
        Label of the colours.
    cmap : str, default="RdBu_r"
        Colours.

    Returns
    -------
    cells : dict of str to Rectangle
        The cell of each symbol.
    colorbar : Colorbar
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.patches import Rectangle

    limit = max((abs(value) for value in values.values()), default=0.0) or 1.0
    norm, colors = Normalize(-limit, limit), colormaps[cmap]
    cells = {}
    for number in range(1, _HEAVIEST + 1):
        symbol = Element.from_Z(number).symbol
        column, row = place_of(number)
        color = colors(norm(values[symbol])) if symbol in values else (0.95, 0.95, 0.95, 1.0)
        cells[symbol] = Rectangle(
            (column - 0.5, row - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=1
        )
        ax.add_patch(cells[symbol])
        # Dark cells need light text.
        light = np.dot(color[:3], [0.299, 0.587, 0.114]) < 0.5
        text = "white" if light else "black" if symbol in values else "0.6"
        ax.text(column, row, symbol, ha="center", va="center", color=text, fontsize=7)
    ax.set(xlim=(0.4, 18.6), ylim=(10.1, 0.4), aspect="equal")
    ax.axis("off")
    # The table has room above the transition metals.
    bar = ax.inset_axes((2.9, 1.5, 9.2, 0.45), transform=ax.transData)
    colorbar = ax.figure.colorbar(
        ScalarMappable(norm, colors), cax=bar, orientation="horizontal", label=label
    )
    colorbar.outline.set_visible(False)
    bar.xaxis.set_ticks_position("top")
    bar.tick_params(labelsize=7, length=2, pad=1)
    bar.xaxis.label.set_size(8)
    bar.locator_params(nbins=5)
    return cells, colorbar
