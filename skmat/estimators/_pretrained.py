"""Loading and saving the encoder of an estimator."""

import copy
import datetime
import hashlib
import os
from contextlib import suppress
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
        Settings that ``_build_network`` needs.
    checkpoint : Checkpoint or None
        Loaded weights. None for random weights and for a training that continues.
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
        # A fitted encoder given as `pretrained` is data, not a part to be reset. Callbacks may
        # hold open files, and are copied at each training.
        shared = {"pretrained": self.pretrained, "callbacks": self.callbacks}
        without = object.__new__(type(self))
        vars(without).update(vars(self) | dict.fromkeys(shared))
        cloned = super(CheckpointMixin, without).__sklearn_clone__()
        vars(cloned).update(shared)
        return cloned

    def __getstate__(self):
        state: Any = super().__getstate__()
        # An estimator as the source is kept without its optimizer.
        source = state.get("pretrained")
        if isinstance(getattr(source, "estimator", source), CheckpointMixin):
            state = {**state, "pretrained": _without_training(source)}
        return state

    def save_pretrained(self, folder, *, card=None, dtype="float32"):
        """Write the encoder without its heads, for use as ``pretrained=folder``.

        An ensemble writes the encoder of its first network.

        Parameters
        ----------
        folder : path-like
            Folder for model.safetensors, config.json and README.md. A checkpoint in it is replaced
            as a whole.
        card : ModelCard, default=None
            Description of the encoder. Empty fields are filled in if their values are known.
        dtype : {"float32", "bf16"}, default="float32"
            Number format of the weights.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        InvalidInputError
            If `dtype` is unknown, or if `folder` or `card` cannot be written.
        PretrainedError
            If weights are NaN or infinite.
        """
        check_is_fitted(self)
        return save_checkpoint(folder, self._to_checkpoint(card), dtype)

    def _hash_weights(self):
        """Return a hash of all weights, equal for estimators with equal predictions.

        Returns
        -------
        str
            SHA-256 over the names and float32 tensors of all networks, and over what turns their
            outputs into numbers in the units of y, or classes.
        """
        check_is_fitted(self)
        digest = hashlib.sha256()
        for fitted in self.estimators_:
            for name, tensor in sorted(fitted.model.state_dict().items()):
                digest.update(name.encode())
                digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
            digest.update(fitted.units())
        lowest = getattr(self, "lowest_labels_", None)
        digest.update(b"" if lowest is None else lowest.tobytes())
        return digest.hexdigest()

    def _resolve_start(self) -> "Start":
        """Load the weights given by `pretrained`. Nothing else loads them."""
        source = self._pretrained_source()
        if source is None:
            return Start(self._network_config())
        by_default = isinstance(self.pretrained, str) and self.pretrained == "auto"
        source = getattr(source, "estimator", source)  # out of a FrozenEstimator
        if isinstance(source, CheckpointMixin):
            if not hasattr(source, "estimators_"):
                raise PretrainedError(
                    f"pretrained={source!r} is not fitted. scikit-learn clones the values of a"
                    " parameter grid, which resets estimators. In a grid, wrap the estimator in"
                    " sklearn.frozen.FrozenEstimator, or use the folder of save_pretrained."
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
                f" {type(self).__name__} needs {self._family!r}. Use an estimator of the same"
                " family."
            )
        if isinstance(source, str | os.PathLike):
            check_network(self, checkpoint)
        return Start(checkpoint.network, checkpoint, by_default)

    def _pretrained_source(self):
        """Return the source of `pretrained`, with "auto" resolved. None is random weights."""
        if isinstance(self.pretrained, str) and self.pretrained == "auto":
            return BEST.get(self._family) if self._has_pretrained_defaults() else None
        return self.pretrained

    def _cards_to_start_from(self):
        """Return the encoder that ``fit`` starts from; none if weights are random.

        Returns
        -------
        dict of str to list of ModelCard
            By name: its card, and those of the encoders that it was trained from.
        """
        checkpoint = self._resolve_start().checkpoint
        if checkpoint is None:
            return {}
        cards, sources = [checkpoint.card], set()
        while (source := cards[-1].derived_from) and source not in sources:
            sources.add(source)
            # Of an encoder that is not here, nothing more is known.
            with suppress(PretrainedError):
                cards.append(load_checkpoint(source).card)
        return {checkpoint.card.name or checkpoint.source: cards}

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
        """Return `card` with known values in empty fields, and with the origin of the weights."""
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
    """Return a copy of `source` without optimizers. `source` may be a FrozenEstimator."""
    if isinstance(source, CheckpointMixin):
        if not hasattr(source, "estimators_"):
            return source
        light = copy.copy(source)
        light.estimators_ = [fitted.without_training() for fitted in source.estimators_]
        return light
    frozen = copy.copy(source)
    frozen.estimator = _without_training(source.estimator)
    return frozen
