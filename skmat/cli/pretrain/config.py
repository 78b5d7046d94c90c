"""The configuration file of ``skmat pretrain``."""

import inspect
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from sklearn.utils._param_validation import StrOptions

from skmat import datasets
from skmat._utils.nearest import nearest_hint
from skmat._utils.paths import read_path
from skmat.exceptions import InvalidInputError

__all__ = ["CSV", "FETCHERS", "PretrainConfig", "TableConfig", "read_config"]

#: Loaders, by the value of `source` in a file.
FETCHERS: dict[str, Callable[..., Any]] = {
    "oqmd": datasets.fetch_oqmd,
    "formulas": datasets.fetch_formulas,
    "aflow": datasets.fetch_aflow,
    "jarvis": datasets.fetch_jarvis,
    "mp": datasets.fetch_mp,
    "mp_compositions": datasets.fetch_mp_compositions,
    "matbench": datasets.fetch_matbench,
    "matminer": datasets.fetch_matminer,
    "perovskites": datasets.fetch_perovskites,
    "obelix": datasets.fetch_obelix,
    "transport": datasets.load_transport,
}
CSV = "csv"

# Name of the distillation from a StructureEmbeddingLookup in files.
_MULTIMODAL = "multimodal"

# Parameter that selects the data set of a loader.
_WHICH = {"matbench": "task", "matminer": "name"}

# Parameters that other keys of the file set, or that have no effect here.
_NOT_OF_A_LOADER = (
    *("data_home", "exclude", "input", "download_if_missing", "return_X_y", "as_frame"),
)
_NOT_OF_AN_ENCODER = ("checkpoint_dir", "on_invalid", "warm_start", "callbacks", "verbose")
_NOT_IN_FILES = ("name", "teacher", "_shift", "_unit")
_CSV_KEYS = ("path", "formula_column", "targets", "classes", "units")
_REQUIRED: Any = object()

# Names of setting types in messages. Files have lists for tuples.
_TYPE_NAMES: dict[Any, str] = {
    float: "a number",
    int: "a whole number",
    str: "text",
    bool: "true or false",
    tuple: "a list of whole numbers",
}


