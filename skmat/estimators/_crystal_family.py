"""How the families that read crystals come by graphs."""

from numbers import Integral, Real

import numpy as np
from joblib import Memory
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_memory

from skmat._utils.parameters import plain
from skmat.composition import ELEMENT_TABLES
from skmat.estimators._element_family import ElementFamily
from skmat.exceptions import InvalidStructureError
from skmat.inputs import StructureInputMixin
from skmat.nn import CrystalBatch
from skmat.structure import GRAPHS_VERSION, GraphSettings, build_graphs

__all__ = ["GRAPH_CONSTRAINTS", "GRAPH_DEFAULTS", "GRAPH_DOC", "CrystalFamily"]

GRAPH_CONSTRAINTS: dict = {
    "element_features": [StrOptions(set(ELEMENT_TABLES)), None],
    "n_neighbors": [Interval(Integral, 1, 255, closed="both")],
    "cutoff": [Interval(Real, 0, None, closed="neither")],
    "disorder": [StrOptions({"raise", "average"})],
    "n_jobs": [Integral, None],
    "memory": [str, HasMethods(["cache"]), Memory, None],
}

#: Defaults that the weights loaded by ``pretrained="auto"`` go with.
GRAPH_DEFAULTS = {"element_features": "magpie", "n_neighbors": 12, "cutoff": 8.0}

GRAPH_DOC = """
    element_features : {"matscholar", "magpie", "megnet"} or None, default="magpie"
        Table of element properties that the vectors of the atoms are drawn from; None learns a
        vector per element. See :func:`skmat.composition.element_table`.
    n_neighbors : int, default=12
        Nearest neighbours that each atom is joined to, and all of the shell of the last one. Taken
        from `pretrained` where that is given, as is the next one.
    cutoff : float, default=8.0
        Largest distance of neighbours, in Å; an atom may have fewer than `n_neighbors` within it.
    disorder : {"raise", "average"}, default="raise"
        What to do with crystals that have sites of several elements, or of partial occupancy:
        "raise" takes them for crystals that cannot be read; "average" gives such a site the mean
        of the vectors of its elements. Weights are the occupancies divided by their sum: what is
        vacant counts as nothing, and a site of one element is that element, however rarely it is
        there.
    n_jobs : int, default=None
        Processes that search for neighbours.
    memory : str or joblib.Memory, default=None
        Folder that keeps the graphs of the structures of each call, for calls with the same
        structures: at most 4 GB of them, beyond which those that were used the longest time ago
        are deleted. A Memory is kept to no size; see its ``reduce_size``. The folder holds
        pickles, which can run any code when they are read: name none that others can write to.
"""

#: What a folder given as `memory` may hold: the graphs of 800,000 crystals of 30 atoms.
_MOST_KEPT = "4G"


class CrystalFamily(StructureInputMixin, ElementFamily):
    """Read crystals as graphs. A family adds what ``ElementFamily`` says."""

    _make_batch = staticmethod(CrystalBatch.from_graphs)

    # Atoms and their pairs take the memory: a crystal has ten times as many as a formula has
    # elements. ALIGNN takes fewer still.
    _most_per_batch = 128

    # Chosen on inner splits of matbench_phonons: 60 epochs leave the training rows unlearned.
    _epochs_factor = 3

    def _compositions(self, materials):
        return materials.compositions()

    def _pure_error_share(self, materials, values):
        # Crystals of one composition can be told apart.
        return 0.0

    def _network_config(self):
        # Plain numbers, which JSON can hold, whatever stood in a parameter grid.
        settings = GraphSettings(int(self.n_neighbors), float(self.cutoff))
        return {**super()._network_config(), **settings._asdict()}

    def _network_keys(self):
        return [*super()._network_keys(), *GraphSettings._fields]

    def _build_network(self, config, *, fresh):
        config = dict(config)
        config.pop("n_neighbors")
        return super()._build_network(config, fresh=fresh)

    def _read_X(self, X, *, reset, on_invalid="raise", allow_empty=False):
        """Return `X` as CrystalGraphs; set or check ``n_features_in_`` on the way."""
        structures, problems, n_rows = self._parse_structures(
            X, reset=reset, disorder=self.disorder
        )
        valid = np.ones(n_rows, dtype=bool)
        valid[[row for row, _, _ in problems]] = False
        graphs, faults = self._graphs_of(structures.without_ids(), reset)
        rows = np.flatnonzero(valid)
        problems += [(int(rows[i]), structures[i].formula, fault) for i, fault in faults]
        if problems and on_invalid == "raise":
            raise InvalidStructureError(sorted(problems, key=lambda each: each[0]), n_rows)
        valid[[row for row, _, _ in problems]] = False
        return graphs if valid.all() else graphs.scatter(valid)

    def _graphs_of(self, structures, reset):
        """Build graphs, or find them where those of an earlier call are kept."""
        memory = check_memory(self.memory)
        build = memory.cache(_build_graphs, ignore=["n_jobs"])
        built = build(structures, self._graph_settings(reset), GRAPHS_VERSION, plain(self.n_jobs))
        if isinstance(self.memory, str):
            memory.reduce_size(bytes_limit=_MOST_KEPT)
        return built

    def _graph_settings(self, reset):
        """Return how graphs are built: as the network that is fitted or loaded was trained."""
        if not reset or (self.warm_start and hasattr(self, "estimators_")):
            config = self.estimators_[0].model.encoder.config
        else:
            checkpoint = self._read_pretrained()
            config = self._network_config() if checkpoint is None else checkpoint.network
        return GraphSettings(config["n_neighbors"], config["cutoff"])


def _build_graphs(structures, settings, version, n_jobs):
    """Build graphs; `version` is there to be a part of what they are kept by."""
    return build_graphs(structures, settings, n_jobs)
