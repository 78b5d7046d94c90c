"""Repositories of the Hugging Face Hub: addresses, downloads and uploads.

The package huggingface_hub does the work. It keeps what it downloads in its own cache, and reads
the cache if the Hub cannot be reached.
"""

import re
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from skmat._version import __version__
from skmat.exceptions import InvalidInputError, SkmatError, shorten

__all__ = ["HubFolder", "hub_readme", "is_hub_address", "upload"]

_SCHEME = "hf://"
_REPOSITORY = r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*"
_ADDRESS = re.compile(rf"{_SCHEME}({_REPOSITORY})(?:@([\w./-]+))?", re.ASCII)


def is_hub_address(value) -> bool:
    """Tell whether a value is text that begins with "hf://"."""
    return isinstance(value, str) and value.startswith(_SCHEME)


class HubFolder:
    """The files of one commit of a repository. Each is downloaded when it is asked for.

    Parameters
    ----------
    address : str
        "hf://organisation/name", or "hf://organisation/name@revision" with a branch, a tag or a
        commit. Without a revision, the branch "main" is read.
    error : type
        Class of the errors.
    what : str
        What the repository should be, such as "a saved model of skmat".
    hint : str
        Advice if it is something else.

    Raises
    ------
    error
        If the address has another form, or huggingface_hub is not installed.
    """

    def __init__(self, address: str, error: type[SkmatError], what: str, hint: str):
        match = _ADDRESS.fullmatch(address)
        if match is None:
            raise error(
                f"{shorten(address)} is not an address of the Hub. Write"
                " hf://organisation/name, or hf://organisation/name@revision."
            )
        self.address, self._error, self._what, self._hint = address, error, what, hint
        self._repository, self._revision = match.groups()
        self._api = _api(error)
        self._is_pinned = False

    def file(self, name: str) -> Path:
        """Return a file in the cache. All files are of the commit of the first one.

        Raises
        ------
        error
            If the repository, the revision or the file does not exist, or the Hub does not answer
            and the cache lacks the file.
        """
        with _explained(self.address, self._error, f"{self._no_file(name)} {self._hint}"):
            path = Path(self._api.hf_hub_download(self._repository, name, revision=self._revision))
        if not self._is_pinned:
            # The cache names a folder after the commit.
            self._revision = path.parents[len(PurePosixPath(name).parts) - 1].name
            self._is_pinned = True
        return path

    def pinned_address(self, name: str) -> str:
        """Return the address of the commit that the address means now. It must have the file."""
        self.file(name)
        return f"{_SCHEME}{self._repository}@{self._revision}"

    def damaged(self, fault: Exception | str) -> SkmatError:
        """Return an error for files that were downloaded and cannot be used."""
        return self._error(
            f"{self.address}: {fault} If the repository itself is whole, the download is damaged:"
            f" remove the folder {self._cache()} and load again."
        )

    def _no_file(self, name):
        return f"{self.address} is not {self._what}: it has no {name}."

    def _cache(self):
        from huggingface_hub import constants

        return Path(constants.HF_HUB_CACHE) / f"models--{self._repository.replace('/', '--')}"


def upload(write, repo_id, *, readme, private, message, token) -> str:
    """Upload a folder to a repository, which is created if it does not exist.

    Parameters
    ----------
    write : callable
        Function that writes the files into a folder that does not exist yet.
    repo_id : str
        "organisation/name".
    readme : str
        Content of README.md.
    private : bool or None
        Whether a new repository is private. None takes the default of the organisation.
    message : str
        Message of the commit.
    token : str or None
        Access token. None takes the one that `hf auth login` keeps.

    Returns
    -------
    str
        Address of the commit: "hf://organisation/name@commit".
    """
    if not (isinstance(repo_id, str) and re.fullmatch(_REPOSITORY, repo_id, re.ASCII)):
        raise InvalidInputError(
            f"repo_id={shorten(repo_id)} is not the name of a repository. Write organisation/name."
        )
    import tempfile

    api = _api(InvalidInputError, token)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "model")
        write(folder)
        (folder / "README.md").write_text(readme, encoding="utf-8")
        with _explained(repo_id, InvalidInputError, "The Hub has no such repository."):
            api.create_repo(repo_id, private=private, exist_ok=True)
            done = api.upload_folder(repo_id=repo_id, folder_path=folder, commit_message=message)
    return f"{_SCHEME}{repo_id}@{done.oid}"


def hub_readme(text: str, code: str) -> str:
    """Return the page of a repository: a text, and the lines of code that load the model."""
    head = "---\nlibrary_name: skmat\ntags:\n- materials-science\n---\n"
    return f"{head}{text.rstrip()}\n\n```python\n{code.rstrip()}\n```\n"


def _api(error, token=None):
    import skmat._utils.bars  # noqa: F401  # before huggingface_hub imports tqdm, which may warn

    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise error(
            "Models of the Hub need the package huggingface_hub. Install it with `pip install"
            " huggingface_hub`, or install skmat with the extra 'hub'."
        ) from None
    return HfApi(token=token, library_name="skmat", library_version=__version__)


@contextmanager
def _explained(shown, error, no_file):
    """Turn errors of huggingface_hub into ours."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as reason:
        raise error(
            f"{shown}: its owner must let you read it. Ask on the page of the repository, and log"
            " in with `hf auth login`."
        ) from reason
    except errors.RepositoryNotFoundError as reason:
        raise error(
            f"{shown}: there is no such repository, or it is private. Check the name. For a"
            " private one, log in with `hf auth login`."
        ) from reason
    except errors.RevisionNotFoundError as reason:
        raise error(
            f"{shown}: the repository has no such revision. Give a branch, a tag or a commit."
        ) from reason
    except errors.LocalEntryNotFoundError as reason:
        raise error(
            f"{shown} is not in the cache of huggingface_hub, and the Hub cannot be reached."
            " Connect to the network for the first load."
        ) from reason
    except errors.EntryNotFoundError as reason:
        raise error(no_file) from reason
    except Exception as reason:  # those of the network are of another package
        raise error(
            f"{shown}: the Hub did not answer as expected ({type(reason).__name__}:"
            f" {shorten(str(reason), 300)})."
        ) from reason
