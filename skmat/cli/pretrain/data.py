"""The data of ``skmat pretrain``: joined tables, excluded and held-out compositions."""

import warnings
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skmat.cli.pretrain.config import CSV, FETCHERS, PretrainConfig, TableConfig
from skmat.cli.table_labels import read_labels
from skmat.cli.tables import read_formulas, read_table
from skmat.composition import read_compositions
from skmat.datasets import fetch_matbench, join_tables
from skmat.estimators import FAMILIES
from skmat.exceptions import InvalidInputError
from skmat.structure import StructureArrays

__all__ = ["PretrainData", "read_data"]

# Columns that mark the tables of a row. A NUL keeps their names apart from targets.
_HELD, _UNWANTED = "\0held by ", "\0excluded by "


@dataclass(frozen=True, eq=False)
class PretrainData:
    """Training and held-out data of a configuration.

    Attributes
    ----------
    materials : ndarray of shape (n,), dtype object, or StructureArrays
        Formulas, one per composition, or structures.
    labels : DataFrame of shape (n, n_targets)
        Labels. NaN means missing.
    training, validation : ndarray of int
        Rows. Structures of one composition are on one side.
    units : dict of str to str
        Unit of each target. "" if it is unknown or the target has none.
    tables : list of (TableConfig, int)
        Tables, and the number of their rows in `materials`.
    excluded : dict of str to int
        Number of rows excluded by each Matbench task or file. A row can count several times.
    n_excluded : int
        Number of excluded rows in total.
    licences, citations : list of str
        Licences and citations of the tables.
    """

    materials: np.ndarray | StructureArrays
    labels: pd.DataFrame
    training: np.ndarray
    validation: np.ndarray
    units: dict[str, str]
    tables: list[tuple[TableConfig, int]]
    excluded: dict[str, int]
    n_excluded: int
    licences: list[str]
    citations: list[str]

    @property
    def noun(self) -> str:
        """Name of the rows in messages."""
        return "structures" if isinstance(self.materials, StructureArrays) else "compositions"

    def describe(self) -> list[str]:
        """Return lines that describe the data."""
        lines = [f"{table.name}: {count:,} {self.noun}" for table, count in self.tables]
        lines += [
            f"{name}: {count:,} of their {self.noun} are left out"
            for name, count in self.excluded.items()
        ]
        lines += [
            f"{name}: {self.labels[name].iloc[self.training].notna().sum():,} labels to train on,"
            f" {self.labels[name].iloc[self.validation].notna().sum():,} held out"
            for name in self.labels.columns
        ]
        return [
            *lines,
            f"{len(self.training):,} {self.noun} to train on, {len(self.validation):,} held out",
        ]


@dataclass(frozen=True, eq=False)
class _Pool:
    """All rows of all tables.

    `held` has one bool column per table, `unwanted` one per exclusion. `groups` numbers the
    compositions.
    """

    materials: Any
    labels: pd.DataFrame
    held: pd.DataFrame
    unwanted: pd.DataFrame
    groups: np.ndarray


