"""The materials of ``skmat train``, ``predict`` and ``embed``: formulas or structures."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from skmat._utils.hub import is_hub_address
from skmat.cli.model_files import check_is_model, read_metrics
from skmat.exceptions import InvalidInputError, InvalidRowsError, InvalidStructureError

__all__ = ["GivenMaterials", "given_materials", "materials_and_output"]

# Input of families, and its name in messages.
_KINDS = {"formula": "formulas", "structure": "structures"}

#: Advice about rows that cannot be read, by command.
_LEAVE_EMPTY = "With --on-invalid nan, such rows have no results."
_FOR_BAD_ROWS = {
    "train": "With --on-invalid skip, such rows are left out.",
    **dict.fromkeys(("predict", "embed", "evaluate"), _LEAVE_EMPTY),
}

# Functions import pandas and torch on use, to keep `skmat --help` fast.


@dataclass(frozen=True)
class GivenMaterials:
    """Source of the materials of a command, before reading them.

    Attributes
    ----------
    input : {"formula", "structure"}
        Input that the family must read.
    column : str
        Column of the materials in the table.
    path : Path or None
        File of the table.
    values : list of str or None
        Materials from the command line, which form a table of one column.
    disorder : dict
        The parameter `disorder` of estimators for structures. Empty if not given.
    for_bad_rows : str
        What the command can do with rows that cannot be read.
    """

    input: str
    column: str
    path: Path | None
    values: list | None
    disorder: dict
    for_bad_rows: str = ""

    def choose_family(self, name, pretrained):
        """Return the family of that name or of the weights. It must read these materials."""
        from skmat.estimators import choose_family

        try:
            return choose_family(name, pretrained, input=self.input)
        except InvalidInputError as error:
            raise InvalidInputError(f"{error} {self._remedy()}") from None

    def load_model(self, path):
        """Load a fitted estimator. It must read these materials."""
        from skmat.cli.model_files import load_model
        from skmat.estimators import FAMILIES

        model = load_model(path)
        is_network = hasattr(model, "_family")
        kind = FAMILIES[model._family].input if is_network else model.input_
        if kind != self.input:
            raise InvalidInputError(
                f"The model {path} reads {_KINDS[kind]}, not {_KINDS[self.input]}."
                f" {self._remedy()}"
            )
        return model

    def read(self, others=()):
        """Return the table and X. The table must also have the columns `others`."""
        import pandas as pd

        from skmat.cli.tables import Table, read_table

        if self.path is None:
            table = Table(pd.DataFrame({self.column: self.values}), {self.column: 0})
        else:
            table = read_table(self.path, [self.column, *others], self._advice())
        cells = table.column(self.column)
        return table, cells if self.input == "formula" else self._locate(cells)

    def leave_out_unreadable(self, table, X):
        """Return the table and X without the rows that cannot be read. A UserWarning lists them.

        Raises
        ------
        InvalidInputError
            If no row can be read.
        """
        try:
            with self.naming_cells(table):
                self._check(X)
        except InvalidInputError as error:
            if not isinstance(error.__cause__, InvalidRowsError):
                raise
            bad = set(error.__cause__.rows)
            kept = [row for row in range(len(X)) if row not in bad]
            if not kept:
                raise
            warnings.warn(f"{error}\nThese rows are left out.", stacklevel=2)
            return table.take(kept), [X[row] for row in kept]
        return table, X

    def _check(self, X):
        if self.input == "formula":
            from skmat.composition import read_compositions

            read_compositions(X)
        else:
            self.structures(X)

    def structures(self, X):
        """Return the structures of X.

        Raises
        ------
        InvalidStructureError
            If some cannot be read, have atoms that overlap, or have too many neighbours.
        """
        from skmat.structure._graphs import parse_for_graphs

        structures, problems, n_rows = parse_for_graphs(X, **self.disorder)
        if problems:
            raise InvalidStructureError(problems, n_rows)
        return structures

    def with_columns(self, X, numbers, name=None):
        """Return a frame of the materials, in a column of that name, and further columns."""
        import pandas as pd

        frame = numbers.reset_index(drop=True)
        frame.insert(0, name or self.column, pd.Series(list(X), dtype=object))
        return frame

    def files(self, X=()):
        """Return the files to read: the table, and the structure files that X names."""
        structures = [*(self.values or ()), *X] if self.input == "structure" else []
        table = [] if self.path is None else [self.path]
        return table + [each for each in structures if _names_a_file(each)]

    def names(self, table):
        """Return formulas and paths as they are, and of texts of structures the line of a name."""
        texts = table.texts(self.column)
        return texts if self.input == "formula" else list(map(_name_of_structure, texts))

    def naming_cells(self, table):
        """Return a context in which errors about rows of X name the cells of the table."""
        from skmat.cli.tables import naming_cells

        name = self.path or f"--{self.input}s"
        return naming_cells(table, self.column, name, _KINDS[self.input], self._hint)

    def _hint(self, cells):
        """Return what to do about cells that cannot be read."""
        lines = []
        if self.input == "structure" and self.path is not None:
            from skmat.composition import read_compositions

            texts = [cell for cell in cells if isinstance(cell, str)]
            if texts and read_compositions(texts, on_invalid="nan").n_elements.astype(bool).all():
                lines.append(f"They are formulas: give --formula-column {self.column}.")
            elif texts and _names_a_file(texts[0]):
                folder = self.path.parent
                lines.append(f"Paths are relative to the folder {folder.resolve()}.")
                found = next(iter(sorted(folder.glob(f"*/{Path(texts[0].strip()).name}"))), None)
                if found:
                    lines.append(
                        f"{found} exists. Write {found.relative_to(folder)} in the table, or move"
                        f" the table to {found.parent}."
                    )
        if self.for_bad_rows:
            lines.append(self.for_bad_rows)
        return "\n".join(lines)

    def _locate(self, cells):
        """Make paths in `cells` relative to the working directory."""
        from skmat.structure._read import is_path

        folder = Path() if self.path is None else self.path.parent
        return [Path(folder, cell.strip()) if is_path(cell) else cell for cell in cells]

    def _advice(self):
        """Return what to do if the table lacks the column of materials."""
        ways = [f"--{self.input}-column names the column of {_KINDS[self.input]}"]
        if self.column == "formula":
            ways.append("--structure-column that of structures")
        return ", ".join(ways) + "."

    def _remedy(self):
        """Return advice for the other kind of materials."""
        other = next(kind for kind in _KINDS if kind != self.input)
        option = f"--{other}s" if self.path is None else f"--{other}-column"
        return f"Give {_KINDS[other]} with {option}."


def _name_of_structure(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return text
    names = [line for line in lines if line.startswith("data_")]
    return (names or lines)[0]


def _names_a_file(value):
    from skmat.structure._read import is_path

    return is_path(value)


def given_materials(arguments):
    """Return the source of a command's materials.

    Raises
    ------
    InvalidInputError
        If the arguments name no source or several, or give ``--disorder`` for formulas.
    """
    columns = {kind: getattr(arguments, f"{kind}_column") for kind in _KINDS}
    values = {kind: getattr(arguments, f"{kind}s") for kind in _KINDS}
    _check_no_structure(arguments.data)
    if values["structure"]:
        values["structure"] = _with_files_of_folders(values["structure"])
    kinds = [kind for kind in _KINDS if columns[kind] or values[kind]] or ["formula"]
    if len(kinds) > 1:
        raise InvalidInputError(
            "Formulas and structures exclude each other. Drop the options of one of them."
        )
    kind = kinds[0]
    if (arguments.data is None) == (values[kind] is None):
        raise InvalidInputError("Give one of these: a table, --formulas or --structures.")
    stops = getattr(arguments, "on_invalid", None) == "raise"
    disorder = getattr(arguments, "disorder", None)
    if disorder and kind == "formula":
        raise InvalidInputError("--disorder is for structures. Drop it.")
    return GivenMaterials(
        kind,
        columns[kind] or kind,
        arguments.data,
        values[kind],
        {"disorder": disorder} if disorder else {},
        _FOR_BAD_ROWS.get(arguments.command, "") if stops else "",
    )


def _check_no_structure(path):
    """Raise if a structure file is given in the place of a table."""
    if path is None or not path.is_file():
        return
    # By name only: the check must not take the seconds that importing pymatgen takes.
    if path.suffix.lower() in (".cif", ".vasp") or path.stem.upper() in ("POSCAR", "CONTCAR"):
        raise InvalidInputError(
            f"{path} is a structure, not a table. Give structures with --structures, or a table"
            " with a column of their names."
        )


def _with_files_of_folders(names):
    """Return names of files, with the structure files of a folder in its place."""
    from skmat.structure._files import is_structure_file

    found = []
    for name in names:
        if not Path(name).is_dir():
            found.append(name)
            continue
        files = sorted(each for each in Path(name).iterdir() if is_structure_file(each.name))
        if not files:
            raise InvalidInputError(f"The folder {name} holds no CIF or POSCAR files.")
        found += map(str, files)
    return found


def materials_and_output(arguments, suffixes):
    """Return the materials of a command that reads a model.

    If no option names their column, it is the one that the model has learned from.

    Raises
    ------
    InvalidInputError
        If the results cannot be written to ``arguments.output``, or the table lacks the column.
    """
    from skmat.cli.result_files import check_output

    given = given_materials(arguments)
    if arguments.model:
        check_is_model(arguments.model)
    if arguments.output:
        is_file = arguments.model and not is_hub_address(arguments.model)
        model = [arguments.model] if is_file else []
        check_output(arguments.output, suffixes, [*given.files(), *model])
    return given if given.path is None else _with_column(arguments, given)


def _with_column(arguments, given):
    """Return the source with a column that the table has."""
    from skmat.cli.table_files import read_rows
    from skmat.cli.table_text import find_names

    sources = [given]
    if not (arguments.formula_column or arguments.structure_column):
        known = read_metrics(arguments.model)
        kind, column = known.get("input"), known.get("material_column")
        if kind in _KINDS and isinstance(column, str):
            sources = [replace(given, input=kind, column=each) for each in (column, kind)]
    for source in sources:
        header = read_rows(source.path, [source.column]).header
        if any(find_names(header, [source.column], loosely=True)):
            return source
    # Raises now, not after the seconds in which the model is loaded.
    sources[0].read()
    return sources[0]
