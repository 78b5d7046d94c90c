"""Files of a data home, built from what a public source gives to each of its users."""

import gzip
import json

import pandas as pd
from pymatgen.core import Structure

from skmat._utils.paths import read_path
from skmat.composition import read_compositions
from skmat.datasets import _formulas, _jarvis, _mp, _perovskites
from skmat.datasets._aflow import fetch_aflow
from skmat.datasets._files import read_table, structures_content, write_built
from skmat.datasets._home import get_data_home
from skmat.datasets._matbench import fetch_matbench
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.datasets._mp_compositions import fetch_mp_compositions
from skmat.datasets._oqmd import fetch_oqmd
from skmat.exceptions import DatasetNotFoundError, InvalidInputError, shorten

__all__ = ["build_dataset"]

#: Field of a summary of the Materials Project, and column of the labels.
_MP_FIELDS = {
    "formation_energy_per_atom": "e_form_mpown",
    "band_gap": "gap_mpown",
    "energy_per_atom": "energy_pa_mpown",
    "efermi": "efermi_mpown",
    "homogeneous_poisson": "poisson_ratio",
    "n": "n_index",
    "e_electronic": "poly_electronic",
    "e_total": "poly_total",
    "e_ij_max": "eij_max",
}
_MP_MODULI = {"bulk_modulus": "K_VRH", "shear_modulus": "G_VRH"}


def build_dataset(name, source=None, *, data_home=None):
    """Build the files of a fetcher that has no download, from files of its public source.

    The page of the data sets tells for each one how to get the files. The fetcher accepts what
    this function builds, and warns that the data are not the known ones.

    Parameters
    ----------
    name : {"perovskites", "jarvis", "mp", "formulas"}
        The data set: the name of its fetcher without ``fetch_``.
    source : str or path-like, default=None
        What was downloaded:

        - "perovskites": the folder with ``train.csv``, ``val.csv`` and ``test.csv`` of CDVAE's
          perov_5
        - "jarvis": the folder ``data`` of CrossPropertyTL
        - "mp": a JSON file (``.json`` or ``.json.gz``) with a list of summaries of the Materials
          Project
        - "formulas": None. The formulas come from the other data sets: those that have a
          download, and those of :func:`fetch_jarvis` and :func:`fetch_mp` if they are there.
    data_home : str or path-like, default=None
        Folder of the data sets. None means the default of :func:`get_data_home`.

    Returns
    -------
    list of pathlib.Path
        The files that were written.

    Raises
    ------
    InvalidInputError
        If `name` is unknown, the source does not have the expected form, or the data home already
        has a file of this name.
    DatasetNotFoundError
        If a file of the source is missing.
    """
    if name not in _BUILDERS:
        raise InvalidInputError(f"name must be one of {list(_BUILDERS)}, got {name!r}.")
    home = get_data_home(data_home)
    paths, build = _BUILDERS[name]
    present = [str(home / path) for path in paths if (home / path).exists()]
    if present:
        raise InvalidInputError(
            f"{', '.join(present)} would be overwritten. Move away what is there, or set"
            " data_home= to another folder."
        )
    if (source is None) != (name == "formulas"):
        raise InvalidInputError(
            f"source={source!r} must be"
            + (" None for 'formulas'." if name == "formulas" else f" a path for {name!r}.")
        )
    if source is not None:
        source = read_path(source, "source", InvalidInputError)
        contents = build(source)
    else:
        contents = build(home)
    for path, content in zip(paths, contents, strict=True):
        write_built(home, path, content, str(source or "the other data sets"))
    return [home / path for path in paths]


def _build_perovskites(folder):
    parts = []
    for split in ("train", "val", "test"):
        part = _read_csv(folder / f"{split}.csv")
        part["cdvae_split"] = split
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    columns = _perovskites.COLUMNS
    _check_columns(table, ["material_id", "cif", *columns], folder)
    structures = [Structure.from_str(text, fmt="cif") for text in table["cif"]]
    table["formula"] = [structure.composition.reduced_formula for structure in structures]
    table = table.rename(columns={name: column for name, (column, _) in columns.items()})
    # Known only for the compilation.
    table["mbid_label_matched"] = ""
    names = ["material_id", "cdvae_split", "formula", *(column for column, _ in columns.values())]
    labels = table[[*names, "mbid_label_matched"]]
    return _csv(labels), structures_content(structures, table["material_id"].astype(str))


def _build_jarvis(folder):
    columns: dict[str, list] = {name: [] for name in _jarvis.UNITS}
    for file in sorted(folder.glob("*/*_set.csv")):
        table = _read_csv(file)
        target = table.columns[-1]
        # The repository has more columns, and samples in another form.
        if "pretty_comp" in table and len(table.columns) == 3 and target in columns:
            columns[target].append(table.set_index("pretty_comp")[target].astype(float))
    missing = [name for name, parts in columns.items() if len(parts) != 2]
    if missing:
        raise InvalidInputError(
            f"{folder} must have a training and a test set of each property, in folders of its"
            f" own. It does not have both of {missing}."
        )
    # Training and test sets joined, polymorphs averaged.
    table = pd.concat(
        {name: pd.concat(parts).groupby(level=0).mean() for name, parts in columns.items()}, axis=1
    )
    # Spreadsheets have turned some formulas into dates.
    is_formula = read_compositions(table.index, on_invalid="nan").n_elements > 0
    return (_csv(table[is_formula].sort_index().rename_axis("formula").reset_index()),)


