"""Base of families that read structures: graphs, built once and cached."""

import numpy as np
from sklearn.utils.validation import check_memory

from skmat._utils.parameters import plain
from skmat.estimators._element_family import ElementFamily
from skmat.estimators._params import GraphParams, dataclass_of_parameters
from skmat.exceptions import InvalidStructureError
from skmat.inputs import StructureInputMixin
from skmat.nn import CrystalBatch
from skmat.structure import GRAPHS_VERSION, GraphSettings, build_graphs

__all__ = ["GRAPH_DEFAULTS", "StructureFamily"]

#: Parameters that shipped weights were trained with.
GRAPH_DEFAULTS = {"element_features": "magpie", "n_neighbors": 12, "cutoff": 8.0}

#: Largest size of a cache folder: the graphs of 800,000 structures of 30 atoms.
_CACHE_LIMIT = "4G"


@dataclass_of_parameters()
class StructureFamily(GraphParams, StructureInputMixin, ElementFamily):
    """Families that read structures. See ``ElementFamily``."""

    element_features: str | None = "magpie"
    lr: float = 2e-3

    _input = "structure"
    _make_batch = staticmethod(CrystalBatch.from_graphs)
    # Memory grows with atoms and pairs. A structure has ten times as many as a formula.
    _max_batch_size = 128
    _threads_from = 32
    _training_rate = 400
    # Chosen on inner splits of matbench_phonons, where 60 epochs underfit.
    _epochs_factor = 3
    # Structures of one composition are different inputs.
    _composition_is_all = False

    def _compositions(self, materials):
        return materials.compositions()

    def _network_config(self):
        # Python numbers for JSON: a parameter grid may hold those of NumPy.
        settings = GraphSettings(int(self.n_neighbors), float(self.cutoff))
        return {**super()._network_config(), **settings._asdict()}

    def _network_keys(self):
        return [*super()._network_keys(), *GraphSettings._fields]

    def _build_network(self, config, *, fresh):
        config = dict(config)
        config.pop("n_neighbors")
        return super()._build_network(config, fresh=fresh)

    def _read_materials(self, X, config, *, reset, on_invalid="raise"):
        """Return `X` as CrystalGraphs. This also sets or checks ``n_features_in_``."""
        structures, problems, n_rows = self._parse_structures(
            X, reset=reset, disorder=self.disorder
        )
        valid = np.ones(n_rows, dtype=bool)
        valid[[row for row, _, _ in problems]] = False
        settings = GraphSettings(config["n_neighbors"], config["cutoff"])
        graphs, faults = self._graphs_of(structures.without_ids(), settings)
        rows = np.flatnonzero(valid)
        problems += [(int(rows[i]), structures[i].formula, fault) for i, fault in faults]
        if problems and on_invalid == "raise":
            raise InvalidStructureError(sorted(problems, key=lambda each: each[0]), n_rows)
        valid[[row for row, _, _ in problems]] = False
        return graphs if valid.all() else graphs.scatter(valid)

    def _graphs_of(self, structures, settings):
        """Build graphs, or load them from the cache."""
        memory = check_memory(self.memory)
        build = memory.cache(_build_graphs, ignore=["n_jobs"])
        built = build(structures, settings, GRAPHS_VERSION, plain(self.n_jobs))
        if isinstance(self.memory, str):
            memory.reduce_size(bytes_limit=_CACHE_LIMIT)
        return built


def _build_graphs(structures, settings, version, n_jobs):
    """Build graphs. `version` is part of the cache's key."""
    return build_graphs(structures, settings, n_jobs)
