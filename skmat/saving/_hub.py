"""Saved models in repositories of the Hugging Face Hub."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from skmat._utils.folder_check import SUMS, listed_names
from skmat._utils.hub import HubFolder
from skmat._utils.model_folder import ModelFolder
from skmat.exceptions import SavedModelError

__all__ = ["opened_model", "pinned_model"]


@contextmanager
def opened_model(address):
    """Yield a ``FolderReader`` of a saved model, whose files are verified.

    Only what SHA256SUMS lists is downloaded. The cache has links in the place of files, which a
    model folder must not have. The files are therefore copied to a temporary folder.

    Raises
    ------
    SavedModelError
        If the repository does not exist or holds no saved model, or the Hub cannot be reached and
        the model is not in the cache. If the block raises it, the error names the address.
    """
    repository = _repository(address)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(os.path.realpath(temporary))
        shutil.copyfile(repository.file(SUMS), folder / SUMS)
        try:
            for name in listed_names(folder, address):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(repository.file(name), folder / name)
            yield _verified(folder, repository)
        except SavedModelError as error:
            if str(folder) not in str(error):
                raise
            raise SavedModelError(str(error).replace(str(folder), address)) from error


def pinned_model(address):
    """Return the address of the commit that an address means now.

    Raises
    ------
    SavedModelError
        As for `opened_model`.
    """
    return _repository(address).pinned_address(SUMS)


def _repository(address):
    return HubFolder(
        address,
        SavedModelError,
        "a saved model of skmat",
        "Write one with push_to_hub. Encoders are loaded by pretrained=, or from_pretrained.",
    )


def _verified(folder, repository):
    try:
        return ModelFolder.open(folder)
    except SavedModelError as error:
        raise repository.damaged(str(error).replace(str(folder), "the model")) from error
