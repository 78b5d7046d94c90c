"""ALIGNN: message passing between atoms, bonds and angles (Choudhary and DeCost 2021)."""

from skmat.estimators._alignn_family import (
    NETWORK_CONSTRAINTS,
    NETWORK_DOC,
    REFERENCES,
    ALIGNNFamily,
)
from skmat.estimators._classifier import EncoderClassifier
from skmat.estimators._docs import shared_docs
from skmat.estimators._encoder import EncoderTransformer
from skmat.estimators._regressor import EncoderRegressor

__all__ = ["ALIGNNClassifier", "ALIGNNEncoder", "ALIGNNRegressor"]


@shared_docs(network=NETWORK_DOC, references=REFERENCES)
class ALIGNNEncoder(ALIGNNFamily, EncoderTransformer):
    """Graph network on bonds and angles that embeds materials: pretrained, or to be pretrained.

    ``fit`` loads the weights that `pretrained` names, such as "alignn-mp-mpt", or pretrains on the
    crystals it is given: on masked elements (no labels needed), on properties, or on both. There
    are no weights that it loads by itself.
    ``transform`` returns one vector per material.

    Parameters
    ----------
    {pretrained}
    {network}
    {crystal_objectives}
    {losses}
    {training}
    {checkpoints}
    {machine}

    Attributes
    ----------
    {fitted}

    See Also
    --------
    ALIGNNRegressor : Predict properties.
    ALIGNNClassifier : Predict classes.

    {references}

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> def salt(cation, a):
    ...     sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    ...     return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), [cation, "Cl"], sites)
    >>> crystals = [salt("Li", 5.14), salt("Na", 5.64), salt("K", 6.29)]
    >>> from skmat import ALIGNNEncoder
    >>> encoder = ALIGNNEncoder(preset="tiny", max_epochs=2, random_state=0)
    >>> encoder.fit_transform(crystals).shape
    (3, 16)
    """

    _parameter_constraints: dict = {
        **EncoderTransformer._parameter_constraints,
        **NETWORK_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        pretrained="auto",
        preset="small",
        element_features="magpie",
        n_neighbors=12,
        cutoff=8.0,
        disorder="raise",
        n_jobs=None,
        memory=None,
        objectives=None,
        loss_weights=None,
        loss_weighting="equal",
        max_epochs=30,
        batch_size="auto",
        lr=2e-3,
        weight_decay=0.01,
        schedule="one_cycle",
        patience=None,
        validation_fraction=0.1,
        trainable="all",
        checkpoint_dir=None,
        random_state=None,
        device="auto",
        precision="auto",
        on_invalid="raise",
        warm_start=False,
        verbose=0,
    ):
        super().__init__(
            pretrained=pretrained,
            loss_weights=loss_weights,
            loss_weighting=loss_weighting,
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            schedule=schedule,
            patience=patience,
            validation_fraction=validation_fraction,
            trainable=trainable,
            random_state=random_state,
            device=device,
            precision=precision,
            on_invalid=on_invalid,
            warm_start=warm_start,
            verbose=verbose,
        )
        self.preset = preset
        self.element_features = element_features
        self.n_neighbors = n_neighbors
        self.cutoff = cutoff
        self.disorder = disorder
        self.n_jobs = n_jobs
        self.memory = memory
        self.objectives = objectives
        self.checkpoint_dir = checkpoint_dir


