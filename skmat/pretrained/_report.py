"""Loading weights, with a report of the tensors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from skmat._utils.record_text import to_html, to_text
from skmat.exceptions import PretrainedError

__all__ = ["LoadReport", "compare_state", "load_state"]

_SHOWN = 5


@dataclass(frozen=True)
class LoadReport:
    """Which tensors of a checkpoint match the network.

    Attributes
    ----------
    matched : list of str
        Loaded tensors.
    missing : list of str
        Tensors that only the network has.
    unexpected : list of str
        Tensors that only the checkpoint has.
    mismatched : list of str
        Tensors whose shapes differ, or where only one of the two is floating-point.
    """

    matched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not (self.missing or self.unexpected or self.mismatched)

    def __repr__(self):
        return to_text(*self._shown())

    def _repr_html_(self):
        return to_html(*self._shown())

    def _shown(self):
        """Return a title and rows: how many tensors there are of each kind, and the first."""
        title = "LoadReport: " + ("all tensors match" if self.complete else "tensors do not match")
        rows = []
        for word in ("matched", "missing", "unexpected", "mismatched"):
            names = getattr(self, word)
            more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            listed = f": {', '.join(names[:_SHOWN])}{more}" if names else ""
            rows.append((word, f"{len(names)}{listed}"))
        return title, rows

    def __str__(self):
        parts = [f"{len(self.matched)} tensors matched"]
        for word in ("missing", "unexpected", "mismatched"):
            names = getattr(self, word)
            if names:
                more = ", ..." if len(names) > _SHOWN else ""
                parts.append(f"{len(names)} {word} ({', '.join(names[:_SHOWN])}{more})")
        return ", ".join(parts)


def load_state(encoder: nn.Module, state: Mapping[str, Tensor], source: str) -> LoadReport:
    """Load `state` into `encoder`, completely or not at all.

    Parameters
    ----------
    encoder : Module
        Network, changed in place.
    state : mapping of str to Tensor
        Tensors of a checkpoint.
    source : str
        Name of the checkpoint, for errors.

    Raises
    ------
    PretrainedError
        If some tensors do not match. The encoder is then unchanged.
    """
    report = compare_state(encoder, state, source)
    encoder.load_state_dict(dict(state))
    return report


def compare_state(encoder: nn.Module, state: Mapping[str, Tensor], source: str) -> LoadReport:
    """Compare `state` with the tensors of `encoder` without loading. See :func:`load_state`."""
    own = encoder.state_dict()
    shared = sorted(set(own) & set(state))
    mismatched = [name for name in shared if not _is_alike(own[name], state[name])]
    report = LoadReport(
        matched=[name for name in shared if name not in mismatched],
        missing=sorted(set(own) - set(state)),
        unexpected=sorted(set(state) - set(own)),
        mismatched=mismatched,
    )
    if not report.complete:
        raise PretrainedError(
            f"The weights of {source} do not fit the encoder: {report}. Nothing was loaded. Use"
            " the checkpoint's own family and sizes."
        )
    return report


def _is_alike(own: Tensor, other: Tensor) -> bool:
    """Tell whether a tensor can replace another without loss."""
    return own.shape == other.shape and own.is_floating_point() == other.is_floating_point()