def read_data(config: PretrainConfig, objectives) -> PretrainData:
    """Read the data of a configuration.

    Parameters
    ----------
    config : PretrainConfig
        The configuration.
    objectives : sequence of Objective
        Objectives of the training. If none needs labels, labels are dropped. If all need labels,
        materials without labels are left out.

    Raises
    ------
    InvalidInputError
        If the objectives or the remaining data are empty, or data cannot be used.
    DatasetNotFoundError
        If a data set is missing.

    Warns
    -----
    UserWarning
        If `max_compositions` is smaller than the number of compositions with labels.
    """
    if not objectives:
        raise InvalidInputError(
            "[encoder] has `pretrained` but no `objectives`, so nothing would be trained. Add"
            " objectives, such as objectives = 'joint'."
        )
    input = FAMILIES[config.family].input
    parts, licences, citations = [], [], []
    units: dict[str, str] = {}
    holders: dict[str, str] = {}
    for table in config.tables:
        materials, labels, its_units, source = _read_table(table, config.data_home, input)
        labels, its_units = _take_logarithms(table, labels, its_units)
        labels = labels.add_prefix(table.prefix)
        for name in labels.columns:
            if name in holders:
                raise InvalidInputError(
                    f"The target {name!r} is in the table {holders[name]} and in the table"
                    f" {table.name}. They are two tasks. Give one of them a prefix, such as"
                    f" prefix = '{table.source}_'."
                )
            holders[name] = table.name
        units |= {table.prefix + name: unit for name, unit in its_units.items()}
        parts.append((materials, labels))
        licences.append(source.get("licence", ""))
        citations.append(source.get("citation", ""))
    if not holders and any(each.needs_targets for each in objectives):
        raise InvalidInputError(
            "[encoder] objectives learn from labels, but no table has labels. Add a table with"
            " targets, or use objectives = 'masked_elements'."
        )
    asked = list(dict.fromkeys(config.exclude))
    exclusions = [_read_excluded(each, config) for each in asked]
    pool = (_join if input == "formula" else _stack)(parts, exclusions)
    known, labels = pool.held.any(axis=1), pool.labels
    kept = known & ~pool.unwanted.any(axis=1)
    if config.max_atoms is not None:
        kept &= pool.materials.n_atoms <= config.max_atoms
    if not any(each.needs_targets for each in objectives):
        labels = labels.iloc[:, :0]
    elif all(each.needs_targets for each in objectives):
        # Materials without labels would only take time.
        kept &= labels.notna().any(axis=1)
    rows = np.flatnonzero(kept)
    if not len(rows):
        raise InvalidInputError(
            f"Of {int(known.sum()):,} materials, none is left to train on."
            f" {int((known & pool.unwanted.any(axis=1)).sum()):,} are excluded. The others have no"
            " label or too many atoms."
        )
    generator = np.random.default_rng(config.split_seed)
    # Draw and hold out whole compositions.
    compositions = np.unique(pool.groups[rows])
    most = config.max_compositions
    if most is not None and most < len(compositions):
        has_label = labels.iloc[rows].notna().any(axis=1).to_numpy()
        labelled = np.unique(pool.groups[rows][has_label])
        compositions = _draw(compositions, labelled, most, generator)
        rows = rows[np.isin(pool.groups[rows], compositions)]
    order = generator.permutation(len(compositions))
    n_held_out = round(config.validation_fraction * len(compositions))
    is_held_out = np.isin(pool.groups[rows], compositions[order[:n_held_out]])
    return PretrainData(
        materials=pool.materials[rows],
        labels=labels.iloc[rows].reset_index(drop=True),
        training=np.flatnonzero(~is_held_out),
        validation=np.flatnonzero(is_held_out),
        units=units,
        tables=list(zip(config.tables, pool.held.iloc[rows].sum().tolist(), strict=True)),
        excluded={
            name: int((known & unwanted).sum())
            for name, unwanted in zip(_names(asked), pool.unwanted.T.to_numpy(), strict=True)
        },
        n_excluded=int((known & pool.unwanted.any(axis=1)).sum()),
        licences=_distinct(licences),
        citations=_distinct(citations),
    )


def _draw(compositions, labelled, most, generator):
    """Return `most` sorted compositions: first those with labels, then a draw of the others."""
    if len(labelled) > most:
        warnings.warn(
            f"[data] max_compositions is {most:,}, but {len(labelled):,} compositions have labels."
            f" {len(labelled) - most:,} of them are left out. Give at least {len(labelled):,} to"
            " use all labels.",
            UserWarning,
            stacklevel=3,
        )
        return np.sort(generator.choice(labelled, most, replace=False))
    others = np.setdiff1d(compositions, labelled, assume_unique=True)
    drawn = generator.choice(others, most - len(labelled), replace=False)
    return np.sort(np.concatenate([labelled, drawn]))


