"""Data sets.

``load_*`` reads files of installed dependencies, without network. ``fetch_*`` reads from the
folder of data sets (see :func:`get_data_home`). It downloads a missing file if skmat has its
address.
"""

from skmat.datasets._aflow import fetch_aflow
from skmat.datasets._build import build_dataset
from skmat.datasets._formulas import fetch_formulas
from skmat.datasets._home import get_data_home
from skmat.datasets._jarvis import fetch_jarvis
from skmat.datasets._join import join_tables
from skmat.datasets._matbench import fetch_matbench
from skmat.datasets._matminer import fetch_matminer
from skmat.datasets._mp import fetch_mp
from skmat.datasets._mp_compositions import fetch_mp_compositions
from skmat.datasets._obelix import fetch_obelix
from skmat.datasets._oqmd import fetch_oqmd
from skmat.datasets._perovskites import fetch_perovskites
from skmat.datasets._transport import load_transport

__all__ = [
    "build_dataset",
    "fetch_aflow",
    "fetch_formulas",
    "fetch_jarvis",
    "fetch_matbench",
    "fetch_matminer",
    "fetch_mp",
    "fetch_mp_compositions",
    "fetch_obelix",
    "fetch_oqmd",
    "fetch_perovskites",
    "get_data_home",
    "join_tables",
    "load_transport",
]
