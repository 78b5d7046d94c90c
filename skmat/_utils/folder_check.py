"""What a model folder may hold: names, sizes, hashes."""

import hashlib
import os
import re
import stat
from pathlib import Path

from skmat._utils.folder_swap import earlier_folder
from skmat.exceptions import InvalidInputError, SavedModelError, shorten

__all__ = [
    "MODEL",
    "SUMS",
    "check_name",
    "check_replaceable",
    "format_sums",
    "listed_names",
    "model_folder",
    "read_file",
    "verified_sums",
]

SUMS = "SHA256SUMS"

#: Folder of the model in a folder of ``skmat train``.
MODEL = "model"

#: Largest file of each kind, in bytes.
_MOST_BYTES = {".json": 64 * 2**20, ".safetensors": 16 * 2**30, ".skops": 16 * 2**30}

#: Largest SHA256SUMS, in bytes.
_MOST_BYTES_OF_SUMS = 4 * 2**20

_MOST_FILES = 4096
_MOST_PARTS = 16

#: One part of a name. It does not begin with a dot, so that no name leaves the folder.
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
_NAME = re.compile(rf"(?:{_PART}/)*{_PART}")
_LINE = re.compile(rf"([0-9a-f]{{64}})  ({_NAME.pattern})")

_REMEDY = "Save the model again."


def check_name(name: str, suffix: str, content: bytes) -> str:
    """Return the SHA-256 of `content`, after checking that a file may have this name and size."""
    if _fault_of(name) or not name.endswith(suffix):
        raise SavedModelError(
            f"{shorten(name)} is not a name of a file with the suffix {suffix} in a model folder."
        )
    if len(content) > _MOST_BYTES[suffix]:
        raise SavedModelError(f"{name!r} would have more than {_MOST_BYTES[suffix]:,} bytes.")
    return hashlib.sha256(content).hexdigest()


def _fault_of(name):
    if not _NAME.fullmatch(name) or name.count("/") >= _MOST_PARTS:
        return "is not a name that a model folder can hold"
    if Path(name).suffix not in _MOST_BYTES:
        return f"ends in none of {', '.join(_MOST_BYTES)}"
    return ""


def format_sums(sums: dict[str, str]) -> bytes:
    """Return the content of SHA256SUMS."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode("ascii")


def listed_names(root: Path, shown) -> list[str]:
    """Return the names in SHA256SUMS of a folder, without looking at the other files.

    Raises
    ------
    SavedModelError
        If SHA256SUMS is damaged. The error names the folder as `shown`.
    """
    return sorted(_parse_sums(_read(root / SUMS, _MOST_BYTES_OF_SUMS), shown))


def verified_sums(root: Path, shown: Path) -> dict[str, str]:
    """Return the hashes of a model folder, after comparing them with all files in it.

    Parameters
    ----------
    root : Path
        The folder.
    shown : Path
        Its name in errors.

    Raises
    ------
    SavedModelError
        If the folder is not exactly what SHA256SUMS describes.
    """
    if not root.is_dir():
        what = "is not a folder" if os.path.lexists(root) else "does not exist"
        raise SavedModelError(f"{shown} {what}. Give a folder that save_model wrote.{_hint(root)}")
    if not os.path.lexists(root / SUMS):
        raise SavedModelError(
            f"{shown} is not a saved model: it has no {SUMS}. Give a folder that save_model wrote."
        )
    sums = _parse_sums(_read(root / SUMS, _MOST_BYTES_OF_SUMS), shown)
    found = _files_in(root, shown)
    unlisted, missing = sorted(found - set(sums)), sorted(set(sums) - found)
    if unlisted:
        raise SavedModelError(
            f"{shown} holds {shorten(unlisted[0])}, which {SUMS} does not list. Remove it if you"
            f" put it there, otherwise do not trust the folder."
        )
    if missing:
        raise SavedModelError(f"{shown} lacks {shorten(missing[0])}. {_REMEDY}")
    for name, expected in sums.items():
        with _opened(root / name, _MOST_BYTES[Path(name).suffix]) as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != expected:
                raise SavedModelError(
                    f"{root / name} is not the file that {SUMS} describes (its SHA-256 differs)."
                    f" One of the two was altered or cut short. {_REMEDY}"
                )
    return sums


def read_file(root: Path, name: str) -> bytes:
    """Return the content of a file that ``verified_sums`` has verified."""
    return _read(root / name, _MOST_BYTES[Path(name).suffix])


def check_replaceable(folder: Path) -> None:
    """Raise an error if `folder` exists and holds anything but a saved model.

    Raises
    ------
    InvalidInputError
        The error names what else it holds.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise InvalidInputError(f"folder={str(folder)!r} is a file. Give a folder.")
    if not any(folder.iterdir()):
        return
    remedy = "Nothing was written. Give another folder, or remove this one."
    try:
        sums = _parse_sums(_read(folder / SUMS, _MOST_BYTES_OF_SUMS), folder)
        others = sorted(_files_in(folder, folder) - set(sums))
    except SavedModelError as error:
        raise InvalidInputError(
            f"folder={str(folder)!r} exists and is not a saved model ({error}). {remedy}"
        ) from error
    if others:
        raise InvalidInputError(
            f"folder={str(folder)!r} also holds {shorten(others[0])}, which is not part of the"
            f" saved model. {remedy}"
        )