@dataclass(frozen=True)
class TableConfig:
    """One entry of ``[[data.tables]]``.

    Attributes
    ----------
    source : str
        Name of a loader, or "csv".
    prefix : str
        Prefix of the names of the table's targets.
    options : dict
        Parameters of the loader. For a CSV file, its path and columns.
    log10 : tuple of str
        Targets to replace by their decimal logarithm.
    """

    source: str
    prefix: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    log10: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the table in messages."""
        if self.source == CSV:
            return Path(self.options["path"]).name
        which = self.options.get(_WHICH.get(self.source, ""))
        return " ".join(filter(None, [self.source, which]))


@dataclass(frozen=True)
class PretrainConfig:
    """A whole file. Loaders and the encoder check the remaining values later.

    Attributes
    ----------
    text : str
        Text of the file.
    tables : list of TableConfig
        Tables to train on.
    exclude : list of (str or Path)
        Matbench tasks and CSV files whose compositions to leave out.
    exclude_column : str
        Column of formulas in these files.
    validation_fraction : float
        Fraction of compositions to hold out for the report.
    split_seed : int
        Seed of that split.
    max_compositions : int or None
        Maximum of compositions. Those with labels come first, then a random draw of the others.
        None uses all.
    max_atoms : int or None
        Largest number of atoms per cell. Larger structures are left out. None uses all.
    data_home : str or None
        Folder of the data sets.
    family : str
        Family of the encoder.
    encoder : dict
        Parameters of the encoder.
    folder : Path
        Folder of the checkpoint.
    dtype : str
        Number format of its weights.
    card : dict of str to str
        Fields of the model card.
    """

    text: str
    tables: list[TableConfig]
    exclude: list[str | Path]
    exclude_column: str
    validation_fraction: float
    split_seed: int
    max_compositions: int | None
    max_atoms: int | None
    data_home: str | None
    family: str
    encoder: dict[str, Any]
    folder: Path
    dtype: str
    card: dict[str, str]


def read_config(path) -> PretrainConfig:
    """Read a configuration file. Paths in it are relative to its folder.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, has an unknown key, or lacks one.
    """
    path = read_path(path, "config_file", InvalidInputError)
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (FileNotFoundError, IsADirectoryError):
        raise InvalidInputError(f"The file {path} does not exist.") from None
    except RecursionError:
        raise InvalidInputError(f"{path} is not valid TOML: it is nested too deeply.") from None
    except ValueError as error:  # wrong encoding or syntax, or a number of 5,000 digits
        raise InvalidInputError(f"{path} is not valid TOML: {error}.") from None
    reader = _Reader(path)
    reader.check_keys(content, ("data", "encoder", "output"), "the file")
    data = reader.section(content, "data")
    encoder = reader.section(content, "encoder")
    output = reader.section(content, "output")
    data_keys = ("tables", "exclude", "exclude_column", "validation_fraction", "random_state")
    limits = ("max_compositions", "max_atoms")
    reader.check_keys(data, (*data_keys, *limits, "data_home"), "[data]")
    card_keys = ("name", "description", "licence", "citation")
    reader.check_keys(output, ("folder", "dtype", *card_keys), "[output]")
    from skmat.estimators import FAMILIES
    from skmat.pretrained._checkpoint import WEIGHT_DTYPES

    family = reader.family(encoder)
    tables = reader.value(data, "tables", list, "[data]")
    if not tables:
        raise reader.error("[data] needs at least one entry [[data.tables]]")
    fraction = reader.value(data, "validation_fraction", (int, float), "[data]", 0.05)
    if not 0 <= fraction < 1:
        raise reader.error(f"[data] validation_fraction is {fraction}. Give 0 to below 1")
    most = {key: reader.value(data, key, int, "[data]", None) for key in limits}
    for key, value in most.items():
        if value is not None and value < 1:
            raise reader.error(f"[data] {key} is {value}. Give at least 1")
    if most["max_atoms"] and FAMILIES[family].input != "structure":
        raise reader.error(f"[data] has max_atoms, but {family} reads formulas. Leave it out")
    data_home = reader.value(data, "data_home", str, "[data]", None)
    dtype = reader.value(output, "dtype", str, "[output]", "float32")
    reader.choice("[output]", "dtype", dtype, WEIGHT_DTYPES)
    return PretrainConfig(
        text=text,
        tables=[reader.table(entry, f"[[data.tables]] {i + 1}") for i, entry in enumerate(tables)],
        exclude=[reader.excluded(each) for each in reader.texts(data, "exclude", "[data]")],
        exclude_column=reader.value(data, "exclude_column", str, "[data]", "formula"),
        validation_fraction=float(fraction),
        split_seed=reader.value(data, "random_state", int, "[data]", 0),
        **most,
        data_home=data_home,
        family=family,
        encoder=reader.encoder(encoder, family, data_home),
        folder=reader.path(reader.value(output, "folder", str, "[output]")),
        dtype=dtype,
        card={key: reader.value(output, key, str, "[output]", "") for key in card_keys},
    )


class _Reader:
    """Reads parts of one file. Its errors name the file and the part."""

    def __init__(self, file):
        self.file = file

    def error(self, message):
        return InvalidInputError(f"{self.file}: {message}.")

    def _path_error(self, message):
        return self.error(message.rstrip("."))

    def path(self, text) -> Path:
        return self.file.parent / read_path(text, "path", self._path_error)

    def check_keys(self, mapping, known, where):
        unknown = [key for key in mapping if key not in known]
        if unknown:
            raise self.error(
                f"{where} has the unknown key {', '.join(map(repr, unknown))}. Known keys are"
                f" {', '.join(known)}" + _sentence(nearest_hint(unknown[0], known))
            )

    def section(self, content, name):
        return self.value(content, name, dict, "the file", {})

    def value(self, mapping, key, kind, where, default=_REQUIRED):
        """Return an entry of a certain type."""
        if key not in mapping:
            if default is _REQUIRED:
                raise self.error(f"{where} lacks {key!r}")
            return default
        value = mapping[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = {str: "text", int: "a number", list: "a list", dict: "a table"}
            raise self.error(f"{where} {key} is {value!r}. It must be {names[kinds[0]]}")
        return value

    def texts(self, mapping, key, where):
        """Return a list of texts, empty if the key is missing."""
        values = self.value(mapping, key, list, where, [])
        if not all(isinstance(value, str) for value in values):
            raise self.error(f"{where} {key} is {values!r}. It must be a list of texts")
        return values

    def table(self, entry, where) -> TableConfig:
        if not isinstance(entry, dict):
            raise self.error(f"{where} is {entry!r}. It must be a table")
        source = self.value(entry, "source", str, where)
        if source == CSV:
            known: tuple[str, ...] = _CSV_KEYS
        elif source in FETCHERS:
            parameters = inspect.signature(FETCHERS[source]).parameters
            known = tuple(name for name in parameters if name not in _NOT_OF_A_LOADER)
        else:
            raise self.error(
                f"{where} has the unknown source {source!r}. Known sources are"
                f" {', '.join([*FETCHERS, CSV])}"
                + _sentence(nearest_hint(source, [*FETCHERS, CSV]))
            )
        ours = ("source", "prefix", "log10")
        self.check_keys(entry, (*ours, *known), where)
        options = {key: entry[key] for key in entry if key not in ours}
        if source == CSV:
            options = {
                "path": self.path(self.value(entry, "path", str, where)),
                "formula_column": self.value(entry, "formula_column", str, where, "formula"),
                "targets": self.texts(entry, "targets", where),
                "classes": self.texts(entry, "classes", where),
                "units": self.value(entry, "units", dict, where, {}),
            }
        if source in _WHICH:
            self.value(entry, _WHICH[source], str, where)
        return TableConfig(
            source,
            prefix=self.value(entry, "prefix", str, where, ""),
            options=options,
            log10=tuple(self.texts(entry, "log10", where)),
        )

    def excluded(self, text):
        return self.path(text) if text.endswith(".csv") else text

    def family(self, section):
        """Return the name of the family, and check the keys of its section."""
        from skmat.estimators import FAMILIES

        family = self.value(section, "family", str, "[encoder]", "mtencoder")
        if family not in FAMILIES:
            raise self.error(
                f"[encoder] has the unknown family {family!r}. Known families are"
                f" {', '.join(FAMILIES)}" + _sentence(nearest_hint(family, FAMILIES))
            )
        parameters = inspect.signature(FAMILIES[family].encoder).parameters
        known = [name for name in parameters if name not in _NOT_OF_AN_ENCODER]
        self.check_keys(section, ("family", *known), "[encoder]")
        return family

    def encoder(self, section, family, data_home):
        from skmat.estimators import FAMILIES

        encoder = {"random_state": 0, **section}
        encoder.pop("family", None)
        if "objectives" in encoder:
            encoder["objectives"] = self._objectives(encoder["objectives"], data_home)
        if "pretrained" in encoder:
            encoder["pretrained"] = self._weights(encoder["pretrained"])
        self._check_parameters(FAMILIES[family].encoder(**encoder))
        return encoder

    def _check_parameters(self, estimator):
        """Refuse values that ``fit`` would refuse, which is after the data have been read."""
        for key, value in estimator.get_params(deep=False).items():
            known = _choices(estimator, key)
            if known and isinstance(value, str):
                self.choice("[encoder]", key, value, known)
        try:
            estimator._validate_params()
            estimator._objectives()
        except ValueError as error:
            raise self.error(f"[encoder] {str(error).rstrip('.')}") from None

    def choice(self, where, key, value, known):
        """Refuse a text that is not one of those known."""
        if value not in known:
            raise self.error(
                f"{where} {key} is {value!r}. It must be one of {', '.join(map(repr, known))}"
                + _sentence(nearest_hint(value, known))
            )

    def _weights(self, value):
        """Return a folder as a path that does not depend on the working directory."""
        is_folder = isinstance(value, str) and self.path(value).is_dir()
        return str(self.path(value)) if is_folder else value

    def _objectives(self, value, data_home):
        """Return names, and objects for tables such as {name = "barlow_twins", ...}."""
        if isinstance(value, list):
            return [self._objective(each, data_home) for each in value]
        return self._objective(value, data_home)

    def _objective(self, value, data_home):
        where = "[encoder] objectives"
        if value == _MULTIMODAL:
            # Only files have this name, because its teacher needs the folder of the data.
            value = {"name": value}
        if isinstance(value, str):
            return value
        if not isinstance(value, dict):
            raise self.error(f"{where} has {value!r}. Each must be text or a table")
        from skmat.estimators._objectives import OBJECTIVE_NAMES
        from skmat.objectives import Distillation
        from skmat.pipelines import StructureEmbeddingLookup

        # By the name in files. Two names may give objects of one class.
        objectives: dict[str, Any] = {
            name: meant[0] for name, meant in OBJECTIVE_NAMES.items() if len(meant) == 1
        }
        name = self.value(value, "name", str, where)
        part = f"[encoder] objective {name!r}"
        settings = {key: each for key, each in value.items() if key != "name"}
        if name == _MULTIMODAL:
            # Settings of the teacher.
            teacher = {}
            for key, kind in (("encoder", str), ("max_atoms", int)):
                if key in settings:
                    teacher[key] = self.value(settings, key, kind, part)
                    del settings[key]
            if "encoder" in teacher:
                teacher["encoder"] = self._weights(teacher["encoder"])
            asked = StructureEmbeddingLookup(**teacher, data_home=data_home)
            objectives[name] = Distillation(asked, name=name)
        if name not in objectives:
            raise self.error(
                f"{where} has the unknown name {name!r} for one with settings."
                f" Known names are {', '.join([*objectives, _MULTIMODAL])}"
            )
        objective = objectives[name]
        known = [each.name for each in fields(objective) if each.name not in _NOT_IN_FILES]
        self.check_keys(settings, ("name", *known), part)
        types = get_type_hints(type(objective))
        for key, each in settings.items():
            if not _is_of_type(each, types[key]):
                kinds = " or ".join(_type_names(types[key]))
                raise self.error(f"{part} {key} is {each!r}. It must be {kinds}")
            settings[key] = tuple(each) if isinstance(each, list) else each
        try:
            return replace(objective, **settings)
        except InvalidInputError as error:
            raise self.error(f"{part}: {str(error).rstrip('.')}") from None


def _sentence(hint):
    """Return a hint as a sentence after another one."""
    return hint and f".{hint}"


def _choices(estimator, key):
    """Return what a parameter can be, if it is one of certain texts."""
    if key == "trainable":
        return list(estimator._trainable_choices)
    if key == "preset":  # in order of size
        return list(estimator._presets)
    constraints = [*estimator._parameter_constraints.get(key, ())]
    if not all(each is None or isinstance(each, StrOptions) for each in constraints):
        return []
    return sorted(set().union(*(each.options for each in constraints if each is not None)))


def _is_of_type(value, kind):
    """Tell whether a value of a file fits a setting of this type."""
    if get_origin(kind) in (Union, UnionType):
        return any(_is_of_type(value, each) for each in get_args(kind))
    if get_origin(kind) is tuple:
        entry = get_args(kind)[0]
        return isinstance(value, list) and all(_is_of_type(each, entry) for each in value)
    if isinstance(value, bool):
        return kind is bool  # not a number, although bool is a subclass of int
    return isinstance(value, int | float if kind is float else kind)


def _type_names(kind):
    """Return the names of a type's values, without None, which TOML lacks."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    names = [_TYPE_NAMES.get(get_origin(each) or each) for each in kinds]
    return [name for name in names if name is not None]
