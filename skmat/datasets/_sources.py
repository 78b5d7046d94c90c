"""Licence and citation of each data set."""

from dataclasses import asdict, dataclass

__all__ = [
    "AFLOW",
    "FORMULAS",
    "JARVIS",
    "MP",
    "MP_BUILD",
    "MP_COMPOSITIONS",
    "OBELIX",
    "OQMD",
    "PEROVSKITES",
    "matbench_source",
    "matminer_source",
]

_MP_LICENCE = "CC BY 4.0 (Materials Project; GNoME materials, under another licence, are left out)"
_MP_CITATION = (
    'A. Jain et al., "Commentary: The Materials Project: A materials genome approach to'
    ' accelerating materials innovation", APL Materials 1, 011002 (2013).'
    " https://doi.org/10.1063/1.4812323"
)
_CRABNET_CITATION = (
    'A. Y.-T. Wang et al., "Compositionally restricted attention-based network for materials'
    ' property predictions", npj Computational Materials 7, 77 (2021).'
    " https://doi.org/10.1038/s41524-021-00545-1"
)
_MATBENCH_CITATION = (
    'A. Dunn, Q. Wang, A. Ganose, D. Dopp, A. Jain, "Benchmarking materials property prediction'
    ' methods: the Matbench test set and Automatminer reference algorithm", npj Computational'
    " Materials 6, 138 (2020). https://doi.org/10.1038/s41524-020-00406-3"
)
_CASTELLI_CITATION = (
    'I. E. Castelli et al., "New cubic perovskites for one- and two-photon water splitting using'
    ' the computational materials repository", Energy & Environmental Science 5, 9034-9043 (2012).'
    " https://doi.org/10.1039/C2EE22341D"
)


@dataclass(frozen=True)
class Source:
    """Licence and citation of a data set, for its Bunch.

    Attributes
    ----------
    licence : str
        Licence of the data, as the source states it.
    citation : str
        What to cite.
    """

    licence: str
    citation: str

    def entries(self):
        """Return the attributes as a dict."""
        return asdict(self)


OQMD = Source(
    "CC BY 4.0 (OQMD)",
    'S. Kirklin et al., "The Open Quantum Materials Database (OQMD): assessing the accuracy of DFT'
    ' formation energies", npj Computational Materials 1, 15010 (2015).'
    f" https://doi.org/10.1038/npjcompumats.2015.10. The extract: {_CRABNET_CITATION}",
)

AFLOW = Source(
    "Terms not stated by the compilation (AFLOW)",
    'S. Curtarolo et al., "AFLOWLIB.ORG: A distributed materials properties repository from'
    ' high-throughput ab initio calculations", Computational Materials Science 58, 227-235 (2012).'
    f" https://doi.org/10.1016/j.commatsci.2012.02.002. The extract: {_CRABNET_CITATION}",
)

FORMULAS = Source(
    "Formulas alone, which are facts; their sources have the licences that `sources` implies",
    "Cite the sources whose formulas you use (see DESCR).",
)

MP = Source(_MP_LICENCE, _MP_CITATION)

MP_BUILD = Source(
    "CC BY 4.0 (Materials Project); not for GNoME materials, which have another licence and which"
    " your file holds unless you left them out",
    _MP_CITATION,
)

MP_COMPOSITIONS = Source(
    "CC BY 4.0 (Materials Project)", f"{_MP_CITATION}. The extract: {_CRABNET_CITATION}"
)

JARVIS = Source(
    "Public domain in the United States (JARVIS-DFT, a work of NIST)",
    'K. Choudhary et al., "The joint automated repository for various integrated simulations'
    ' (JARVIS) for data-driven materials design", npj Computational Materials 6, 173 (2020).'
    " https://doi.org/10.1038/s41524-020-00440-1. The extract:"
    ' V. Gupta et al., "Cross-property deep transfer learning framework for enhanced predictive'
    ' analytics on small materials data", Nature Communications 12, 6595 (2021).'
    " https://doi.org/10.1038/s41467-021-26921-5",
)

PEROVSKITES = Source(
    "MIT for the extract (CDVAE); the Computational Materials Repository states its own terms",
    f"{_CASTELLI_CITATION}. The extract:"
    ' T. Xie, X. Fu, O.-E. Ganea, R. Barzilay, T. Jaakkola, "Crystal Diffusion Variational'
    ' Autoencoder for Periodic Material Generation", ICLR (2022). https://arxiv.org/abs/2110.06197',
)

OBELIX = Source(
    "CC BY 4.0",
    'F. Therrien et al., "OBELiX: A Curated Dataset of Crystal Structures and Experimentally'
    ' Measured Ionic Conductivities for Lithium Solid-State Electrolytes", arXiv:2502.14234'
    " (2025). https://arxiv.org/abs/2502.14234",
)

_MATBENCH_UPSTREAM = {
    "matbench_jdft2d": "public domain in the United States (JARVIS-DFT, a work of NIST)",
    "matbench_perovskites": "terms of the Computational Materials Repository",
    "matbench_steels": "none stated by the compilation",
    "matbench_expt_gap": "none stated by the compilation",
    "matbench_expt_is_metal": "none stated by the compilation",
    "matbench_glass": "none stated by the compilation",
}

_MATMINER_CITATIONS = {
    "elastic": 'M. de Jong et al., "Charting the complete elastic properties of inorganic'
    ' crystalline compounds", Scientific Data 2, 150009 (2015).'
    " https://doi.org/10.1038/sdata.2015.9",
    "dielectric": 'I. Petousis et al., "High-throughput screening of inorganic compounds for the'
    ' discovery of novel dielectric and optical materials", Scientific Data 4, 160134 (2017).'
    " https://doi.org/10.1038/sdata.2016.134",
    "piezoelectric": 'M. de Jong, W. Chen, H. Geerlings, M. Asta, K. A. Persson, "A database to'
    ' enable discovery and design of piezoelectric materials", Scientific Data 2, 150053 (2015).'
    " https://doi.org/10.1038/sdata.2015.53",
    "flla": 'F. Faber, A. Lindmaa, O. A. von Lilienfeld, R. Armiento, "Crystal structure'
    ' representations for machine learning models of formation energies", International Journal of'
    " Quantum Chemistry 115, 1094-1101 (2015). https://doi.org/10.1002/qua.24917. The data:"
    f" {_MP_CITATION}",
}


def matbench_source(name):
    """Return the source of a Matbench task, by its official name."""
    upstream = _MATBENCH_UPSTREAM.get(name, "CC BY 4.0 (Materials Project)")
    return Source(f"MIT for Matbench; upstream: {upstream}", _MATBENCH_CITATION)


def matminer_source(name):
    """Return the source of a set of :func:`~skmat.datasets.fetch_matminer`, by name."""
    return Source("CC BY 4.0 (Materials Project)", _MATMINER_CITATIONS[name])
