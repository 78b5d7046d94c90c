"""What a reader must know before using somebody's weights."""

import json
from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real
from typing import Any

from skmat.exceptions import InvalidInputError, shorten

__all__ = ["ModelCard"]


@dataclass
class ModelCard:
    """Where an encoder comes from.

    Parameters
    ----------
    name : str
        Name of the checkpoint.
    description : str
        One or two sentences.
    data : str
        What it was trained on, with counts.
    licence : str
        Licence of the weights, as the data's licence allows.
    objectives : list of dict
        What it learned, with settings.
    metrics : dict of str to float
        Figures on held-out materials, with the unit in the key.
    citation : str
        What to cite.
    date : str
        Day of training, ISO 8601.
    skmat_version : str
        Version that wrote it.
    sha256 : str
        SHA-256 of the weights file; filled in when they are written.
    derived_from : str
        Name of the checkpoint that training went on from, if any.
    excluded : str
        Which materials were kept out of the data, such as those of a benchmark.
    epochs : int
        Passes over the data; 0 if unknown.
    config : str
        The file that the training can be repeated with.
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
        """Return the card as plain data that JSON can hold.

        Raises
        ------
        InvalidInputError
            If a field has a value of another type than the description above says.
        """
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return asdict(type(self)(**_checked(values)))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelCard":
        """Return the card that ``to_dict`` described; what a later version added is skipped.

        Raises
        ------
        InvalidInputError
            If a field has a value of another type than the description above says.
        """
        known = {each.name for each in fields(cls)}
        return cls(**_checked({key: value for key, value in values.items() if key in known}))

    def to_markdown(self) -> str:
        """Render for people, as the README of the checkpoint's folder."""
        lines = [f"# {self.name or 'encoder'}", "", self.description, ""]
        for title, value in [
            ("Data", self.data),
            ("Left out", self.excluded),
            ("Licence", self.licence),
            ("Objectives", "; ".join(str(each) for each in self.objectives)),
            ("Epochs", self.epochs),
            ("Metrics", "; ".join(f"{key}: {value:.4g}" for key, value in self.metrics.items())),
            ("Derived from", self.derived_from),
            ("Citation", self.citation),
            ("Trained", self.date),
            ("Written by", f"skmat {self.skmat_version}"),
            ("SHA-256", self.sha256),
        ]:
            if value:
                lines.append(f"- **{title}**: {value}")
        if self.config:
            lines += ["", "Configuration (`skmat pretrain`):", "", "```toml"]
            lines += [self.config.rstrip("\n"), "```"]
        return "\n".join(lines) + "\n"


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of fields as plain data, or say which of them cannot be meant."""
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
            expected, plain = "a whole number from 0", int(value) if fits else None
        else:
            fits, expected, plain = isinstance(value, str), "text", value
        if not fits or not _is_text(plain):
            raise InvalidInputError(
                f"The model card has {name} = {shorten(value)}; it must be {expected}."
            )
        checked[name] = plain
    return checked


def _is_number(value):
    """Tell whether a value is a number that a float can hold."""
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
    """Tell whether a file can hold a value: JSON, all characters of which are characters."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        return False
    return True