def _join(parts, exclusions) -> _Pool:
    """Return formulas, one row per composition."""
    tables = [
        (formulas, labels.assign(**{f"{_HELD}{i}": 1.0}))
        for i, (formulas, labels) in enumerate(parts)
    ]
    tables += [
        (formulas, pd.DataFrame({f"{_UNWANTED}{i}": np.ones(len(formulas))}))
        for i, formulas in enumerate(exclusions)
    ]
    formulas, joined = join_tables(*tables)
    held = joined[[name for name in joined if name.startswith(_HELD)]]
    unwanted = joined[[name for name in joined if name.startswith(_UNWANTED)]]
    return _Pool(
        formulas,
        joined.drop(columns=[*held.columns, *unwanted.columns]),
        held.notna(),
        unwanted.notna(),
        np.arange(len(formulas)),
    )


def _stack(parts, exclusions) -> _Pool:
    """Return structures, the tables one after the other."""
    structures = StructureArrays.concatenate([each for each, _ in parts])
    table = np.repeat(np.arange(len(parts)), [len(each) for each, _ in parts])
    compositions = structures.compositions()
    unwanted = {
        i: compositions.isin(read_compositions(formulas)) for i, formulas in enumerate(exclusions)
    }
    return _Pool(
        structures,
        pd.concat([labels for _, labels in parts], ignore_index=True),
        pd.DataFrame(table[:, None] == np.arange(len(parts))),
        pd.DataFrame(unwanted, index=range(len(structures))),
        compositions.group_ids(),
    )


def _read_table(table: TableConfig, data_home, input):
    """Return formulas or structures, labels, units, and the source's licence and citation."""
    if table.source == CSV:
        if input != "formula":
            raise InvalidInputError(
                f"The table {table.name} has formulas, but the encoder reads structures. Use the"
                " sources mp, matminer, perovskites or matbench, or fit the encoder from Python."
            )
        options = table.options
        path, column = options["path"], options["formula_column"]
        content = read_table(path, [column, *options["targets"], *options["classes"]])
        formulas = read_formulas(content, column, path)
        numbers = read_labels(content, options["targets"], path, classification=False)
        classes = read_labels(content, options["classes"], path, classification=True)
        return formulas, pd.concat([numbers, classes], axis=1), options["units"], {}
    fetch = FETCHERS[table.source]
    options = {"as_frame": True, "data_home": data_home, "input": input, **table.options}
    known = signature(fetch).parameters
    bunch = fetch(**{key: value for key, value in options.items() if key in known})
    labels = bunch.frame.iloc[:, 1:]
    if input == "formula":
        return bunch.frame.iloc[:, 0], labels, bunch.units, bunch
    if not isinstance(bunch.data, StructureArrays):
        raise InvalidInputError(
            f"The table {table.name} has no structures, but the encoder reads structures. Use the"
            " sources mp, matminer, perovskites or matbench."
        )
    return bunch.data, labels, bunch.units, bunch


def _take_logarithms(table: TableConfig, labels, units):
    """Replace the labels and units of `log10` targets by their logarithms."""
    unknown = [name for name in table.log10 if name not in labels]
    if unknown:
        raise InvalidInputError(
            f"The table {table.name} has log10 = {unknown}, but its targets are"
            f" {list(labels.columns)}."
        )
    for name in table.log10:
        # Labels without a logarithm become missing.
        numbers = labels[name].astype(float)
        labels = labels.assign(**{name: np.log10(numbers.where(numbers > 0))})
    return labels, units | {name: f"log10({units.get(name) or 1})" for name in table.log10}


def _read_excluded(name, config):
    if isinstance(name, Path):
        content = read_table(name, [config.exclude_column])
        return read_formulas(content, config.exclude_column, name)
    try:
        return fetch_matbench(name, data_home=config.data_home).data
    except InvalidInputError as error:
        error.add_note("([data] exclude takes names of Matbench tasks and of .csv files.)")
        raise


def _names(asked):
    """Return names of exclusions: tasks and files by name, files of equal name by path."""
    short = [each if isinstance(each, str) else each.name for each in asked]
    return [
        name if short.count(name) == 1 else str(each)
        for name, each in zip(short, asked, strict=True)
    ]


def _distinct(texts):
    return list(dict.fromkeys(text for text in texts if text))
