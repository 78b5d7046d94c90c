"""The thirteen tasks of Matbench v0.1 (Dunn et al. 2020, table 1): names, sizes, units."""

from dataclasses import dataclass

from sklearn.model_selection import KFold, StratifiedKFold

from skmat.exceptions import InvalidInputError

__all__ = [
    "MATBENCH_TASKS",
    "N_FOLDS",
    "MatbenchTaskInfo",
    "official_splitter",
    "resolve_task_name",
]

#: Number of official folds of each task, and seed of their shuffling [Dunn et al., Methods].
N_FOLDS = 5
_FOLD_SEED = 18012019

_PREFIX = "matbench_"


@dataclass(frozen=True)
class MatbenchTaskInfo:
    """Properties of a task, known without its data.

    Attributes
    ----------
    name : str
        Official name, such as "matbench_steels".
    n_samples : int
        Number of materials.
    target : str
        Name of the column of labels in the official data.
    unit : str
        Unit of the labels, empty for classes.
    kind : {"regression", "classification"}
        Kind of the task.
    has_structure : bool
        Whether the official input is a structure. Composition models read only its formula.
    """

    name: str
    n_samples: int
    target: str
    unit: str
    kind: str
    has_structure: bool

    @property
    def short_name(self):
        """Name without its prefix, such as "steels"."""
        return self.name.removeprefix(_PREFIX)

    @property
    def id_format(self):
        """Pattern of the official ids. ``id_format.format(1)`` is the id of the first row."""
        return f"mb-{self.short_name.replace('_', '-')}-{{:0{len(str(self.n_samples))}d}}"


def _task(short_name, n_samples, target, unit, has_structure):
    kind = "regression" if unit is not None else "classification"
    name = _PREFIX + short_name
    return name, MatbenchTaskInfo(name, n_samples, target, unit or "", kind, has_structure)


#: By official name, from the smallest to the largest.
MATBENCH_TASKS = dict(
    [
        _task("steels", 312, "yield strength", "MPa", False),
        _task("jdft2d", 636, "exfoliation_en", "meV/atom", True),
        _task("phonons", 1265, "last phdos peak", "1/cm", True),
        _task("expt_gap", 4604, "gap expt", "eV", False),
        _task("dielectric", 4764, "n", "1", True),
        _task("expt_is_metal", 4921, "is_metal", None, False),
        _task("glass", 5680, "gfa", None, False),
        _task("log_gvrh", 10987, "log10(G_VRH)", "log10(GPa)", True),
        _task("log_kvrh", 10987, "log10(K_VRH)", "log10(GPa)", True),
        _task("perovskites", 18928, "e_form", "eV/unit cell", True),
        _task("mp_gap", 106113, "gap pbe", "eV", True),
        _task("mp_is_metal", 106113, "is_metal", None, True),
        _task("mp_e_form", 132752, "e_form", "eV/atom", True),
    ]
)


def official_splitter(info):
    """Return the splitter that gives the official folds from the ids and labels of a task."""
    splitter = StratifiedKFold if info.kind == "classification" else KFold
    return splitter(N_FOLDS, shuffle=True, random_state=_FOLD_SEED)


def resolve_task_name(name):
    """Return the official name of a task.

    Parameters
    ----------
    name : str
        "matbench_steels" or "steels".

    Raises
    ------
    InvalidInputError
        If the task is unknown.
    """
    official = name if str(name).startswith(_PREFIX) else f"{_PREFIX}{name}"
    if official not in MATBENCH_TASKS:
        raise InvalidInputError(
            f"Unknown Matbench task {name!r}. Choose one of {list(MATBENCH_TASKS)}."
        )
    return official
