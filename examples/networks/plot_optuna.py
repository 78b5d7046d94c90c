"""
Stop hopeless trials early with Optuna
======================================

A grid trains every candidate to the end. `Optuna <https://optuna.org>`_ draws
candidates one after the other, near those that were good, and stops those that
are behind. It needs one thing of a model: training in small steps.
``partial_fit`` trains for one epoch.
"""

# %%
# Data
# ----
#
# The Seebeck coefficient of 300 inorganic compounds. We learn from 200 and
# choose by the error on the others.

import matplotlib.pyplot as plt
import optuna
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split

from skmat import MTEncoderRegressor
from skmat.datasets import load_transport

X, y = load_transport(targets="S_p", return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(
    X, y, train_size=200, test_size=100, random_state=0
)

# %%
# One trial
# ---------
#
# A trial reports its error after each epoch. Optuna compares it with the
# errors of earlier trials after as many epochs.

N_EPOCHS = 8


def objective(trial):
    """Train one candidate and return its error."""
    model = MTEncoderRegressor(
        lr=trial.suggest_float("lr", 1e-5, 1e-2, log=True),
        dropout=trial.suggest_float("dropout", 0.0, 0.4),
        trainable=trial.suggest_categorical("trainable", ["all", "last"]),
        random_state=0,
    )
    for epoch in range(N_EPOCHS):
        model.partial_fit(X_train, y_train)
        error = mean_absolute_error(y_valid, model.predict(X_valid))
        trial.report(error, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return error


# %%
# The search
# ----------
#
# To spread it over several processes or machines, run this script in each of
# them, with ``storage=`` of a file or database that all can read, and
# ``load_if_exists=True``.

optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1),
)
study.optimize(objective, n_trials=12)

states = [trial.state.name for trial in study.trials]
print(f"{states.count('PRUNED')} of {len(states)} trials were stopped early.")
print(f"Best error: {study.best_value:.1f} µV/K, with {study.best_params}")

# %%
# Each line is a trial. Grey ones were stopped.

_, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for trial in study.trials:
    is_pruned = trial.state == optuna.trial.TrialState.PRUNED
    ax.plot(
        [epoch + 1 for epoch in trial.intermediate_values],
        list(trial.intermediate_values.values()),
        color="0.7" if is_pruned else "tab:blue",
        marker=".",
        zorder=1 if is_pruned else 2,
    )
ax.set(xlabel="Epoch", ylabel="Mean absolute error (µV/K)")
plt.show()