@shared_docs(network=NETWORK_DOC, references=REFERENCES)
class ALIGNNRegressor(ALIGNNFamily, EncoderRegressor):
    """Graph network on bonds and angles that predicts one property or several.

    One encoder is shared by all columns of y; each has its own head. Labels may be missing.

    Parameters
    ----------
    {pretrained}
    {network}
    loss : {"l1", "mse", "robust_l1"}, default="l1"
        Loss on standardised targets; "robust_l1" also predicts how uncertain it is.
    {losses}
    {training}
    {finetuning}
    {ensemble}
    {machine}

    Attributes
    ----------
    {fitted}
    target_names_ : list of str
        Names of the columns of y.
    n_outputs_ : int
        Number of columns of y.

    See Also
    --------
    ALIGNNEncoder : Embed materials.
    ALIGNNClassifier : Predict classes.

    {references}

    Examples
    --------
    >>> import numpy as np
    >>> from pymatgen.core import Lattice, Structure
    >>> def salt(cation, a):
    ...     sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    ...     return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), [cation, "Cl"], sites)
    >>> crystals = [salt("Li", 5.14), salt("Na", 5.64), salt("K", 6.29)]
    >>> from skmat import ALIGNNRegressor
    >>> model = ALIGNNRegressor(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(crystals, [[9.4, np.nan], [8.5, 2.2], [8.4, 2.0]])
    ALIGNNRegressor(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict([salt("Rb", 6.58)]).shape
    (1, 2)
    """

    _parameter_constraints: dict = {
        **EncoderRegressor._parameter_constraints,
        **NETWORK_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        pretrained="auto",
        preset="small",
        element_features="magpie",
        n_neighbors=12,
        cutoff=8.0,
        disorder="raise",
        n_jobs=None,
        memory=None,
        loss="l1",
        loss_weights=None,
        loss_weighting="equal",
        max_epochs="auto",
        batch_size="auto",
        lr=2e-3,
        weight_decay=0.01,
        schedule="one_cycle",
        patience=None,
        validation_fraction=0.1,
        trainable="all",
        encoder_lr_factor=1.0,
        layer_decay=1.0,
        freeze_epochs=0,
        ema_decay=None,
        auxiliary_objective=None,
        auxiliary_weight=0.1,
        n_estimators=1,
        random_state=None,
        device="auto",
        precision="auto",
        on_invalid="raise",
        warm_start=False,
        verbose=0,
    ):
        super().__init__(
            pretrained=pretrained,
            loss_weights=loss_weights,
            loss_weighting=loss_weighting,
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            schedule=schedule,
            patience=patience,
            validation_fraction=validation_fraction,
            trainable=trainable,
            encoder_lr_factor=encoder_lr_factor,
            layer_decay=layer_decay,
            freeze_epochs=freeze_epochs,
            ema_decay=ema_decay,
            auxiliary_objective=auxiliary_objective,
            auxiliary_weight=auxiliary_weight,
            n_estimators=n_estimators,
            random_state=random_state,
            device=device,
            precision=precision,
            on_invalid=on_invalid,
            warm_start=warm_start,
            verbose=verbose,
        )
        self.preset = preset
        self.element_features = element_features
        self.n_neighbors = n_neighbors
        self.cutoff = cutoff
        self.disorder = disorder
        self.n_jobs = n_jobs
        self.memory = memory
        self.loss = loss


@shared_docs(network=NETWORK_DOC, references=REFERENCES)
class ALIGNNClassifier(ALIGNNFamily, EncoderClassifier):
    """Graph network on bonds and angles that predicts classes, of one task or several.

    One encoder is shared by all columns of y; each has its own head. Labels may be missing.

    Parameters
    ----------
    {pretrained}
    {network}
    {losses}
    {training}
    {finetuning}
    {ensemble}
    {machine}

    Attributes
    ----------
    {fitted}
    classes_ : ndarray of shape (n_classes,), or list of one per task
        Class labels.
    target_names_ : list of str
        Names of the columns of y.
    n_outputs_ : int
        Number of columns of y.

    See Also
    --------
    ALIGNNEncoder : Embed materials.
    ALIGNNRegressor : Predict properties.

    {references}

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> def salt(cation, a):
    ...     sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    ...     return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), [cation, "Cl"], sites)
    >>> crystals = [salt("Li", 5.14), salt("Na", 5.64), salt("K", 6.29)]
    >>> from skmat import ALIGNNClassifier
    >>> model = ALIGNNClassifier(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(crystals, ["light", "light", "heavy"])
    ALIGNNClassifier(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict_proba([salt("Rb", 6.58)]).shape
    (1, 2)
    """

    _parameter_constraints: dict = {
        **EncoderClassifier._parameter_constraints,
        **NETWORK_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        pretrained="auto",
        preset="small",
        element_features="magpie",
        n_neighbors=12,
        cutoff=8.0,
        disorder="raise",
        n_jobs=None,
        memory=None,
        loss_weights=None,
        loss_weighting="equal",
        max_epochs="auto",
        batch_size="auto",
        lr=2e-3,
        weight_decay=0.01,
        schedule="one_cycle",
        patience=None,
        validation_fraction=0.1,
        trainable="all",
        encoder_lr_factor=1.0,
        layer_decay=1.0,
        freeze_epochs=0,
        ema_decay=None,
        auxiliary_objective=None,
        auxiliary_weight=0.1,
        n_estimators=1,
        random_state=None,
        device="auto",
        precision="auto",
        on_invalid="raise",
        warm_start=False,
        verbose=0,
    ):
        super().__init__(
            pretrained=pretrained,
            loss_weights=loss_weights,
            loss_weighting=loss_weighting,
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            schedule=schedule,
            patience=patience,
            validation_fraction=validation_fraction,
            trainable=trainable,
            encoder_lr_factor=encoder_lr_factor,
            layer_decay=layer_decay,
            freeze_epochs=freeze_epochs,
            ema_decay=ema_decay,
            auxiliary_objective=auxiliary_objective,
            auxiliary_weight=auxiliary_weight,
            n_estimators=n_estimators,
            random_state=random_state,
            device=device,
            precision=precision,
            on_invalid=on_invalid,
            warm_start=warm_start,
            verbose=verbose,
        )
        self.preset = preset
        self.element_features = element_features
        self.n_neighbors = n_neighbors
        self.cutoff = cutoff
        self.disorder = disorder
        self.n_jobs = n_jobs
        self.memory = memory
