"""Short names of objectives."""

from skmat.exceptions import InvalidInputError
from skmat.featurizers import MagpieFeaturizer
from skmat.objectives import BarlowTwins, Distillation, MaskedElements, Objective, Properties

__all__ = ["OBJECTIVE_NAMES", "resolve_objectives"]

#: Objectives by short name. Other settings need objects of ``skmat.objectives``.
OBJECTIVE_NAMES: dict[str, tuple[Objective, ...]] = {
    "barlow_twins": (BarlowTwins(),),
    "crystal_twins": (BarlowTwins(masked="both", edge_ratio=0.1),),
    "fingerprint": (
        Distillation(MagpieFeaturizer(features="all"), scaling="min-max", name="fingerprint"),
    ),
    "masked_elements": (MaskedElements(),),
    "properties": (Properties(),),
    "joint": (Properties(), MaskedElements()),
}


def resolve_objectives(objectives) -> tuple[Objective, ...]:
    """Return objectives from names and objects.

    Parameters
    ----------
    objectives : str, Objective or sequence of them
        Keys of ``OBJECTIVE_NAMES``, objects, or several of them.

    Raises
    ------
    InvalidInputError
        If a name is unknown, or if an objective occurs twice.
    """
    items = [objectives] if isinstance(objectives, str | Objective) else list(objectives)
    resolved: list[Objective] = []
    for item in items:
        if isinstance(item, Objective):
            resolved.append(item)
        elif isinstance(item, str) and item in OBJECTIVE_NAMES:
            resolved.extend(OBJECTIVE_NAMES[item])
        elif isinstance(item, str) and item == "multimodal":
            # "multimodal" is a name in papers and in the files of `skmat pretrain`.
            raise InvalidInputError(
                "'multimodal' learning needs a teacher. Use skmat.objectives.Distillation("
                "skmat.StructureEmbeddingLookup('cgcnn-mp-multitask'), name='multimodal'), or"
                " other weights of an encoder of structures."
            )
        else:
            raise InvalidInputError(
                f"Unknown objective {item!r}. Choose one of {sorted(OBJECTIVE_NAMES)}, or use an"
                " object of skmat.objectives."
            )
    names = [objective.name for objective in resolved]
    if len(set(names)) < len(names) or not names:
        raise InvalidInputError(f"Each objective must be given once, but the names are {names}.")
    return tuple(resolved)
