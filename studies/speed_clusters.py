"""Time of a search and of a stream on Dask and Ray, with one and two workers.

Each engine runs on this machine, with workers of one thread. The figures are seconds, after a
first call that starts the workers, and ratios to joblib's own processes. Formulas are those of
``load_transport``; nothing is downloaded. Writes studies/results/speed_clusters.json and
speed_clusters.md.
"""

import os
import tempfile
from contextlib import contextmanager

import ray
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from ray.util.joblib import register_ray
from sklearn.model_selection import GridSearchCV
from timing import Report, options, rate

from skmat import MTEncoderRegressor
from skmat.datasets import load_transport
from skmat.screening import predict_stream

os.environ["OMP_NUM_THREADS"] = "1"
N_ROWS, N_SCREENED = 400, 20_000


@contextmanager
def of_processes(n):
    """Run joblib's own processes."""
    with parallel_config(backend="loky", n_jobs=n):
        yield


@contextmanager
def on_dask(n):
    """Run Dask with `n` workers."""
    cluster = LocalCluster(
        n_workers=n, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, Client(cluster), parallel_config(backend="dask", n_jobs=n):
        yield


@contextmanager
def on_ray(n):
    """Run Ray with `n` workers."""
    ray.init(num_cpus=n, include_dashboard=False, log_to_driver=False)
    register_ray()
    try:
        with parallel_config(backend="ray", n_jobs=n):
            yield
    finally:
        ray.shutdown()


ENGINES = {"joblib": of_processes, "Dask": on_dask, "Ray": on_ray}


def search(X, y):
    """Fit eight small networks and one more."""
    model = MTEncoderRegressor(max_epochs=4, device="cpu", random_state=0)
    grid = {"pretrained": [None, "auto"], "lr": [1e-4, 3e-4]}
    GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)


def screen(model, X):
    """Predict for all formulas, in 20 chunks."""
    with tempfile.TemporaryDirectory() as folder:
        predict_stream(model, list(X), folder, chunk_size=len(X) // 20, verbose=0, n_jobs=-1)


def measure(report):
    """Add rows for each engine and number of workers."""
    X, y = load_transport(return_X_y=True, targets="PF_p")
    fitted = MTEncoderRegressor(max_epochs=1, device="cpu", random_state=0).fit(X[:128], y[:128])
    with tempfile.TemporaryDirectory() as folder:
        path = fitted.save_model(f"{folder}/model")
        works = {
            "search, 9 fits": lambda: search(X[:N_ROWS], y[:N_ROWS]),
            f"screening, {N_SCREENED:,} formulas": lambda: screen(path, X[:N_SCREENED]),
        }
        for n in (1, 2):
            seconds = {(name, what): [] for what in works for name in ENGINES}
            for _ in range(report.repeats):
                for name, start in ENGINES.items():
                    with start(n):
                        screen(path, X[:100])
                        for what, work in works.items():
                            seconds[name, what].append(1 / rate(1, work))
            for what in works:
                for name in ("Dask", "Ray"):
                    row = f"{what}: {name}, {n} worker{'s' * (n > 1)}"
                    report.add(row, "s", seconds[name, what], "joblib", seconds["joblib", what])


if __name__ == "__main__":
    chosen = options(__doc__, repeats=1)
    report = Report(chosen.repeats)
    measure(report)
    report.save("speed_clusters")
