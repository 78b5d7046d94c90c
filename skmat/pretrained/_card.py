"""What a reader must know before using somebody's weights."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

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
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelCard":
        known = {each.name for each in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in known})

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
