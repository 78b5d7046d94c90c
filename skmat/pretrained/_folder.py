"""The files of a checkpoint folder: their names, who may write them, and which are stale."""

import os
import re
import time
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

from skmat._utils.json_files import is_shallow, parse_json, read_json
from skmat.exceptions import PretrainedError
from skmat.pretrained._card import ModelCard

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "CARD",
    "CONFIG",
    "MOST_BYTES",
    "README",
    "WEIGHTS",
    "is_weights",
    "locked",
    "name_weights",
    "named_weights",
    "parse_object",
    "read_bytes",
    "remove_replaced",
]

WEIGHTS = "model.safetensors"
_LATER_WEIGHTS = re.compile(r"model-[0-9a-f]{16}\.safetensors")
#: What a writer of weights that was killed leaves behind.
_UNFINISHED = re.compile(r"\.model(-[0-9a-f]{16})?\.safetensors\.[0-9a-f]{16}")
CONFIG = "config.json"
README = "README.md"
#: Where format 0.1 has the card; the weights are then `WEIGHTS`.
CARD = "card.json"

#: A configuration is some kilobytes.
MOST_BYTES = 4 * 2**20
#: How long a writer waits for another one, in seconds.
_PATIENCE = 60.0


def is_weights(name: str) -> bool:
    """Tell whether a file of this name may be one of ours."""
    return name == WEIGHTS or _LATER_WEIGHTS.fullmatch(name) is not None


def named_weights(folder: Path, sha256: str | None = None) -> str | None:
    """Return the name of the weights of the checkpoint in a folder.

    None if there is none, or, where `sha256` is given, if its weights are others.
    """
    try:
        config = read_json(folder / CONFIG, MOST_BYTES)
    except (OSError, ValueError):
        return None
    if not isinstance(config, dict) or not {"family", "network", "sha256"} <= set(config):
        return None
    if sha256 not in (None, config["sha256"]):
        return None
    name = config.get("weights", WEIGHTS)
    return name if isinstance(name, str) and is_weights(name) else None


def name_weights(folder: Path, sha256: str, alone: bool) -> str:
    """Return a name for weights that other weights of a checkpoint in the folder do not have."""
    same = named_weights(folder, sha256)
    if same is not None:
        return same
    is_free = not (folder / CONFIG).exists() and alone
    if is_free and (not (folder / WEIGHTS).exists() or _is_ours(folder / WEIGHTS)):
        return WEIGHTS
    return f"model-{sha256[:16]}.safetensors"


def _is_ours(weights: Path) -> bool:
    """Tell whether a file of weights was written by `save_checkpoint`."""
    try:
        with weights.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            header = parse_json(stream.read(min(size, MOST_BYTES)))
        return "family" in parse_json(header["__metadata__"]["config"])
    except (OSError, ValueError, TypeError, KeyError):
        return False


def remove_replaced(folder: Path, before: str | None, alone: bool) -> None:
    """Remove what belongs to checkpoints that were replaced, or never finished."""
    now = named_weights(folder)
    if alone:
        names = [path.name for path in folder.iterdir() if is_weights(path.name)]
    else:
        # The others may be another writer's, who is about to name them.
        names = [before] if before else []
    for name in names:
        if name != now and _is_ours(folder / name):
            (folder / name).unlink(missing_ok=True)
    for path in list(folder.iterdir()) if alone else ():
        if _UNFINISHED.fullmatch(path.name):
            path.unlink(missing_ok=True)
    with suppress(OSError, ValueError):
        card = read_json(folder / CARD, MOST_BYTES)
        if isinstance(card, dict) and {each.name for each in fields(ModelCard)} <= set(card):
            (folder / CARD).unlink(missing_ok=True)


@contextmanager
def locked(folder: Path):
    """Wait until nobody else writes to a folder; yield whether that could be made sure of."""
    if fcntl is None:
        yield False
        return
    # Not a file in it, which would stay there. The system frees it when the process dies.
    file = os.open(folder, os.O_RDONLY)
    try:
        yield _lock(file, folder)
    finally:
        os.close(file)


def _lock(file: int, folder: Path) -> bool:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise PretrainedError(
                    f"Another process is writing to {folder} since {_PATIENCE:.0f} s; wait for it,"
                    " or save to another folder."
                ) from None
            time.sleep(0.01)
        except OSError:
            return False  # some network file systems have no locks on folders
        else:
            return True


def read_bytes(path: Path, most_bytes: int | None = None) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise PretrainedError(f"{path} is no regular file; save the encoder again.")
        with path.open("rb") as stream:
            content = stream.read() if most_bytes is None else stream.read(most_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        if path.name in (CONFIG, CARD):
            raise PretrainedError(
                f"{path.parent} is no checkpoint: it has no {path.name}. Write one with"
                " save_pretrained(folder)."
            ) from None
        raise PretrainedError(
            f"{path.parent} has no {path.name}; save the encoder there again."
        ) from None
    except OSError as error:
        raise PretrainedError(
            f"{path} cannot be read ({error.strerror}); see who may read it, or save the encoder"
            " again."
        ) from error
    if most_bytes is not None and len(content) > most_bytes:
        raise PretrainedError(
            f"{path} has more than {most_bytes:,} bytes, which none of a checkpoint has; save the"
            " encoder again."
        )
    return content


def parse_object(content: bytes, path: Path) -> dict:
    try:
        values = parse_json(content)
    except ValueError as error:
        raise PretrainedError(f"{path} is not valid JSON ({error}); save it again.") from error
    if not isinstance(values, dict) or not is_shallow(values):
        raise PretrainedError(
            f"{path} holds no JSON object, or one that is nested too deeply; save it again."
        )
    return values
