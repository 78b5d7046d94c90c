"""Where an estimator's encoder comes from, and how it is saved for others."""

import copy
import datetime
import hashlib
import os
from dataclasses import dataclass, replace
from typing import Any

from sklearn.utils.validation import check_is_fitted

from skmat._version import __version__
from skmat.estimators._network_check import check_network
from skmat.exceptions import PretrainedError
from skmat.nn import Encoder
from skmat.pretrained import (
    BEST,
    Checkpoint,
    ModelCard,
    load_checkpoint,
    load_state,
    save_checkpoint,
)

__all__ = ["CheckpointMixin", "Start"]


@dataclass(frozen=True, eq=False)
class Start:
    """Network and weights that training starts from.

    Attributes
    ----------
    network : dict
        What builds the network.
    checkpoint : Checkpoint or None
        Loaded weights; None for random weights, and for a training that continues.
    by_default : bool
        Whether "auto" chose the checkpoint.
    continues : bool
        Whether an earlier fit continues.
    """

    network: dict
    checkpoint: Checkpoint | None = None
    by_default: bool = False
    continues: bool = False

    @property
    def is_trained(self):
        return self.continues or self.checkpoint is not None


class CheckpointMixin:
    """The parameter ``pretrained`` and the method ``save_pretrained``."""

    def __sklearn_clone__(self):
        cloned = super().__sklearn_clone__()
        # A fitted encoder given as `pretrained` is data, not a part to be reset.
        cloned.pretrained = self.pretrained
        return cloned

    def __getstate__(self):
        state: Any = super().__getstate__()
        # A source that is an estimator stays what it is, but for what only training needs.
        source = state.get("pretrained")
        if isinstance(getattr(source, "estimator", source), CheckpointMixin):
            state = {**state, "pretrained": _without_training(source)}
        return state

    def save_pretrained(self, folder, *, card=None, dtype="float32"):
        """Write the encoder, without its heads, for use as ``pretrained=folder``.

        Of an ensemble the first member's encoder is written.

        Parameters
        ----------
        folder : path-like
            Receives model.safetensors, config.json and README.md. A checkpoint that is there is
            replaced as a whole.
        card : ModelCard, default=None
            Where the encoder comes from; what can be known is filled in.
        dtype : {"float32", "bf16"}, default="float32"
            Number format of the weights.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        InvalidInputError
            If `dtype` is unknown, or `folder` or `card` cannot be written.
        PretrainedError
            If weights are NaN or infinite.
        """
        check_is_fitted(self)
        return save_checkpoint(folder, self._to_checkpoint(card), dtype)

    def _hash_weights(self):
        """Return a hash of all weights, equal for estimators that give the same numbers.

        Returns
        -------
        str
            SHA-256 over the tensors of every member, in float32, with their names.
        """
        check_is_fitted(self)
        digest = hashlib.sha256()
        for member in self.estimators_:
            for name, tensor in sorted(member.model.state_dict().items()):
                digest.update(name.encode())
                digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _resolve_start(self) -> "Start":
        """Load the weights that `pretrained` stands for; the only place that does."""
        source = self._pretrained_source()
        if source is None:
            return Start(self._network_config())
        by_default = isinstance(self.pretrained, str) and self.pretrained == "auto"
        source = getattr(source, "estimator", source)  # out of a FrozenEstimator
        if isinstance(source, CheckpointMixin):
            if not hasattr(source, "estimators_"):
                raise PretrainedError(
                    f"pretrained={source!r} is not fitted. In a parameter grid scikit-learn"
                    " clones its values, which resets estimators: wrap it in"
                    " sklearn.frozen.FrozenEstimator, or give the folder of save_pretrained."
                )
            checkpoint = source._to_checkpoint(None)
        elif isinstance(source, str | os.PathLike):
            checkpoint = load_checkpoint(source)
        else:
            raise PretrainedError(
                f"pretrained={source!r} must be a name, a folder or a fitted encoder of skmat."
            )
        if checkpoint.family != self._family:
            raise PretrainedError(
                f"{checkpoint.source} holds an encoder of the family {checkpoint.family!r}, but"
                f" {type(self).__name__} needs {self._family!r}; use its own estimators."
            )
        if isinstance(source, str | os.PathLike):
            check_network(self, checkpoint)
        return Start(checkpoint.network, checkpoint, by_default)

    def _pretrained_source(self):
        """Return what `pretrained` stands for, None for random weights."""
        if isinstance(self.pretrained, str) and self.pretrained == "auto":
            return BEST.get(self._family) if self._has_pretrained_defaults() else None
        return self.pretrained

    def _build_encoder(self, start: "Start") -> Encoder:
        """Build the network, with the weights that training starts from."""
        encoder = self._build_network(start.network, fresh=start.checkpoint is None)
        encoder.config = start.network
        self.model_card_, self.load_report_ = None, None
        if start.checkpoint is not None:
            state, source = start.checkpoint.state, start.checkpoint.source
            self.load_report_ = load_state(encoder, state, source)
            self.model_card_ = start.checkpoint.card
        return encoder

    def _to_checkpoint(self, card: ModelCard | None) -> Checkpoint:
        encoder = self.estimators_[0].model.encoder
        return Checkpoint(
            family=self._family,
            network=encoder.config,
            state={name: tensor.detach().cpu() for name, tensor in encoder.state_dict().items()},
            card=self._describe(card),
            source=f"a fitted {type(self).__name__}",
        )

    def _describe(self, card: ModelCard | None) -> ModelCard:
        """Return `card` with what can be known filled in; weights keep their provenance."""
        origin, was_trained = self.model_card_, bool(self.history_)
        if card is None and origin is not None and not was_trained:
            return origin
        card = card or ModelCard(description=f"Encoder of a {type(self).__name__}.")
        known: dict[str, Any] = {
            "objectives": [each.describe() for each in self.estimators_[0].model.objectives],
            "epochs": len(self.estimators_[0].history),
            "date": datetime.date.today().isoformat(),
            "skmat_version": __version__,
        }
        if origin is not None:
            known |= {
                "derived_from": origin.name or origin.sha256 or origin.description,
                "licence": origin.licence,
                "citation": origin.citation,
            }
        return replace(
            card, **{name: value for name, value in known.items() if not getattr(card, name)}
        )


def _without_training(source):
    """Return `source`, or a copy whose members hold no optimizer; in a FrozenEstimator or not."""
    if isinstance(source, CheckpointMixin):
        if not hasattr(source, "estimators_"):
            return source
        light = copy.copy(source)
        light.estimators_ = [member.without_training() for member in source.estimators_]
        return light
    frozen = copy.copy(source)
    frozen.estimator = _without_training(source.estimator)
    return frozen