def _parse_sums(content, shown):
    lines = content.decode("ascii", errors="replace").split("\n")
    sums: dict[str, str] = {}
    for number, line in enumerate(lines[:-1], start=1):
        match = _LINE.fullmatch(line)
        sha256, name = match.groups() if match else ("", "")
        fault = _fault_of(name) if match else "is not a hash and a name"
        if name in sums:
            fault = "is listed twice"
        if fault:
            raise SavedModelError(
                f"{shown} has a damaged {SUMS}: line {number}, {shorten(line)}, {fault}. {_REMEDY}"
            )
        sums[name] = sha256
    if not sums or len(sums) > _MOST_FILES or format_sums(sums) != content:
        raise SavedModelError(
            f"{shown} has a damaged {SUMS}: it is cut short, unsorted, empty or too long."
            f" {_REMEDY}"
        )
    return sums


def _files_in(root, shown):
    """Return the names of all files below `root` except SHA256SUMS."""
    names, folders = set(), [""]
    n_seen = 0
    while folders:
        prefix = folders.pop()
        with os.scandir(root / prefix) as entries:
            inside = list(entries)
        if prefix and not inside:
            raise SavedModelError(f"{shown} holds the empty folder {prefix!r}. {_REMEDY}")
        for entry in inside:
            n_seen += 1
            name = prefix + entry.name
            if entry.is_symlink():
                raise SavedModelError(
                    f"{shown} holds the symbolic link {shorten(name)}. A saved model has none: do"
                    " not trust the folder."
                )
            if entry.is_dir(follow_symlinks=False):
                folders.append(name + "/")
            elif name != SUMS:
                names.add(name)
            if n_seen > 2 * _MOST_FILES or name.count("/") > _MOST_PARTS:
                raise SavedModelError(
                    f"{shown} holds too many files or folders to be a saved model."
                )
    return names


def _read(path, most_bytes):
    with _opened(path, most_bytes) as stream:
        content = stream.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise _too_large(path, most_bytes)
    return content


def _opened(path, most_bytes):
    """Open a regular file of at most `most_bytes` bytes. Do not follow a link."""
    # Without O_NONBLOCK, a pipe would wait for a writer.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_BINARY", 0)
    try:
        file = os.open(path, flags)
    except OSError as error:
        raise SavedModelError(
            f"{path} cannot be read ({error.strerror}). Check that it is a file, and its"
            " permissions."
        ) from error
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        os.close(file)
        raise SavedModelError(f"{path} is not a regular file. {_REMEDY}")
    if found.st_size > most_bytes:
        os.close(file)
        raise _too_large(path, most_bytes)
    return os.fdopen(file, "rb")


def _too_large(path, most_bytes):
    return SavedModelError(
        f"{path} has more than {most_bytes:,} bytes, too many for a file of a saved model."
        f" {_REMEDY}"
    )


def _hint(root):
    """Return a hint if a killed writer left the earlier model next to `root`."""
    earlier = earlier_folder(root)
    if earlier is None:
        return ""
    return f" A writer was stopped while it replaced the folder. The earlier model is {earlier}."


def model_folder(path):
    """Return the folder of ``save_model`` in a folder of ``skmat train``, or `path` itself."""
    inner = Path(path, MODEL)
    return inner if inner.is_dir() and not Path(path, SUMS).exists() else path
