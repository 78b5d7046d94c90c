"""Contributions of elements or sites, as bars or in a periodic table."""

import numpy as np
import pandas as pd

from skmat.exceptions import InvalidInputError
from skmat.inputs import are_structures, as_formulas, as_structures, split_materials
from skmat.inspection._attributions import element_attributions
from skmat.inspection._panels import PANEL_SIZE, new_axes, with_unit
from skmat.inspection._periodic_table import draw_periodic_table
from skmat.inspection._text import DisplayText
from skmat.structure import read_structures

__all__ = ["ElementAttributionDisplay"]

_KINDS = ("auto", "bars", "periodic_table")
#: Inches: height of a bar and of what is around the bars, size of the table.
_BAR, _AROUND, _TABLE = 0.3, 1.05, (6.9, 3.8)


class ElementAttributionDisplay(DisplayText):
    """Contributions of the elements to predictions, as :func:`element_attributions` returns them.

    Create it with :meth:`from_estimator` or :meth:`from_attributions`. For one material, bars show
    what each element adds to the baseline. For several, a periodic table shows the mean
    contribution of each element over the materials that hold it. Red raises the prediction and
    blue lowers it. Elements that no material holds are grey. The sites of one structure, as
    :func:`site_attributions` returns them, are bars too.

    Parameters
    ----------
    contributions : DataFrame of shape (n, n_elements)
        Contributions. Columns are symbols. NaN for elements that a material lacks.
    baseline : float or ndarray of shape (n,)
        Prediction without knowing the elements.
    predictions : ndarray of shape (n,)
        Predictions.
    unit : str, default=None
        Unit of the predictions.
    name : str, default=None
        Title, such as the formula.
    target_name : str, default=None
        Name of what is predicted, for the label of the axis or colour bar.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars or the table.
    figure_ : matplotlib Figure
        Figure of the axes.
    patches_ : dict of str to Rectangle
        Bar or cell of each element.

    Raises
    ------
    InvalidInputError
        If `kind` is unknown, or bars are asked for several materials.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmat.inspection import ElementAttributionDisplay
    >>> display = ElementAttributionDisplay(
    ...     contributions=pd.DataFrame({"O": [1.5], "Ti": [-0.4]}),
    ...     baseline=2.1,
    ...     predictions=np.array([3.2]),
    ...     unit="eV",
    ...     name="TiO2",
    ... ).plot()
    >>> display.figure_.savefig("attributions.png")  # doctest: +SKIP
    """

    def __init__(
        self, *, contributions, baseline, predictions, unit=None, name=None, target_name=None
    ):
        self.contributions = contributions
        self.baseline = baseline
        self.predictions = predictions
        self.unit = unit
        self.name = name
        self.target_name = target_name

    @classmethod
    def from_estimator(
        cls,
        model,
        X,
        *,
        baseline=None,
        target=None,
        n_permutations=200,
        random_state=None,
        kind="auto",
        unit=None,
        name=None,
        target_name=None,
        ax=None,
    ):
        """Compute the contributions and draw them.

        Parameters
        ----------
        model, X, baseline, target, n_permutations, random_state
            See :func:`element_attributions`.
        kind, unit, target_name, ax
            See :meth:`from_attributions`.
        name : str, default=None
            Title. None takes the formula, if `X` holds one material.

        Returns
        -------
        ElementAttributionDisplay
        """
        result = element_attributions(
            model,
            X,
            baseline=baseline,
            target=target,
            n_permutations=n_permutations,
            random_state=random_state,
        )
        if name is None and len(result.contributions) == 1:
            column = split_materials(X)[0]
            if are_structures(column):
                column = read_structures(as_structures(column))[0].formulas()
            name = str(as_formulas(column)[0])
        return cls.from_attributions(
            result, kind=kind, unit=unit, name=name, target_name=target_name, ax=ax
        )

    @classmethod
    def from_attributions(
        cls, result, *, kind="auto", unit=None, name=None, target_name=None, ax=None
    ):
        """Draw contributions.

        Parameters
        ----------
        result : Bunch
            What :func:`element_attributions` returns, or :func:`site_attributions` for one
            structure. The bar of a site has the element and the place of the site.
        kind : {"auto", "bars", "periodic_table"}, default="auto"
            "auto" draws bars for one material and a periodic table for several.
        unit : str, default=None
            Unit of the predictions.
        name : str, default=None
            Title.
        target_name : str, default=None
            Name of what is predicted, for the label of the axis or colour bar.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        ElementAttributionDisplay

        Raises
        ------
        InvalidInputError
            If the sites are those of several structures, or are to be a table.
        """
        contributions = result.contributions
        is_by_site = "site" in contributions.columns
        if is_by_site and kind == "periodic_table":
            raise InvalidInputError("Sites are bars. Use kind='bars' or 'auto'.")
        display = cls(
            contributions=_by_site(result) if is_by_site else contributions,
            baseline=result.baseline,
            predictions=result.predictions,
            unit=unit,
            name=name,
            target_name=target_name,
        )
        return display.plot(ax=ax, kind=kind)

    def plot(self, ax=None, *, kind="auto"):
        """Draw the bars or the table.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        kind : {"auto", "bars", "periodic_table"}, default="auto"
            "auto" draws bars for one material and a periodic table for several.

        Returns
        -------
        ElementAttributionDisplay
        """
        if kind not in _KINDS:
            raise InvalidInputError(f"kind={kind!r} must be one of {_KINDS}.")
        if kind == "auto":
            kind = "bars" if len(self.contributions) == 1 else "periodic_table"
        if kind == "bars":
            if len(self.contributions) != 1:
                raise InvalidInputError(
                    f"Bars show one material, but there are {len(self.contributions)}. Choose one"
                    " of them, or kind='periodic_table'."
                )
            self._plot_bars(ax)
        else:
            self._plot_table(ax)
        if self.name:
            self.ax_.set_title(self.name, pad=20 if kind == "bars" else None)
        return self

    def _plot_bars(self, ax):
        row = self.contributions.iloc[0].dropna()
        row = row[row.abs().sort_values(ascending=False, kind="stable").index]
        self.ax_ = new_axes(ax, PANEL_SIZE, _AROUND + _BAR * len(row))
        self.figure_ = self.ax_.figure
        colors = np.where(row > 0, "tab:red", "tab:blue")
        places = np.arange(len(row))
        bars = self.ax_.barh(places, row, color=colors, height=0.7)
        self.ax_.bar_label(bars, [f"{value:+.3g}" for value in row], padding=3, fontsize="small")
        self.ax_.axvline(0, color="black", linewidth=0.8)
        self.ax_.set_yticks(places, row.index)
        self.ax_.set_ylim(len(row) - 0.4, -0.6)
        # Room for the numbers at the ends of the bars.
        low, high = min(row.min(), 0.0), max(row.max(), 0.0)
        room = 0.3 * (high - low) or 1.0
        self.ax_.set_xlim(low - room * (low < 0), high + room * (high > 0 or low == 0))
        self.ax_.set_xlabel(self._label("Contribution"))
        baseline = np.ravel(self.baseline)[0]
        text = f"prediction {self.predictions[0]:.3g}, baseline {baseline:.3g}"
        self.ax_.text(
            0.5,
            1.02,
            f"{text} {self.unit or ''}".rstrip(),
            transform=self.ax_.transAxes,
            ha="center",
            va="bottom",
            fontsize="small",
        )
        self.patches_ = dict(zip(row.index, bars, strict=True))

    def _plot_table(self, ax):
        self.ax_ = new_axes(ax, *_TABLE)
        self.figure_ = self.ax_.figure
        means = self.contributions.mean()
        label = self._label("Mean contribution")
        self.patches_, _ = draw_periodic_table(self.ax_, means.to_dict(), label)

    def _label(self, text):
        return with_unit(f"{text} to {self.target_name}" if self.target_name else text, self.unit)


def _by_site(result):
    """Return the contributions to one structure with a column for each site."""
    contributions, n_structures = result.contributions, len(result.predictions)
    if n_structures != 1:
        raise InvalidInputError(
            f"Bars show the sites of one structure, but there are {n_structures}. Explain one of"
            " them, with the others as baseline=, or draw element_attributions."
        )
    labels = contributions["element"] + " " + contributions["site"].astype(str)
    return pd.DataFrame([contributions["contribution"].to_numpy()], columns=labels.to_list())
