"""Fitted models in model folders: which classes take part, and what every model.json begins with.

A class takes part if :func:`saved_class` decorates it and it implements the two methods that
:class:`SavedModelMixin` names. Loading builds these classes only. It never imports what a file
names.
"""

import warnings
from pathlib import Path
from typing import Any

from sklearn.utils.validation import check_is_fitted

from skmat._utils.hub import hub_readme, upload
from skmat._utils.model_folder import MODEL, FolderReader, FolderWriter, ModelFolder
from skmat._version import __version__
from skmat.exceptions import (
    InconsistentVersionWarning,
    InvalidInputError,
    SavedModelError,
    shorten,
)

__all__ = ["SavedModelMixin", "read_model", "saved_class", "write_model"]

#: Version of the layout of model folders.
_FORMAT = 1

_CLASSES: dict[str, Any] = {}


def saved_class(cls):
    """Let a class take part, under its name."""
    _CLASSES[cls.__name__] = cls
    return cls


class SavedModelMixin:
    """The method ``save_model``.

    A class implements:

    - ``_to_model_folder(folder)``: write arrays and sub-models with a ``FolderWriter``, and return
      a dict of JSON values.
    - ``_from_model_folder(folder, content)``, a classmethod: return the fitted model from a
      ``FolderReader`` and that dict. The dict is from an untrusted file.
    """

    def save_model(self, folder):
        """Write the fitted estimator to a folder, without pickle.

        :func:`skmat.load_model` returns an estimator with equal predictions, bit for bit on the
        same machine. Parameters, networks with their heads, scales of targets, classes and the
        history are kept. These are not kept:

        - The state of the optimizer: ``partial_fit`` after loading starts with a new one.
        - `callbacks` and `candidates`, which are code, and `memory` and `checkpoint_dir`, which
          belong to the machine: they are None after loading. Fitted candidates are kept, and what
          callbacks recorded in the history if it is plain data.
        - The teacher of a :class:`~skmat.objectives.Distillation`: predictions do not need it.
          Training after loading raises an error until the parameter is set again.
        - The device: networks are on the CPU after loading.

        A fitted encoder given as `pretrained` is written too, without its optimizer. A
        RandomState keeps its state.

        Parameters
        ----------
        folder : str or path-like
            The folder. A model saved there earlier is replaced as a whole.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        InvalidInputError
            If the folder holds something else. If a parameter, a candidate, a class label or an
            attribute is of a type that the folder cannot hold; the error names it.
        OSError
            If the disk is full, or the folder is not writable.
        """
        check_is_fitted(self)
        with ModelFolder.create(folder) as writer:
            write_model(self, writer)
        return Path(folder)

    def push_to_hub(self, repo_id, *, private=None, message="Upload a model of skmat", token=None):
        """Upload the fitted estimator to the Hugging Face Hub, as :meth:`save_model` writes it.

        ``skmat.load_model("hf://organisation/name")`` loads it. Loading runs no code of the
        repository, and compares every file with its SHA-256. It needs the package
        huggingface_hub, as the upload does.

        Parameters
        ----------
        repo_id : str
            Name of the repository: "organisation/name". It is created if it does not exist. Its
            other files stay.
        private : bool, default=None
            Whether a new repository is private. None takes the default of the organisation, which
            usually is public.
        message : str, default="Upload a model of skmat"
            Message of the commit.
        token : str, default=None
            Access token with permission to write. None takes that of ``hf auth login``.

        Returns
        -------
        str
            Address of this very version: "hf://organisation/name@commit".

        Raises
        ------
        InvalidInputError
            If the name has another form, huggingface_hub is not installed, or the Hub refuses. If
            the estimator cannot be saved; see :meth:`save_model`.
        """
        check_is_fitted(self)
        name = type(self).__name__
        text = f"# {name}\n\nA fitted `{name}` of skmat {__version__}."
        targets = getattr(self, "target_names_", None)
        if targets:
            text += f" It predicts {', '.join(f'`{each}`' for each in targets)}."
        code = f'import skmat\n\nmodel = skmat.load_model("hf://{repo_id}")'
        return upload(
            self.save_model,
            repo_id,
            readme=hub_readme(text, code),
            private=private,
            message=message,
            token=token,
        )


def write_model(model, folder: FolderWriter) -> None:
    """Write a fitted model and its model.json to a model folder or to a sub-folder of one.

    Raises
    ------
    InvalidInputError
        If the class of the model does not take part, or if a part cannot be saved.
    """
    name = type(model).__name__
    if _CLASSES.get(name) is not type(model):
        raise InvalidInputError(
            f"save_model cannot write a {type(model).__module__}.{name}: load_model only builds"
            " classes of skmat itself. Save it with joblib, whose files must be trusted."
        )
    content = model._to_model_folder(folder)
    folder.write_json(
        MODEL,
        {"format": _FORMAT, "class": name, "skmat_version": __version__, "content": content},
    )


def read_model(folder: FolderReader):
    """Return the fitted model of a model folder or of a sub-folder of one.

    Raises
    ------
    SavedModelError
        If the class is unknown, or if the content does not describe such a model.
    """
    values = folder.read_json(MODEL)
    version, name = values.get("format"), values.get("class")
    if type(version) is not int or not isinstance(values.get("content"), dict):
        raise SavedModelError(f"{folder}: {MODEL} does not describe a model of skmat.")
    if version > _FORMAT:
        raise SavedModelError(
            f"{folder} has the format {version}, and this version of skmat ({__version__}) reads"
            f" formats up to {_FORMAT}. Update skmat."
        )
    cls = _CLASSES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise SavedModelError(
            f"{folder} holds a {shorten(name)}, which is not a class that skmat {__version__} can"
            f" load. Known classes: {', '.join(sorted(_CLASSES))}."
        )
    _compare_version(values.get("skmat_version"), name, folder)
    return cls._from_model_folder(folder, values["content"])


def _compare_version(saved, name, folder):
    if saved is not None and not (isinstance(saved, str) and len(saved) < 100):
        raise SavedModelError(f"{folder}: {shorten(saved)} is not a version of skmat.")
    # One warning for a model with sub-models.
    if saved != __version__ and folder.is_whole:
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=name, current_skmat_version=__version__, saved_skmat_version=saved
            ),
            stacklevel=4,
        )
