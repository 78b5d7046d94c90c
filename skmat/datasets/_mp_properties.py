"""The labels of Materials Project structures: columns, versions, units, limits."""

from skmat.datasets._transport import UNITS as TRANSPORT_UNITS
from skmat.exceptions import InvalidInputError

__all__ = [
    "ELASTIC_LIMITS",
    "LABEL_VERSIONS",
    "blank_outliers",
    "columns_of",
    "default_targets",
    "known_targets",
    "units_of",
]

LABEL_VERSIONS = ("2018", "2020", "2024", "own")

# Unit, and database versions with labels.
_VERSIONED = {
    "e_form": ("eV/atom", ("2018", "2020", "2024", "own")),
    "gap": ("eV", ("2018", "2020", "2024", "own")),
    "energy_pa": ("eV/atom", ("2024", "own")),
    "efermi": ("eV", ("2024", "own")),
}
_STANDARD = {
    "K_VRH": "GPa",
    "G_VRH": "GPa",
    "poisson_ratio": "1",
    "n_index": "1",
    "poly_electronic": "1",
    "poly_total": "1",
    "eij_max": "C/m^2",
}
# Only on request: total energies of two functionals.
_MIXED = "energy_pa"
# Only on request: lattice dynamics of few materials, a property of the structure itself, targets
# of `load_transport`, and the output of a model.
_FURTHER = {
    "Cv": "J/(mol K)",
    "U": "J/mol",
    "volume_pa": "A^3/atom",
    **{f"transport_{name}": unit for name, unit in TRANSPORT_UNITS.items()},
    "CLscore_icsd": "1",
}

ELASTIC_LIMITS = {"K_VRH": (0, 600), "G_VRH": (0, 550), "poisson_ratio": (-1, 0.5)}
_DIELECTRIC = ["n_index", "poly_electronic", "poly_total"]
# Least internal energy of harmonic oscillators at 300 K, 3 R T per mole of atoms, in J.
_LEAST_ENERGY = 3 * 8.314462618 * 300


def known_targets():
    """Return the names of all targets."""
    return [*_VERSIONED, *_STANDARD, *_FURTHER]


def default_targets(version):
    """Return the targets for ``targets=None``."""
    versioned = [name for name, (_, has) in _VERSIONED.items() if version in has]
    return [*(name for name in versioned if name != _MIXED), *_STANDARD]


def units_of(names):
    """Return the unit of each target, as a dict."""
    units = {name: unit for name, (unit, _) in _VERSIONED.items()} | _STANDARD | _FURTHER
    return {name: units[name] for name in names}


def columns_of(names, version):
    """Return the column of each target in the file, as a dict.

    Raises
    ------
    InvalidInputError
        If `version` does not have a target.
    """
    columns = {}
    for name in names:
        if name in _VERSIONED:
            versions = _VERSIONED[name][1]
            if version not in versions:
                raise InvalidInputError(
                    f"Version {version!r} of the labels has no {name!r}. Pass"
                    f" version={versions[0]!r}, with targets of that version:"
                    f" {default_targets(versions[0])}."
                )
            columns[name] = f"{name}_mp{version}"
        else:
            columns[name] = "volume_pa_2025" if name == "volume_pa" else name
    return columns


def blank_outliers(table):
    """Make unphysical labels of the file's table missing, in place.

    One bad label of a tensor removes all labels of that tensor, and an internal energy that is too
    low for the number of sites removes the heat capacity too.
    """
    sound = True
    for name, (low, high) in ELASTIC_LIMITS.items():
        sound &= table[name].between(low, high, inclusive="neither")
    table.loc[~sound, list(ELASTIC_LIMITS)] = float("nan")
    below_vacuum = (table[_DIELECTRIC] < 1).any(axis=1)
    table.loc[below_vacuum, _DIELECTRIC] = float("nan")
    if "U" in table:  # own builds have none
        too_low = table["U"] < _LEAST_ENERGY * table["nsites"]
        table.loc[too_low, ["Cv", "U"]] = float("nan")
