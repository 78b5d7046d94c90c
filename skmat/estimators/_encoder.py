"""Encoders as transformers."""

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils.validation import check_is_fitted

from skmat._utils.hub import hub_readme, upload
from skmat._utils.parameters import draw_seed
from skmat.estimators._automatic import resolve_task_weights
from skmat.estimators._base import EncoderEstimator
from skmat.estimators._fitted_model import FittedModel
from skmat.estimators._objectives import resolve_objectives
from skmat.estimators._params import PretrainingParams, dataclass_of_parameters
from skmat.estimators._plan import Tasks
from skmat.estimators._rollback import restored_on_failure
from skmat.estimators._scaling import TargetScaling
from skmat.estimators._targets import TargetData, read_mixed_targets
from skmat.estimators._train import load_model
from skmat.exceptions import InvalidInputError, PretrainedError
from skmat.inputs import held, weights_to_learn_by
from skmat.pretrained import list_pretrained
from skmat.training import CheckpointFolder, resolve_device

__all__ = ["EncoderTransformer"]


@dataclass_of_parameters()
class EncoderTransformer(PretrainingParams, EncoderEstimator):
    """Base of the encoders: ``fit`` pretrains or loads, ``transform`` embeds."""

    _kind = "encoder"

    @_fit_context(prefer_skip_nested_validation=False)
    @restored_on_failure
    def fit(self, X, y=None, sample_weight=None):
        """Pretrain the encoder on X, or load pretrained weights.

        With `pretrained` and without `objectives`, X is validated, but nothing is trained.

        Parameters
        ----------
        X : array-like of shape (n_materials,) or (n_materials, n_columns)
            Formulas, a matrix of amounts, or structures, depending on the family.
        y : array-like of shape (n_materials,) or (n_materials, n_tasks), default=None
            Labels for the objective "properties", in any units. Labels may be missing (NaN).
            Columns of numbers are regressed. Columns of text, categories or booleans are
            classified. Objectives without labels ignore y.
        sample_weight : array-like of shape (n_materials,), default=None
            Non-negative weights of the materials. None weights all rows equally.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If rows of X cannot be read. The error lists all of them.
        InvalidInputError
            If the networks of the family have no part named `trainable`.
        PretrainedError
            If `pretrained` cannot be loaded, or `checkpoint_dir` holds another run.
        """
        if self._objectives():
            return self._fit(X, y, sample_weight)
        self._check_trainable()
        start = self._resolve_start()
        materials = self._read_materials(held(X), start.network, reset=True)
        weights_to_learn_by(sample_weight, materials)
        return self._load(start)

    @classmethod
    def from_pretrained(cls, name_or_folder="auto", **parameters):
        """Return an encoder with loaded weights, ready for ``transform``.

        Parameters
        ----------
        name_or_folder : str or path-like, default="auto"
            Name of shipped weights (:func:`skmat.list_pretrained`), a folder written by
            ``save_pretrained``, or "hf://organisation/name". "auto" loads the best shipped weights
            of the family.
        **parameters
            Other parameters of the encoder, such as `device`.

        Returns
        -------
        object
            The fitted encoder.

        Raises
        ------
        PretrainedError
            If the weights do not exist, or belong to another family.

        Examples
        --------
        >>> from skmat import MTEncoder
        >>> MTEncoder.from_pretrained().transform(["TiO2", "NaCl"]).shape
        (2, 256)
        """
        encoder = cls(pretrained=name_or_folder, **parameters)
        encoder._validate_params()
        if encoder._objectives():
            named = [each for each in list_pretrained() if each.startswith(cls._family)]
            known = f"one of {named}," if named else "a fitted encoder as `pretrained`,"
            raise PretrainedError(
                f"{cls.__name__} has no weights to load with pretrained={name_or_folder!r} and"
                f" objectives={encoder.objectives!r}. Use {known} or a folder of save_pretrained."
            )
        encoder.n_features_in_ = 1
        return encoder._load(encoder._resolve_start())

    def push_to_hub(
        self,
        repo_id,
        *,
        card=None,
        dtype="float32",
        private=None,
        message="Upload an encoder of skmat",
        token=None,
    ):
        """Upload the encoder to the Hugging Face Hub, as ``save_pretrained`` writes it.

        Everywhere, ``pretrained="hf://organisation/name"`` then starts from it, and
        ``from_pretrained("hf://organisation/name")`` loads it. Both need the package
        huggingface_hub, as the upload does.

        Parameters
        ----------
        repo_id : str
            Name of the repository: "organisation/name". It is created if it does not exist. Its
            other files stay.
        card : ModelCard, default=None
            Description of the encoder. Empty fields are filled in if their values are known.
        dtype : {"float32", "bf16"}, default="float32"
            Number format of the weights.
        private : bool, default=None
            Whether a new repository is private. None takes the default of the organisation, which
            usually is public.
        message : str, default="Upload an encoder of skmat"
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
            `dtype` is unknown or `card` cannot be written.
        PretrainedError
            If weights are NaN or infinite.
        """
        check_is_fitted(self)
        name = type(self).__name__
        code = f'from skmat import {name}\n\nencoder = {name}.from_pretrained("hf://{repo_id}")'
        return upload(
            lambda folder: self.save_pretrained(folder, card=card, dtype=dtype),
            repo_id,
            readme=hub_readme(self._describe(card).to_markdown(), code),
            private=private,
            message=message,
            token=token,
        )

    def _load(self, start):
        """Keep loaded weights, without heads."""
        net = load_model(self, start, resolve_device(self.device))
        self._keep_models([FittedModel(net, TargetScaling.identity(0), 0)])
        return self

    def _objectives(self):
        if self.objectives is not None:
            return resolve_objectives(self.objectives)
        loads = self._pretrained_source() is not None
        return () if loads else resolve_objectives("masked_elements")

    def _pretrained_source(self):
        # With objectives, "auto" starts from random weights.
        is_auto = isinstance(self.pretrained, str) and self.pretrained == "auto"
        if is_auto and self.objectives is not None:
            return None
        return super()._pretrained_source()

    def _read_targets(self, y, n_rows, classes, labels_required):
        if not any(objective.needs_targets for objective in self._objectives()):
            return TargetData(np.empty((n_rows, 0)), [], [], False)
        if y is None:
            raise InvalidInputError(
                f"objectives={self.objectives!r} learns from labels: This estimator requires y to"
                " be passed, but the target y is None."
            )
        return read_mixed_targets(y, n_rows)

    def _tasks(self, data, labels_required):
        data.targets.check_weights(data.sample_weight)
        objectives = self._objectives()
        targets = data.targets.targets
        names = [name for each in objectives for name in each.task_names(targets)]
        if len(set(names)) < len(names):
            raise InvalidInputError(
                f"Each task needs a unique name, but the names are {names}. Rename the columns of"
                " y."
            )
        return Tasks(objectives, resolve_task_weights(self.loss_weights, names, data.targets))

    def _begin_run(self):
        seed = draw_seed(self.random_state)
        if self.checkpoint_dir is None:
            return seed, None
        if self.random_state is None:
            # Reuse the seed that the interrupted run drew.
            recorded = CheckpointFolder(self.checkpoint_dir).recorded_seed()
            seed = seed if recorded is None else recorded
        return seed, CheckpointFolder(self.checkpoint_dir, {"random_state": seed})

    def _keep_targets(self, targets):
        """Keep nothing, because heads are not used after pretraining."""
