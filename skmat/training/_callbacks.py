"""The user's callbacks: copies that hear one training."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skorch.callbacks import Callback, EarlyStopping

from skmat.exceptions import InvalidInputError, StopTraining, shorten

__all__ = ["UserCallbacks", "check_callbacks", "heard_by"]


def check_callbacks(callbacks: Any) -> None:
    """Raise an error unless these are callbacks, as the parameter `callbacks` describes them.

    Raises
    ------
    InvalidInputError
        If an item is neither a callback nor a pair of name and callback.
    """
    for place, item in enumerate(callbacks or ()):
        callback = _without_name(item)
        is_class = isinstance(callback, type) and issubclass(callback, Callback)
        if not is_class and not isinstance(callback, Callback):
            raise InvalidInputError(
                f"callbacks[{place}] is {shorten(item)}, which is no callback. Give objects of"
                " classes derived from skorch.callbacks.Callback, or pairs (name, callback)."
            )


class UserCallbacks:
    """Copies of the user's callbacks, for one training of one network.

    Copies are shallow. What a callback sets on itself belongs to one training. Objects that it
    refers to, such as writers and lists, are those of the user.

    Parameters
    ----------
    callbacks : sequence or None
        The parameter `callbacks`.
    """

    def __init__(self, callbacks: Any):
        self.copies: list[Callback] = []
        for callback in map(_without_name, callbacks or ()):
            # As in skorch, a class stands for an object made without arguments.
            own = callback() if isinstance(callback, type) else copy.copy(callback)
            own.initialize()
            self.copies.append(own)

    def __bool__(self):
        return bool(self.copies)

    def hear(self, hook: str, net: Any, **what) -> None:
        """Call the method `hook` of each callback.

        Raises
        ------
        StopTraining
            If a callback ends the training, which ``EarlyStopping`` does by a KeyboardInterrupt.
        """
        for callback in self.copies:
            try:
                getattr(callback, hook)(net, **what)
            except KeyboardInterrupt:
                stops = isinstance(callback, EarlyStopping)
                if not stops or callback.misses_ < callback.patience:
                    raise
                raise StopTraining from None

    def want(self, hook: str) -> bool:
        """Tell whether a callback has its own method `hook`."""
        return any(
            getattr(type(each), hook) is not getattr(Callback, hook) for each in self.copies
        )


@contextmanager
def heard_by(callbacks: UserCallbacks, net: Any) -> Iterator[None]:
    """Let the callbacks hear the training of `net` inside the block."""
    before = list(net.callbacks_)
    if callbacks:
        # Early stopping ends an epoch for all callbacks after it. At the end of the training, it
        # brings back the best weights.
        names = [name for name, _ in before]
        place = names.index("stop") if "stop" in names else len(names)
        net.callbacks_.insert(place, ("user", _DuringEpochs(callbacks)))
        net.callbacks_.append(("user_train", _AroundTraining(callbacks)))
    try:
        yield
    finally:
        net.callbacks_[:] = before


class _DuringEpochs(Callback):
    """Pass on what happens in an epoch."""

    def __init__(self, callbacks):
        self.callbacks = callbacks

    def on_epoch_begin(self, net, **what):
        self.callbacks.hear("on_epoch_begin", net, **what)

    def on_epoch_end(self, net, **what):
        self.callbacks.hear("on_epoch_end", net, **what)

    def on_batch_begin(self, net, **what):
        self.callbacks.hear("on_batch_begin", net, **what)

    def on_batch_end(self, net, **what):
        self.callbacks.hear("on_batch_end", net, **what)

    def on_grad_computed(self, net, named_parameters, **what):
        self.callbacks.hear("on_grad_computed", net, named_parameters=named_parameters, **what)


class _AroundTraining(Callback):
    """Pass on the begin and the end of a training."""

    def __init__(self, callbacks):
        self.callbacks = callbacks

    def on_train_begin(self, net, **what):
        self.callbacks.hear("on_train_begin", net, **what)

    def on_train_end(self, net, **what):
        self.callbacks.hear("on_train_end", net, **what)


def _without_name(item):
    """Return the callback of a pair (name, callback), or `item` itself."""
    is_pair = isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[0], str)
    return item[1] if is_pair else item
