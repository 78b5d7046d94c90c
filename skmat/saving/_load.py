"""Load a fitted model from a folder, whatever its class."""

# Importing a room lets its classes take part.
import skmat.auto
import skmat.estimators  # noqa: F401
from skmat._utils.folder_check import model_folder
from skmat._utils.hub import is_hub_address
from skmat._utils.model_folder import ModelFolder
from skmat._utils.saved_models import read_model
from skmat.saving._hub import opened_model

__all__ = ["load_model"]


def load_model(folder):
    """Load a fitted model that ``save_model`` or ``push_to_hub`` wrote.

    Reading runs no code of the folder. All files are compared with their SHA-256 before any of
    them is interpreted. This finds damage. It does not tell who wrote the folder: a model of
    somebody else may still predict wrong numbers.

    Parameters
    ----------
    folder : str or path-like
        The folder, or that of ``skmat train`` around it. Or a repository of the Hugging Face Hub,
        as "hf://organisation/name" or "hf://organisation/name@revision". It is downloaded once,
        and then read from the cache of huggingface_hub if the Hub cannot be reached.

    Returns
    -------
    object
        The fitted model, on the CPU.

    Raises
    ------
    SavedModelError
        If the folder does not exist, or is not exactly what ``save_model`` wrote. If it holds a
        class that is not one of skmat. If the repository does not exist, or huggingface_hub is
        not installed.

    Warns
    -----
    InconsistentVersionWarning
        If another version of skmat saved the model.

    Examples
    --------
    >>> import tempfile
    >>> from skmat import MTEncoderRegressor, load_model
    >>> model = MTEncoderRegressor(preset="tiny", max_epochs=2, random_state=0)
    >>> model = model.fit(["TiO2", "ZnO", "NaCl"], [3.2, 3.4, 8.5])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load_model(model.save_model(folder))
    >>> bool((again.predict(["GaAs"]) == model.predict(["GaAs"])).all())
    True
    """
    if is_hub_address(folder):
        with opened_model(folder) as reader:
            return read_model(reader)
    return read_model(ModelFolder.open(model_folder(folder)))
