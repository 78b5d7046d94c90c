"""Reading of ``X``, ``y`` and ``sample_weight`` in all accepted forms, for estimators."""

from skmat.inputs._columns import Column, read_columns
from skmat.inputs._compositions import (
    CompositionInputMixin,
    CompositionReaderMixin,
    as_formulas,
    held,
    is_fitted,
)
from skmat.inputs._extra_columns import (
    ExtraColumnsMixin,
    check_no_amounts,
    read_extra_numbers,
    split_extra_columns,
)
from skmat.inputs._labels import (
    as_classes,
    as_numbers,
    as_python,
    class_indices,
    holds_numbers,
    is_mostly_text,
)
from skmat.inputs._materials import (
    are_structures,
    composition_groups,
    compositions_of,
    holds_structures,
    material_columns,
    split_materials,
    text_columns,
)
from skmat.inputs._structures import StructureInputMixin, as_structures
from skmat.inputs._target_names import check_order_of_targets
from skmat.inputs._weights import read_weights, weights_of_scores, weights_to_learn_by

__all__ = [
    "Column",
    "CompositionInputMixin",
    "CompositionReaderMixin",
    "ExtraColumnsMixin",
    "StructureInputMixin",
    "are_structures",
    "as_classes",
    "as_formulas",
    "as_numbers",
    "as_structures",
    "check_no_amounts",
    "check_order_of_targets",
    "class_indices",
    "composition_groups",
    "compositions_of",
    "held",
    "holds_numbers",
    "holds_structures",
    "is_fitted",
    "is_mostly_text",
    "as_python",
    "material_columns",
    "read_columns",
    "read_extra_numbers",
    "read_weights",
    "split_extra_columns",
    "split_materials",
    "text_columns",
    "weights_of_scores",
    "weights_to_learn_by",
]
