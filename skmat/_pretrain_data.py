"""The data of ``skmat pretrain``: tables joined, compositions left out and held out."""

from dataclasses import dataclass
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd

from skmat._pretrain_config import CSV, FETCHERS, PretrainConfig, TableConfig
from skmat._tables import read_formulas, read_labels, read_table
from skmat.datasets import fetch_matbench, join_tables
from skmat.exceptions import InvalidInputError

__all__ = ["PretrainData", "read_data"]

# Columns of these names say which tables a row comes from. No target has a name with a NUL.
_HELD, _UNWANTED = "\0held by ", "\0excluded by "


@dataclass(frozen=True, eq=False)
class PretrainData:
    """What a configuration trains on and what it holds out.

    Attributes
    ----------
    formulas : ndarray of shape (n,), dtype object
        One per composition.
    labels : DataFrame of shape (n, n_targets)
        NaN where there is no label.
    training, validation : ndarray of int
        Rows.
    units : dict of str to str
        Unit of each target; "" if it has none, or none is known.
    tables : list of (TableConfig, int)
        What was read, and how many of its compositions are among `formulas`.
    excluded : dict of str to int
        By Matbench task or file: how many compositions of the tables it has excluded. One that
        several of them hold counts for each.
    n_excluded : int
        How many there are in all.
    licences, citations : list of str
        Of the tables.
    """

    formulas: np.ndarray
    labels: pd.DataFrame
    training: np.ndarray
    validation: np.ndarray
    units: dict[str, str]
    tables: list[tuple[TableConfig, int]]
    excluded: dict[str, int]
    n_excluded: int
    licences: list[str]
    citations: list[str]

    def describe(self) -> list[str]:
        """Say in lines what there is."""
        lines = [f"{table.name}: {count:,} compositions" for table, count in self.tables]
        lines += [
            f"{name}: {count:,} of their compositions are left out"
            for name, count in self.excluded.items()
        ]
        lines += [
            f"{name}: {self.labels[name].iloc[self.training].notna().sum():,} labels to train on,"
            f" {self.labels[name].iloc[self.validation].notna().sum():,} held out"
            for name in self.labels.columns
        ]
        return [
            *lines,
            f"{len(self.training):,} compositions to train on, {len(self.validation):,} held out",
        ]


def read_data(config: PretrainConfig, objectives) -> PretrainData:
    """Read what a configuration names.

    Parameters
    ----------
    config : PretrainConfig
        The configuration.
    objectives : sequence of Objective
        What is learned: without any that needs labels there are none, and if all do, materials
        without labels are left out.

    Raises
    ------
    InvalidInputError
        If there is nothing to learn, or data cannot be used.
    DatasetNotFoundError
        If a data set is not there.
    """
    if not objectives:
        raise InvalidInputError(
            "[encoder] has `pretrained` but no `objectives`: there is nothing to train. Say what"
            " is learned, such as objectives = 'joint'."
        )
    parts, licences, citations = [], [], []
    units: dict[str, str] = {}
    holders: dict[str, str] = {}
    for index, table in enumerate(config.tables):
        formulas, labels, its_units, source = _read_table(table, config.data_home)
        labels, its_units = _take_logarithms(table, labels, its_units)
        labels = labels.add_prefix(table.prefix)
        for name in labels.columns:
            if name in holders:
                raise InvalidInputError(
                    f"The target {name!r} is in the table {holders[name]} and in the table"
                    f" {table.name}. Give one of them a prefix, such as prefix ="
                    f" '{table.source}_': they are two tasks."
                )
            holders[name] = table.name
        units |= {table.prefix + name: unit for name, unit in its_units.items()}
        parts.append((formulas, labels.assign(**{f"{_HELD}{index}": 1.0})))
        licences.append(source.get("licence", ""))
        citations.append(source.get("citation", ""))
    if not holders and any(each.needs_targets for each in objectives):
        raise InvalidInputError(
            "[encoder] objectives learn from labels, but no table has labels. Add a table with"
            " targets, or use objectives = 'masked_elements'."
        )
    exclusions = {}
    for index, each in enumerate(dict.fromkeys(config.exclude)):
        column = f"{_UNWANTED}{index}"
        exclusions[each if isinstance(each, str) else each.name] = column
        unwanted = _read_excluded(each, config)
        parts.append((unwanted, pd.DataFrame({column: np.ones(len(unwanted))})))
    formulas, joined = join_tables(*parts)
    held = joined[[name for name in joined if name.startswith(_HELD)]].notna()
    unwanted = joined[[name for name in joined if name.startswith(_UNWANTED)]].notna()
    known = held.any(axis=1)
    kept = known & ~unwanted.any(axis=1)
    labels = joined.drop(columns=[*held.columns, *unwanted.columns])
    if not any(each.needs_targets for each in objectives):
        labels = labels.iloc[:, :0]
    elif all(each.needs_targets for each in objectives):
        # What has no label would only take time.
        kept &= labels.notna().any(axis=1)
    rows = np.flatnonzero(kept)
    if not len(rows):
        raise InvalidInputError(
            f"Of {int(known.sum()):,} compositions, no composition is left to train on:"
            f" {int((known & unwanted.any(axis=1)).sum()):,} are excluded, and the others have no"
            " label."
        )
    generator = np.random.default_rng(config.split_seed)
    most = config.max_compositions
    if most is not None and most < len(rows):
        rows = np.sort(generator.choice(rows, most, replace=False))
    order = generator.permutation(len(rows))
    n_held_out = round(config.validation_fraction * len(rows))
    return PretrainData(
        formulas=formulas[rows],
        labels=labels.iloc[rows].reset_index(drop=True),
        training=np.sort(order[n_held_out:]),
        validation=np.sort(order[:n_held_out]),
        units=units,
        tables=list(zip(config.tables, held.iloc[rows].sum().tolist(), strict=True)),
        excluded={
            name: int((known & unwanted[column]).sum()) for name, column in exclusions.items()
        },
        n_excluded=int((known & unwanted.any(axis=1)).sum()),
        licences=_distinct(licences),
        citations=_distinct(citations),
    )


def _read_table(table: TableConfig, data_home):
    """Return formulas, labels, units and what is to be said of the source."""
    if table.source == CSV:
        options = table.options
        path, column = options["path"], options["formula_column"]
        content = read_table(path, [column, *options["targets"], *options["classes"]])
        formulas = read_formulas(content, column, path)
        numbers = read_labels(content, options["targets"], path, classification=False)
        classes = read_labels(content, options["classes"], path, classification=True)
        return formulas, pd.concat([numbers, classes], axis=1), options["units"], {}
    fetch = FETCHERS[table.source]
    options = {"as_frame": True, "data_home": data_home, "input": "formula", **table.options}
    if table.source == "matbench":
        options["input"] = "composition"
    known = signature(fetch).parameters
    bunch = fetch(**{key: value for key, value in options.items() if key in known})
    formulas, labels = bunch.frame.iloc[:, 0], bunch.frame.iloc[:, 1:]
    return formulas, labels, bunch.units, bunch


def _take_logarithms(table: TableConfig, labels, units):
    """Return labels and units with the logarithms that the table asks for."""
    unknown = [name for name in table.log10 if name not in labels]
    if unknown:
        raise InvalidInputError(
            f"The table {table.name} has log10 = {unknown}, but its targets are"
            f" {list(labels.columns)}."
        )
    for name in table.log10:
        # What has no logarithm is a missing label.
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
        error.add_note("([data] exclude takes names of Matbench tasks and names of .csv files.)")
        raise


def _distinct(texts):
    return list(dict.fromkeys(text for text in texts if text))
