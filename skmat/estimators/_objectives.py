"""Short names of objectives."""

from skmat.exceptions import InvalidInputError
from skmat.featurizers import MagpieFeaturizer
from skmat.objectives import BarlowTwins, Distillation, MaskedElements, Objective, Properties

__all__ = ["OBJECTIVE_NAMES", "resolve_objectives"]

#: What a name stands for; objects say the same with other settings.
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
    """Return the objectives that a user named.

    Parameters
    ----------
    objectives : str, Objective or sequence of them
        Short names ("barlow_twins", "crystal_twins", "fingerprint", "masked_elements",
        "properties", "joint"), objects, or several of them.

    Raises
    ------
    InvalidInputError
        If a name is unknown, or an objective is given twice.
    """
    items = [objectives] if isinstance(objectives, str | Objective) else list(objectives)
    resolved: list[Objective] = []
    for item in items:
        if isinstance(item, Objective):
            resolved.append(item)
        elif isinstance(item, str) and item in OBJECTIVE_NAMES:
            resolved.extend(OBJECTIVE_NAMES[item])
        elif isinstance(item, str) and item == "multimodal":
            # A name in files of `skmat pretrain`, and in papers.
            raise InvalidInputError(
                "'multimodal' learning needs a teacher: pass skmat.objectives.Distillation("
                "skmat.StructureEmbeddingLookup('cgcnn-mp-multitask'), name='multimodal'), or"
                " other weights of an encoder of crystals."
            )
        else:
            raise InvalidInputError(
                f"There is no objective {item!r}; choose one of {sorted(OBJECTIVE_NAMES)} or"
                " pass an object of skmat.objectives."
            )
    names = [objective.name for objective in resolved]
    if len(set(names)) < len(names) or not names:
        raise InvalidInputError(f"Each objective must be given once; got {names}.")
    return tuple(resolved)
