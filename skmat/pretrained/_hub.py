"""Checkpoints in repositories of the Hugging Face Hub."""

from skmat._utils.hub import HubFolder
from skmat.exceptions import PretrainedError
from skmat.pretrained._folder import CONFIG, named_weights

__all__ = ["download", "hub_checkpoint"]

_WHAT = "an encoder of skmat"
_HINT = "Write one with push_to_hub of an encoder. Whole models are loaded by skmat.load_model."


def hub_checkpoint(address) -> HubFolder:
    """Return the repository of an encoder."""
    return HubFolder(address, PretrainedError, _WHAT, _HINT)


def download(repository):
    """Return the folder of a checkpoint in the cache. Only its two files are downloaded.

    Raises
    ------
    PretrainedError
        If the repository does not exist or holds no encoder, or the Hub cannot be reached and the
        encoder is not in the cache.
    """
    folder = repository.file(CONFIG).parent
    weights = named_weights(folder)
    if weights is None:
        raise PretrainedError(
            f"{repository.address} is not {_WHAT}: its {CONFIG} does not describe one. {_HINT}"
        )
    repository.file(weights)
    return folder
