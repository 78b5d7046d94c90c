"""The files of a checkpoint folder: names, locking, and removal of stale files."""

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
#: Temporary file of a killed writer.
_UNFINISHED = re.compile(r"\.model(-[0-9a-f]{16})?\.safetensors\.[0-9a-f]{16}")
CONFIG = "config.json"
README = "README.md"
#: Card of format 0.1, whose weights are in `WEIGHTS`.
CARD = "card.json"

#: Limit for configurations, which usually have a few kilobytes.
MOST_BYTES = 4 * 2**20
#: Longest wait for another writer, in seconds.
_PATIENCE = 60.0


def is_weights(name: str) -> bool:
    """Tell whether a name is that of a weights file."""
    return name == WEIGHTS or _LATER_WEIGHTS.fullmatch(name) is not None


def named_weights(folder: Path, sha256: str | None = None) -> str | None:
    """Return the name of the weights file of the checkpoint in a folder.

    Return None without a checkpoint, or if its hash is not `sha256`.
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
    """Return a name for new weights that does not overwrite other weights."""
    same = named_weights(folder, sha256)
    if same is not None:
        return same
    is_free = not (folder / CONFIG).exists() and alone
    if is_free and (not (folder / WEIGHTS).exists() or _is_ours(folder / WEIGHTS)):
        return WEIGHTS
    return f"model-{sha256[:16]}.safetensors"


def _is_ours(weights: Path) -> bool:
    """Tell whether `save_checkpoint` wrote a weights file."""
    try:
        with weights.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            header = parse_json(stream.read(min(size, MOST_BYTES)))
        return "family" in parse_json(header["__metadata__"]["config"])
    except (OSError, ValueError, TypeError, KeyError):
        return False


def remove_replaced(folder: Path, before: str | None, alone: bool) -> None:
    """Remove files of replaced or unfinished checkpoints."""
    now = named_weights(folder)
    if alone:
        names = [path.name for path in folder.iterdir() if is_weights(path.name)]
    else:
        # Another writer may be about to name the other files.
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
    """Lock a folder against other writers. Yield whether the lock works."""
    if fcntl is None:
        yield False
        return
    # Lock the folder itself, so no lock file stays behind. The system frees the lock at exit.
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
                    f"Another process has been writing to {folder} for {_PATIENCE:.0f} s. Wait for"
                    " it, or save to another folder."
                ) from None
            time.sleep(0.01)
        except OSError:
            return False  # some network file systems do not support locks on folders
        else:
            return True


def read_bytes(path: Path, most_bytes: int | None = None) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise PretrainedError(f"{path} is not a regular file. Save the encoder again.")
        with path.open("rb") as stream:
            content = stream.read() if most_bytes is None else stream.read(most_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        if path.name in (CONFIG, CARD):
            raise PretrainedError(
                f"{path.parent} is not a checkpoint: it has no {path.name}. Write one with"
                " save_pretrained(folder)."
            ) from None
        raise PretrainedError(
            f"{path.parent} has no {path.name}. Save the encoder there again."
        ) from None
    except OSError as error:
        raise PretrainedError(
            f"{path} cannot be read ({error.strerror}). Check its permissions, or save the encoder"
            " again."
        ) from error
    if most_bytes is not None and len(content) > most_bytes:
        raise PretrainedError(
            f"{path} has more than {most_bytes:,} bytes, too many for a checkpoint. Save the"
            " encoder again."
        )
    return content


def parse_object(content: bytes, path: Path) -> dict:
    try:
        values = parse_json(content)
    except ValueError as error:
        raise PretrainedError(
            f"{path} is not valid JSON ({error}). Save the encoder again."
        ) from error
    if not isinstance(values, dict) or not is_shallow(values):
        raise PretrainedError(
            f"{path} is not a JSON object, or is nested too deeply. Save the encoder again."
        )
    return values
