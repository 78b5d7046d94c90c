"""Folders that hold a fitted model: JSON, arrays and skops files, with their SHA-256.

SHA256SUMS lists every file in the format of the program ``sha256sum``. A folder is written under
another name and then renamed. Reading compares all hashes before it interprets any file.
"""

import json
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from skmat._utils.folder_check import (
    SUMS,
    check_name,
    check_replaceable,
    format_sums,
    read_file,
    verified_sums,
)
from skmat._utils.folder_swap import temporary_folder
from skmat._utils.json_files import is_shallow, parse_json
from skmat._utils.paths import make_folder, read_path
from skmat.exceptions import InvalidInputError, SavedModelError

__all__ = ["MODEL", "FolderReader", "FolderWriter", "ModelFolder"]

#: The file that every model folder, and every sub-model in it, begins with.
MODEL = "model.json"

#: Kinds of NumPy types that safetensors can hold.
_NUMBERS = "biuf"

#: Deepest nesting of a JSON file.
_MOST_LEVELS = 64


class ModelFolder:
    """Write and read model folders."""

    @staticmethod
    @contextmanager
    def create(path):
        """Yield a writer. The folder appears when the block ends without an error.

        An earlier model folder at `path` is replaced as a whole. After an error it stays. If the
        process is killed between two renames, the earlier folder is next to `path` with the suffix
        ".old". The next writer of `path` puts it back.

        Parameters
        ----------
        path : str or path-like
            The folder. Parents are made. Links are followed.

        Yields
        ------
        FolderWriter

        Raises
        ------
        InvalidInputError
            If `path` is a file, or a folder with content that is not a saved model.
        OSError
            If the disk is full, or the parent is not writable.
        """
        target = Path(os.path.realpath(read_path(path, "folder", InvalidInputError)))
        make_folder(target.parent, "folder")
        with temporary_folder(target, check_replaceable) as temporary:
            writer = FolderWriter(temporary)
            yield writer
            writer.finish()

    @staticmethod
    def open(path) -> "FolderReader":
        """Verify a model folder and return a reader.

        Parameters
        ----------
        path : str or path-like
            The folder.

        Raises
        ------
        SavedModelError
            If the folder does not exist or is not a model folder. If a file was altered, is
            missing, too large, not listed in SHA256SUMS, or a symbolic link.
        """
        given = read_path(path, "folder", SavedModelError)
        root = Path(os.path.realpath(given))
        return FolderReader(root, verified_sums(root, shown=given))


class FolderWriter:
    """Write the files of a model folder. ``ModelFolder.create`` yields it.

    Names are made of letters, digits, ".", "_" and "-", and end in .json, .safetensors or .skops.
    """

    def __init__(self, root: Path, prefix: str = "", sums: dict[str, str] | None = None):
        self._root = root
        self._prefix = prefix
        #: SHA-256 by name.
        self._sums: dict[str, str] = {} if sums is None else sums

    def sub(self, name: str) -> "FolderWriter":
        """Return a writer of the folder `name` in this one, for a model inside the model."""
        return FolderWriter(self._root, f"{self._prefix}{name}/", self._sums)

    def write_json(self, name: str, value) -> None:
        """Write JSON values: dicts with text as keys, lists, text, finite numbers, None."""
        # ASCII also holds text that UTF-8 cannot, such as single surrogates.
        text = json.dumps(value, ensure_ascii=True, allow_nan=False, indent=1)
        self._write(name, ".json", text.encode("ascii") + b"\n")

    def write_arrays(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        """Write arrays of numbers or booleans by name, as safetensors."""
        from safetensors.numpy import save

        for key, array in arrays.items():
            if array.dtype.kind not in _NUMBERS or array.dtype.itemsize > 8:
                raise InvalidInputError(
                    f"The array {key!r} of {name!r} has the type {array.dtype}. Model folders hold"
                    " arrays of booleans and of numbers of 64 bits at most."
                )
        # `asarray` keeps 0-dimensional arrays, which `ascontiguousarray` does not.
        plain = {
            key: np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
            for key, array in arrays.items()
        }
        self._write(name, ".safetensors", save(plain))

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write the content of a skops file."""
        self._write(name, ".skops", content)

    def finish(self) -> None:
        """Write SHA256SUMS."""
        if MODEL not in self._sums:
            raise SavedModelError(f"A model folder needs a {MODEL}.")
        self._write_file(self._root / SUMS, format_sums(self._sums))

    def _write(self, name, suffix, content):
        full = self._prefix + name
        sha256 = check_name(full, suffix, content)
        if full.casefold() in {each.casefold() for each in self._sums}:
            raise SavedModelError(f"The model folder already has a file {full!r}.")
        path = self._root / full
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write_file(path, content)
        self._sums[full] = sha256

    @staticmethod
    def _write_file(path, content):
        with path.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())


class FolderReader:
    """Read the files of a verified model folder. ``ModelFolder.open`` returns it.

    Each file is compared with its hash again when it is read.
    """

    def __init__(self, root: Path, sums: dict[str, str], prefix: str = ""):
        self._root = root
        self._sums = sums
        self._prefix = prefix

    @property
    def is_whole(self) -> bool:
        """Whether this is the whole folder, not one of a sub-model."""
        return not self._prefix

    def __str__(self):
        return str(self._root / self._prefix)

    def sub(self, name: str) -> "FolderReader":
        """Return a reader of the folder `name` in this one."""
        return FolderReader(self._root, self._sums, f"{self._prefix}{name}/")

    def names(self) -> list[str]:
        """Return the names of the files, relative to this folder, in order."""
        start = len(self._prefix)
        return sorted(each[start:] for each in self._sums if each.startswith(self._prefix))

    def read_json(self, name: str) -> dict:
        """Return the object in a JSON file."""
        try:
            value = parse_json(self._read(name, ".json"))
        except ValueError as error:
            if isinstance(error, SavedModelError):
                raise
            raise SavedModelError(f"{self}: {name} is not valid JSON ({error}).") from error
        if not isinstance(value, dict) or not is_shallow(value, _MOST_LEVELS):
            raise SavedModelError(
                f"{self}: {name} is not a JSON object, or is nested too deeply. Save the model"
                " again."
            )
        return value

    def read_arrays(self, name: str) -> dict[str, np.ndarray]:
        """Return the arrays in a safetensors file by name."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        content = self._read(name, ".safetensors")
        try:
            return {key: array.copy() for key, array in load(content).items()}
        # A damaged header can raise any of these.
        except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise SavedModelError(
                f"{self}: {name} holds no arrays ({error}). Save the model again."
            ) from error

    def read_bytes(self, name: str) -> bytes:
        """Return the content of a skops file."""
        return self._read(name, ".skops")

    def _read(self, name, suffix):
        full = self._prefix + name
        if full not in self._sums:
            raise SavedModelError(f"{self} lacks {name}. Save the model again.")
        content = read_file(self._root, full)
        if check_name(full, suffix, content) != self._sums[full]:
            raise SavedModelError(
                f"{self}: {name} changed while the model was read. Read it again."
            )
        return content
