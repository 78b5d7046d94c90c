"""Materials that are read once for several predictions."""

from skmat.auto._part import Outputs

__all__ = ["PreparedMaterials"]


class PreparedMaterials:
    """Materials as a fitted average reads them, with the predictions of its parts.

    Parameters
    ----------
    table : MaterialTable
        The readable materials.
    valid : ndarray of shape (n_materials,), bool
        Mask of the rows that can be read.
    averages : list
        The averages that have read them, one per target.
    """

    def __init__(self, table, valid, averages):
        self.table = table
        self.valid = valid
        self.averages = averages
        self.outputs = Outputs(table)

    def __len__(self):
        return len(self.valid)
