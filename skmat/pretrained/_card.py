"""Model cards: what to know before using pretrained weights."""

import json
from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real
from typing import Any

from skmat._utils.record_text import to_html, to_text
from skmat.exceptions import InvalidInputError, shorten

__all__ = ["ModelCard"]


@dataclass
class ModelCard:
    """Origin and training of an encoder.

    Parameters
    ----------
    name : str
        Name of the checkpoint.
    description : str
        One or two sentences.
    data : str
        Training data, with counts.
    licence : str
        Licence of the weights, compatible with that of the data.
    objectives : list of dict
        Objectives of the training, with settings.
    metrics : dict of str to float
        Metrics on held-out materials, with the unit in the key.
    citation : str
        Works to cite.
    date : str
        Day of training, ISO 8601.
    skmat_version : str
        Version that wrote the checkpoint.
    sha256 : str
        SHA-256 of the weights file. Saving fills it in.
    derived_from : str
        Name of the checkpoint that training started from, if any.
    excluded : str
        Materials left out of the data, such as those of a benchmark. Benchmarks read the names of
        Matbench tasks in it, such as "matbench_steels".
    epochs : int
        Passes over the data. 0 means unknown.
    config : str
        Text of the file that repeats the training.
    """

    name: str = ""
    description: str = ""
    data: str = ""
    licence: str = ""
    objectives: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    citation: str = ""
    date: str = ""
    skmat_version: str = ""
    sha256: str = ""
    derived_from: str = ""
    excluded: str = ""
    epochs: int = 0
    config: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the card as JSON values.

        Raises
        ------
        InvalidInputError
            If the type of a field is not the documented one.
        """
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return asdict(type(self)(**_checked(values)))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelCard":
        """Return the card from the output of ``to_dict``. Unknown fields are ignored.

        Raises
        ------
        InvalidInputError
            If the type of a field is not the documented one.
        """
        known = {each.name for each in fields(cls)}
        return cls(**_checked({key: value for key, value in values.items() if key in known}))

    def to_markdown(self) -> str:
        """Return the card as Markdown, for the README of the checkpoint folder."""
        lines = [f"# {self.name or 'encoder'}", "", self.description, ""]
        lines += [f"- **{title}**: {value}" for title, value in self._facts()]
        if self.config:
            lines += ["", "Configuration (`skmat pretrain`):", "", "```toml"]
            lines += [self.config.rstrip("\n"), "```"]
        return "\n".join(lines) + "\n"

    def __repr__(self):
        return to_text(self._title(), self._rows())

    def _repr_html_(self):
        return to_html(self._title(), self._rows())

    def _title(self):
        return f"ModelCard of {self.name or 'an encoder without a name'}"

    def _rows(self):
        """Return what a reader sees on a screen: names and texts."""
        try:
            self.to_dict()
        except InvalidInputError as error:
            return [("Fault", str(error))]
        rows = [("Description", self.description)] if self.description else []
        facts = dict(self._facts())
        if self.objectives:
            facts["Objectives"] = "; ".join(map(_as_call, self.objectives))
        rows += [(title, str(value)) for title, value in facts.items()]
        if self.config:
            rows.append(("Configuration", f"{len(self.config.splitlines())} lines, see .config"))
        return rows

    def _facts(self):
        """Return the titles and values of the fields that are not empty."""
        facts = [
            ("Data", self.data),
            ("Left out", self.excluded),
            ("Licence", self.licence),
            ("Objectives", "; ".join(str(each) for each in self.objectives)),
            ("Epochs", self.epochs),
            ("Metrics", "; ".join(f"{key}: {value:.4g}" for key, value in self.metrics.items())),
            ("Derived from", self.derived_from),
            ("Citation", self.citation),
            ("Trained", self.date),
            ("Written by", self.skmat_version and f"skmat {self.skmat_version}"),
            ("SHA-256", self.sha256),
        ]
        return [(title, value) for title, value in facts if value]


def _as_call(objective: dict[str, Any]) -> str:
    """Return an objective as it would be called: name(setting=value, ...)."""
    settings = [f"{key}={value}" for key, value in objective.items() if key != "name"]
    return f"{objective.get('name', 'objective')}({', '.join(settings)})"


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """Return field values as JSON values, or raise for values of a wrong type."""
    checked = {}
    for name, value in values.items():
        plain: Any = None
        if name == "objectives":
            fits = isinstance(value, list | tuple) and all(_is_plain(each) for each in value)
            expected, plain = "a list of dicts of plain data", list(value) if fits else None
        elif name == "metrics":
            fits = isinstance(value, dict) and all(
                isinstance(key, str) and _is_number(each) for key, each in value.items()
            )
            expected = "a dict of numbers by name"
            plain = {key: _plain_number(each) for key, each in value.items()} if fits else None
        elif name == "epochs":
            fits = isinstance(value, Integral) and _is_number(value) and int(value) >= 0
            expected, plain = "a non-negative integer", int(value) if fits else None
        else:
            fits, expected, plain = isinstance(value, str), "text", value
        if not fits or not _is_text(plain):
            raise InvalidInputError(
                f"The model card has {name} = {shorten(value)}. It must be {expected}."
            )
        checked[name] = plain
    return checked


def _is_number(value):
    """Tell whether a value is a number that fits a float."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _plain_number(value):
    return value if type(value) in (int, float) else float(value)


def _is_plain(value):
    return isinstance(value, dict) and _is_text(value)


def _is_text(value):
    """Tell whether a value can be written as JSON in UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        return False
    return True
