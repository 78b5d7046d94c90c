"""MTEncoder: the composition transformer (Prein et al. 2023)."""

from skmat.estimators._classifier import EncoderClassifier
from skmat.estimators._docs import shared_docs
from skmat.estimators._encoder import EncoderTransformer
from skmat.estimators._mtencoder_family import (
    NETWORK_CONSTRAINTS,
    NETWORK_DOC,
    REFERENCES,
    MTEncoderFamily,
)
from skmat.estimators._regressor import EncoderRegressor

__all__ = ["MTEncoder", "MTEncoderClassifier", "MTEncoderRegressor"]


@shared_docs(network=NETWORK_DOC, references=REFERENCES)
class MTEncoder(MTEncoderFamily, EncoderTransformer):
    """Composition transformer that embeds materials: pretrained, or to be pretrained.

    ``fit`` loads the shipped weights or those that `pretrained` names, or pretrains on the
    formulas it is given: on masked elements (no labels needed), on properties, or on both.
    ``transform`` returns one vector per material.

    Parameters
    ----------
    {pretrained}
    {network}
    {objectives}
    {losses}
    {training}
    {checkpoints}
    {machine}

    Attributes
    ----------
    {fitted}

    See Also
    --------
    MTEncoderRegressor : Predict properties.
    MTEncoderClassifier : Predict classes.

    {references}

    Examples
    --------
    >>> from skmat import MTEncoder
    >>> encoder = MTEncoder(preset="tiny", max_epochs=2, random_state=0)
    >>> encoder.fit_transform(["TiO2", "Fe2O3", "NaCl"]).shape
    (3, 64)
    """

    _parameter_constraints: dict = {
        **EncoderTransformer._parameter_constraints,
        **NETWORK_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        pretrained="auto",
        preset="base",
        readout="cpd",
        element_features="matscholar",
        dropout=0.1,
        objectives=None,
        loss_weights=None,
        loss_weighting="equal",
        max_epochs=30,
        batch_size="auto",
        lr=5e-4,
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
        self.readout = readout
        self.element_features = element_features
        self.dropout = dropout
        self.objectives = objectives
        self.checkpoint_dir = checkpoint_dir


@shared_docs(network=NETWORK_DOC, references=REFERENCES)
class MTEncoderRegressor(MTEncoderFamily, EncoderRegressor):
    """Composition transformer that predicts one property or several.

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
    MTEncoder : Embed materials.
    MTEncoderClassifier : Predict classes.

    {references}

    Examples
    --------
    >>> import numpy as np
    >>> from skmat import MTEncoderRegressor
    >>> model = MTEncoderRegressor(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(["TiO2", "Fe2O3", "NaCl"], [[3.2, np.nan], [2.1, 5.2], [8.5, 2.2]])
    MTEncoderRegressor(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict(["ZnO"]).shape
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
        preset="base",
        readout="cpd",
        element_features="matscholar",
        dropout=0.1,
        loss="l1",
        loss_weights=None,
        loss_weighting="equal",
        max_epochs="auto",
        batch_size="auto",
        lr=5e-4,
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
        self.readout = readout
        self.element_features = element_features
        self.dropout = dropout
        self.loss = loss


@shared_docs(network=NETWORK_DOC, references=REFERENCES)
class MTEncoderClassifier(MTEncoderFamily, EncoderClassifier):
    """Composition transformer that predicts classes, of one task or several.

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
    MTEncoder : Embed materials.
    MTEncoderRegressor : Predict properties.

    {references}

    Examples
    --------
    >>> from skmat import MTEncoderClassifier
    >>> model = MTEncoderClassifier(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(["TiO2", "Fe", "NaCl", "Cu"], ["insulator", "metal", "insulator", "metal"])
    MTEncoderClassifier(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict_proba(["ZnO"]).shape
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
        preset="base",
        readout="cpd",
        element_features="matscholar",
        dropout=0.1,
        loss_weights=None,
        loss_weighting="equal",
        max_epochs="auto",
        batch_size="auto",
        lr=5e-4,
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
        self.readout = readout
        self.element_features = element_features
        self.dropout = dropout
