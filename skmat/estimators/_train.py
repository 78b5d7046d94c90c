"""The networks of a fit, trained as its plan says."""

from dataclasses import replace

import numpy as np
from joblib import delayed, effective_n_jobs
from joblib.parallel import get_active_backend

from skmat._utils.parallel import make_parallel
from skmat._utils.parameters import plain
from skmat.estimators._fitted_model import FittedModel
from skmat.estimators._teachers import fit_teachers
from skmat.training import (
    MultiObjectiveModel,
    are_several_processes,
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
    """Train every network. Networks of an earlier fit are trained in place.

    ``joblib.parallel_config(n_jobs=2)`` trains two networks at a time. With callbacks of the user,
    where several processes train together, and where networks continue in threads, they follow
    one another.

    A network that continues has new random numbers, a new optimizer and a new cycle of the
    learning rate. It keeps its weights, heads, standardisation and teachers.

    Parameters
    ----------
    estimator : EncoderEstimator
        Builds networks, and gets ``load_report_`` and ``model_card_``.
    plan : FitPlan
        The plan.
    data : FitData
        The data.
    previous : list of FittedModel or None
        Networks that continue.

    Returns
    -------
    list of FittedModel
    """
    kept: list[dict] = []

    def trainings():
        """Yield the training of each network. What else its model keeps is appended to `kept`."""
        for index, run in enumerate(plan.runs):
            before = previous[index] if previous else None
            objectives, teachers, teacher_targets = fit_teachers(
                plan.tasks.objectives, data.X, run.training, before.teachers if before else None
            )
            if before:
                model = before.model
                model.objectives = tuple(objectives)
                labels, weights = (
                    data.targets.values[run.training], data.sample_weight[run.training]
                )  # fmt: skip
                scaling = before.scaling.refitted(labels, weights)
                extra_scaling = _refitted_extra(before, data, run.training)
            else:
                model, scaling = _new_network(estimator, plan, data, run, objectives)
                extra_scaling = data.fit_extra_scaling(run.training)
            arrays = data.for_training(scaling, teacher_targets, extra_scaling)
            validates = len(run.validation) > 0
            kept.append({"scaling": scaling, "extra_scaling": extra_scaling, "teachers": teachers})
            yield delayed(train)(
                model,
                run.settings,
                arrays.take(run.training) if validates else arrays,
                arrays.take(run.validation) if validates else None,
                plan.run_folder,
                estimator.callbacks,
            )

    if _follow_one_another(estimator, plan, previous):
        trained = [function(*args, **kwargs) for function, args, kwargs in trainings()]
    else:
        # All are built first: teachers use joblib too, and would wait for the networks in it.
        trained = list(make_parallel(None)(list(trainings())))
    models = []
    for run, (net, history), rest in zip(plan.runs, trained, kept, strict=True):
        classes = data.targets.classes
        fitted = FittedModel(net, rest["scaling"], run.seed, history, classes, rest["teachers"])
        fitted.extra_scaling = rest["extra_scaling"]
        models.append(fitted)
    return models


def _follow_one_another(estimator, plan, previous):
    """Tell whether networks are trained here, one after another."""
    if len(plan.runs) == 1 or estimator.callbacks or are_several_processes():
        return True
    # A network that continues is trained in place. If another one fails, weights are put back.
    in_place = previous and getattr(get_active_backend()[0], "supports_sharedmem", False)
    return in_place or effective_n_jobs(None) == 1


def train_one_epoch(estimator, plan, data, previous):
    """Train every network for one epoch; arguments and result as for ``train_models``.

    A network that continues keeps its optimizer too, until a setting of it changes.
    """
    rows = np.arange(len(data.materials))
    models = previous
    if not previous:
        # All networks see all rows, and so have the same teachers.
        objectives, teachers, _ = fit_teachers(plan.tasks.objectives, data.X, rows)
        models = []
        for run in plan.runs:
            model, scaling = _new_network(estimator, plan, data, run, objectives)
            net = untrained_net(model, run.settings.device)
            classes = data.targets.classes
            fitted = FittedModel(net, scaling, run.seed, [], classes, teachers)
            fitted.extra_scaling = data.fit_extra_scaling(rows)
            models.append(fitted)
    for fitted, run in zip(models, plan.runs, strict=True):
        if previous:
            fitted.scaling = fitted.scaling.refitted(data.targets.values, data.sample_weight)
            fitted.extra_scaling = _refitted_extra(fitted, data, rows)
        settings = _optimizer_settings(estimator, run.settings)
        if fitted.optimizer_settings != settings or fitted.net.device != run.settings.device:
            # The optimizer's moments belong to other settings.
            fitted.net = build_net(fitted.model, run.settings, len(rows))
            fitted.optimizer_settings = settings
        objectives, fitted.teachers, teacher_targets = fit_teachers(
            plan.tasks.objectives, data.X, rows, fitted.teachers
        )
        fitted.model.objectives = tuple(objectives)
        arrays = data.for_training(fitted.scaling, teacher_targets, fitted.extra_scaling)
        n_finished = len(history_rows(fitted.net.history))
        train_further(fitted.net, arrays, run.settings, estimator.callbacks)
        fitted.model.eval()
        # None if a callback ended the epoch early.
        for row in history_rows(fitted.net.history)[n_finished:]:
            fitted.history.append({**row, "epoch": len(fitted.history) + 1})
    return models


def load_model(estimator, start, device):
    """Return a network with loaded weights and without heads."""
    return untrained_net(_build(estimator, start, (), (), 0, "cpu"), device)


def _new_network(estimator, plan, data, run, objectives):
    """Return a network with new heads, and the standardisation of its training rows."""
    targets, device = data.targets.targets, run.settings.device
    model = _build(estimator, plan.start, objectives, targets, run.model_seed, device)
    return model, data.targets.fit_scaling(run.training, data.sample_weight)


def _refitted_extra(fitted, data, rows):
    if data.extra is None:
        return None
    return fitted.extra_scaling.refitted(data.extra[rows], data.sample_weight[rows])


@own_surroundings()
def _build(estimator, start, objectives, targets, seed, device):
    with isolated_seed(seed):
        encoder = estimator._build_encoder(start)
        return MultiObjectiveModel(encoder, objectives, targets).to(device)


def _optimizer_settings(estimator, settings):
    """Return the settings that affect optimizer steps.

    An optimizer continues while these are equal. Parameters replace the numbers that are computed
    from them and from the rows of a call.
    """
    weights = settings.task_weights
    if isinstance(estimator.loss_weights, str):
        weights = (estimator.loss_weights, plain(estimator.auxiliary_weight))
    return replace(
        settings,
        batch_size=plain(estimator.batch_size),
        task_weights=weights,
        patience=None,
        seed=0,
        device="",
        verbose=0,
    )
