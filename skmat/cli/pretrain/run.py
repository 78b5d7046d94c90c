"""Pretraining from a configuration file, for ``skmat pretrain``."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from skmat._utils.paths import read_path
from skmat.cli.pretrain.config import PretrainConfig, read_config
from skmat.cli.pretrain.data import PretrainData, read_data
from skmat.estimators import FAMILIES
from skmat.estimators._targets import class_columns, read_mixed_targets
from skmat.exceptions import InvalidInputError, PretrainedError
from skmat.pretrained import ModelCard
from skmat.training import TrainingData, is_first_process, mean_losses, of_first_process

__all__ = ["run_pretraining", "validation_errors"]

#: Folder in the checkpoint folder with the state of the training.
_RUN = "training"


def run_pretraining(
    config_file,
    *,
    folder=None,
    check_only=False,
    verbose=1,
    write: Callable[[str], None] = print,
):
    """Pretrain an encoder and write its checkpoint. The same call resumes a stopped run.

    Several processes of torchrun train together. The first one prints, and writes the files.

    Parameters
    ----------
    config_file : path-like
        TOML file. See the user guide.
    folder : path-like, default=None
        Folder of the checkpoint. None takes that of the file.
    check_only : bool, default=False
        Read and describe the data without training.
    verbose : int, default=1
        Verbosity of the encoder. 0 also skips the description of the data.
    write : callable, default=print
        Function that prints a line.

    Returns
    -------
    pathlib.Path
        Folder of the checkpoint, for ``pretrained=``. Its folder "training" holds the state of the
        run. You can delete it after the run.

    Raises
    ------
    InvalidInputError
        If the file or the data cannot be used.
    DatasetNotFoundError
        If a data set is missing.
    PretrainedError
        If the folder holds the run of another configuration.
    KeyboardInterrupt
        After Ctrl-C. No checkpoint is written. The next call resumes after the last finished
        epoch.
    """
    is_first = is_first_process()
    verbose = verbose if is_first else 0
    config = read_config(config_file)
    if folder is not None:
        folder = read_path(folder, "folder", InvalidInputError)
        config = replace(config, folder=folder)
    encoder = FAMILIES[config.family].encoder(**config.encoder, verbose=verbose)
    data = read_data(config, encoder._objectives())
    if is_first and (verbose or check_only):
        for line in data.describe():
            write(line)
    if check_only:
        return config.folder
    encoder.checkpoint_dir = config.folder / _RUN
    materials, labels = data.materials[data.training], data.labels.iloc[data.training]
    try:
        encoder.fit(materials, labels if labels.shape[1] else None)
    except PretrainedError as error:
        error.add_note(f"(skmat pretrain keeps its state in the folder {encoder.checkpoint_dir}.)")
        raise
    metrics = validation_errors(encoder, data)
    if verbose:
        for name, value in metrics.items():
            write(f"held out: {name}: {value:.4g}")
    if is_first:
        encoder.save_pretrained(
            config.folder, card=_card(config, data, encoder, metrics), dtype=config.dtype
        )
        write(f"Wrote {config.folder}.")
    return of_first_process(config.folder)  # once it is written


def validation_errors(encoder, data: PretrainData) -> dict[str, float]:
    """Return the errors on the held-out materials, with the unit in the key.

    Parameters
    ----------
    encoder : MTEncoder, RoostEncoder, CGCNNEncoder, ALIGNNEncoder
        Encoder fitted to the training rows of `data`.
    data : PretrainData
        The data.

    Returns
    -------
    dict of str to float
        Mean absolute errors of numeric targets, in their units. The area under the ROC curve of
        two classes, and the accuracy of more. The mean loss of objectives without labels, such as
        the cross-entropy of masked elements. Targets without held-out labels are left out.
    """
    if not len(data.validation):
        return {}
    (fitted,) = encoder.estimators_
    X, labels = data.materials[data.validation], data.labels.iloc[data.validation]
    materials, _ = encoder._read_for_prediction(X)
    where = encoder._device_and_precision(fitted)
    errors = {}
    if fitted.model.targets:
        trained_on = data.labels.iloc[data.training]
        classes = read_mixed_targets(trained_on, len(trained_on)).classes
        (outputs,) = encoder._run_heads(materials)
        for i, (name, truth) in enumerate(zip(labels.columns, class_columns(labels), strict=True)):
            known = ~pd.isna(truth)
            if not known.any():
                continue
            if classes[i] is None:
                unit = data.units.get(name)
                scaling = fitted.scaling
                standardised = outputs[i][known, 0].astype(np.float64)
                guess = standardised * scaling.scale[i] + scaling.mean[i]
                key = f"{name} MAE ({unit})" if unit else f"{name} MAE"
                errors[key] = float(np.abs(guess - truth[known].astype(np.float64)).mean())
            else:
                errors |= _class_errors(name, classes[i], truth[known], outputs[i][known])
    nothing = np.full((len(materials), len(fitted.model.targets)), np.nan, dtype=np.float32)
    weights = np.ones(len(materials), dtype=np.float32)
    teacher_targets = tuple(each and each.targets(X) for each in fitted.teachers)
    held_out = TrainingData(materials, encoder._make_batch, nothing, weights, teacher_targets)
    losses = mean_losses(fitted.model, held_out, *where)
    # Losses of properties are NaN here, because all labels are missing.
    return errors | {f"{name} loss": loss for name, loss in losses.items() if not np.isnan(loss)}


def _class_errors(name, classes, truth, probabilities):
    if len(classes) == 2:
        positive = truth == classes[1]
        if positive.all() or not positive.any():
            return {}
        return {f"{name} ROC-AUC": float(roc_auc_score(positive, probabilities[:, 1]))}
    guess = np.asarray(classes)[probabilities[:, : len(classes)].argmax(axis=1)]
    return {f"{name} accuracy": float(np.mean(guess == truth))}


def _card(config: PretrainConfig, data: PretrainData, encoder, metrics) -> ModelCard:
    tables = "; ".join(f"{table.name} ({count:,} {data.noun})" for table, count in data.tables)
    joined = "joined by composition" if data.noun == "compositions" else "together"
    excluded = ", ".join(f"{name} ({count:,})" for name, count in data.excluded.items())
    known = ". The encoder that training started from may have learned these before"
    card = ModelCard(
        description=f"Pretrained on {', '.join(table.name for table in config.tables)}.",
        data=(
            f"{tables}; {joined}: {len(data.materials):,}, of which"
            f" {len(data.training):,} were trained on and {len(data.validation):,} held out for"
            " the metrics" + known * (encoder.load_report_ is not None)
        ),
        licence="; ".join(data.licences),
        citation="; ".join(data.citations),
        metrics=metrics,
        excluded=(
            f"{data.n_excluded:,} {data.noun}, those of {excluded}" if data.excluded else ""
        ),
        config=config.text,
    )
    given: dict[str, Any] = {key: value for key, value in config.card.items() if value}
    return replace(card, **given)
