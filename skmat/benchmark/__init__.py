"""Matbench: tasks, folds, a runner for any estimator, and comparisons of results."""

from skmat.benchmark._baselines import make_baseline
from skmat.benchmark._compare import compare_results, performance_gain
from skmat.benchmark._distance import dataset_distance
from skmat.benchmark._fold_result import FoldResult
from skmat.benchmark._leaderboard import leaderboard
from skmat.benchmark._metrics import score_predictions
from skmat.benchmark._overlap import overlap_report
from skmat.benchmark._results import MatbenchResults
from skmat.benchmark._run_split import run_benchmark
from skmat.benchmark._runner import run_matbench
from skmat.benchmark._task import MatbenchTask

__all__ = [
    "FoldResult",
    "MatbenchResults",
    "MatbenchTask",
    "compare_results",
    "dataset_distance",
    "leaderboard",
    "make_baseline",
    "overlap_report",
    "performance_gain",
    "run_benchmark",
    "run_matbench",
    "score_predictions",
]