def _build_mp(file):
    summaries = _read_json(file)
    is_list = isinstance(summaries, list) and all(isinstance(each, dict) for each in summaries)
    present = set().union(*summaries) if is_list else set()
    missing = {"material_id", "structure", *_MP_FIELDS, *_MP_MODULI} - present
    if missing:
        raise InvalidInputError(
            f"{file} must hold a list of summaries with the field(s) {', '.join(sorted(missing))}."
            " Ask for all fields that the page of the data sets lists."
        )
    ids = _ids_of(summaries, file)
    structures = [_structure_of(each, row, file) for row, each in enumerate(summaries)]
    table = {
        "material_id": ids,
        "formula": [structure.composition.reduced_formula for structure in structures],
        "nsites": [len(structure) for structure in structures],
        "volume_pa_2025": [structure.volume / len(structure) for structure in structures],
    }
    for field, column in _MP_FIELDS.items():
        table[column] = [summary.get(field) for summary in summaries]
    for field, column in _MP_MODULI.items():
        table[column] = [(summary.get(field) or {}).get("vrh") for summary in summaries]
    return _csv(pd.DataFrame(table)), structures_content(structures, ids)


def _ids_of(summaries, file):
    """Return the ids, or raise InvalidInputError if one is missing or occurs twice."""
    rows: dict[str, int] = {}
    for row, summary in enumerate(summaries):
        value = summary.get("material_id")
        if value is None or str(value) in rows:
            fault = "has no material_id" if value is None else f"repeats row {rows[str(value)]}"
            raise InvalidInputError(
                f"Row {row} of {file} (material_id {value!r}, counted from 0) {fault}. Give one"
                " summary per material."
            )
        rows[str(value)] = row
    return list(rows)


def _structure_of(summary, row, file):
    value = summary.get("structure")
    try:
        return Structure.from_dict(value)
    # pymatgen raises errors of many types for dicts of another form.
    except Exception as error:
        raise InvalidInputError(
            f"Row {row} of {file} (material_id {summary['material_id']!r}, counted from 0) has"
            f" structure={shorten(value)}, which cannot be read as a structure"
            f" ({type(error).__name__}: {error}). Ask for this field again, or leave the summary"
            " out."
        ) from error


def _build_formulas(home):
    formulas, sources = [], []
    for name, fetch in _FORMULA_SOURCES.items():
        try:
            found = fetch(data_home=home)
        except DatasetNotFoundError:
            if name in _OPTIONAL:
                continue
            raise
        found = list(dict.fromkeys(found))
        formulas += found
        sources += [name] * len(found)
    groups = read_compositions(formulas).group_ids()
    table = (
        pd.DataFrame({"formula": formulas, "sources": sources})
        .groupby(groups)
        .agg(
            # The first spelling of a composition, and all its sources.
            {"formula": "first", "sources": lambda names: "|".join(sorted(set(names)))}
        )
    )
    return (_csv(table.sort_values("formula")),)


def _formulas_of(fetch, *arguments, **options):
    def formulas(data_home):
        return fetch(*arguments, data_home=data_home, return_X_y=True, **options)[0]

    return formulas


def _formulas_of_mp(data_home):
    # Of all rows, whichever version the labels are of.
    table = read_table(_mp.LABELS, dtype={"formula": str}, data_home=data_home)
    return table["formula"]


_FORMULA_SOURCES = {
    "oqmd": _formulas_of(fetch_oqmd),
    "mp_comp": _formulas_of(fetch_mp_compositions),
    "aflow": _formulas_of(fetch_aflow),
    "jarvis": _formulas_of(_jarvis.fetch_jarvis),
    "mp": _formulas_of_mp,
    # Steels are listed by their fractions, with six digits.
    **{
        name: _formulas_of(fetch_matbench, name)
        for name in MATBENCH_TASKS
        if name != "matbench_steels"
    },
}
_OPTIONAL = ("jarvis", "mp")
_BUILDERS = {
    "perovskites": ((_perovskites.LABELS, _perovskites.STRUCTURES), _build_perovskites),
    "jarvis": ((_jarvis.PATH,), _build_jarvis),
    "mp": ((_mp.LABELS, _mp.STRUCTURES), _build_mp),
    "formulas": ((_formulas.PATH,), _build_formulas),
}


def _read_csv(file):
    if not file.is_file():
        raise DatasetNotFoundError(f"{file} is missing. Give the folder that holds it as source.")
    return pd.read_csv(file, keep_default_na=False, na_values=[""], float_precision="round_trip")


def _read_json(file):
    if not file.is_file():
        raise DatasetNotFoundError(f"{file} is missing.")
    try:
        with (gzip.open if file.suffix == ".gz" else open)(file, "rt", encoding="utf-8") as stream:
            return json.load(stream)
    except (ValueError, OSError, EOFError) as error:
        raise InvalidInputError(f"{file} is not a JSON file, or was cut off ({error}).") from error


def _check_columns(table, names, source):
    missing = [name for name in names if name not in table]
    if missing:
        raise InvalidInputError(
            f"The tables in {source} have no columns {missing}. They have {list(table.columns)}."
        )


def _csv(table):
    return table.to_csv(index=False, lineterminator="\n").encode()
