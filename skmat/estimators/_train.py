"""The networks of a fit, trained as its plan says."""

import numpy as np

from skmat.estimators._fitted_model import FittedModel
from skmat.estimators._teachers import fit_teachers
from skmat.estimators._warm_start import optimizer_settings
from skmat.training import (
    MultiObjectiveModel,
    build_net,
    history_rows,
    isolated_seed,
    own_surroundings,
    train,
    train_further,
    untrained_net,
)

__all__ = ["load_model", "train_models", "train_one_epoch"]


def train_models(estimator, plan, data, previous):
    """Train every network; those of an earlier fit are trained in place.

    Parameters
    ----------
    estimator : EncoderEstimator
        Builds networks; gets ``load_report_`` and ``model_card_``.
    plan : FitPlan
        What was decided.
    data : FitData
        What was given.
    previous : list of FittedModel or None
        Networks that continue.

    Returns
    -------
    list of FittedModel
    """
    models = []
    for index, run in enumerate(plan.runs):
        before = previous[index] if previous else None
        objectives, teachers, teacher_targets = fit_teachers(
            plan.tasks.objectives, data.X, run.training, before.teachers if before else None
        )
        if before:
            model = before.model
            model.objectives = tuple(objectives)
            labels, weights = data.targets.values[run.training], data.sample_weight[run.training]
            scaling = before.scaling.refitted(labels, weights)
        else:
            targets, device = data.targets.targets, run.settings.device
            model = _build(estimator, plan.start, objectives, targets, run.model_seed, device)
            scaling = data.targets.fit_scaling(run.training, data.sample_weight)
        arrays = data.for_training(scaling, teacher_targets)
        validates = len(run.validation) > 0
        net, history = train(
            model,
            run.settings,
            arrays.take(run.training) if validates else arrays,
            arrays.take(run.validation) if validates else None,
            plan.run_folder,
        )
        models.append(FittedModel(net, scaling, run.seed, history, teachers))
    return models


def train_one_epoch(estimator, plan, data, previous):
    """Train every network for one epoch; arguments and result as for ``train_models``."""
    rows = np.arange(len(data.materials))
    models = previous
    if not previous:
        objectives, teachers, _ = fit_teachers(plan.tasks.objectives, data.X, rows)
        models = []
        for run in plan.runs:
            targets, device = data.targets.targets, run.settings.device
            model = _build(estimator, plan.start, objectives, targets, run.model_seed, device)
            scaling = data.targets.fit_scaling(rows, data.sample_weight)
            net = untrained_net(model, device)
            models.append(FittedModel(net, scaling, run.seed, teachers=teachers))
    for fitted, run in zip(models, plan.runs, strict=True):
        if previous:
            fitted.scaling = fitted.scaling.refitted(data.targets.values, data.sample_weight)
        steps = optimizer_settings(estimator, run.settings)
        if fitted.optimizer_settings != steps or fitted.net.device != run.settings.device:
            # The optimizer's moments belong to other settings.
            fitted.net = build_net(fitted.model, run.settings, len(rows))
            fitted.optimizer_settings = steps
        objectives, fitted.teachers, teacher_targets = fit_teachers(
            plan.tasks.objectives, data.X, rows, fitted.teachers
        )
        fitted.model.objectives = tuple(objectives)
        arrays = data.for_training(fitted.scaling, teacher_targets)
        train_further(fitted.net, arrays, run.settings)
        fitted.model.eval()
        row = history_rows(fitted.net.history)[-1]
        fitted.history.append({**row, "epoch": len(fitted.history) + 1})
    return models


def load_model(estimator, start, device):
    """Return a network with loaded weights and without heads."""
    model = _build(estimator, start, (), (), 0, "cpu")
    return untrained_net(model, device)


@own_surroundings()
def _build(estimator, start, objectives, targets, seed, device):
    with isolated_seed(seed):
        encoder = estimator._build_encoder(start)
        return MultiObjectiveModel(encoder, objectives, targets).to(device)
