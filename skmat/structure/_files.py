"""Read files and dicts of structures, without importing what they name."""

import codecs
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
from monty.io import zopen
from pymatgen.core import Structure

from skmat.exceptions import InvalidInputError
from skmat.structure._cif import structure_from_cif
from skmat.structure._poscar import settled_poscar

__all__ = [
    "is_structure_file",
    "structure_from_dict",
    "structure_from_file",
    "structure_from_text",
]

#: Bytes of a file after decompression. 10,000 atoms take about 1 MB.
_MOST_BYTES = 64 * 2**20

#: File names that pymatgen recognises before JSON and YAML.
_OTHERS = ("chgcar", "locpot", "vasprun")

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def is_structure_file(name):
    """Tell by its name whether a file is a CIF or a POSCAR, perhaps compressed."""
    return _form_of(name) in ("cif", "poscar")


def structure_from_file(path):
    """Read a file into a pymatgen Structure."""
    path = Path(path)
    form = _form_of(path.name)
    if form is None:
        return Structure.from_file(path)
    text = _text_of(path)
    if form == "yaml":
        return structure_from_dict(_from_yaml(text))
    return structure_from_text(text, form)


def structure_from_text(text, form):
    """Read the text of a CIF, a POSCAR or a dict as JSON into a pymatgen Structure."""
    if form == "cif":
        return structure_from_cif(text)
    if form == "json":
        return structure_from_dict(orjson.loads(text))
    return Structure.from_str(settled_poscar(text), fmt="poscar")


def structure_from_dict(given):
    """Read a dict of ``Structure.as_dict`` into a pymatgen Structure.

    ``"@module"`` and ``"@class"`` are dropped: they name classes to import. Properties that
    contain mappings are dropped too.
    """
    if not isinstance(given, Mapping):
        raise InvalidInputError(f"it holds a {type(given).__name__}, not a dict")
    for key in ("lattice", "sites"):
        if key not in list(given):  # a Composition is a mapping too, and has every key
            raise InvalidInputError(f"it lacks {key!r}: pass a dict of Structure.as_dict")
    lattice = {key: given["lattice"][key] for key in given["lattice"] if key in _OF_A_LATTICE}
    sites = [
        {
            "species": [_plain(each) for each in site["species"]],
            "abc": site["abc"],
            "label": site.get("label"),
            "properties": _plain(site.get("properties") or {}),
        }
        for site in given["sites"]
    ]
    properties = _plain(given.get("properties") or {})
    plain = {"lattice": lattice, "sites": sites, "properties": properties}
    if given.get("charge") is not None:
        plain["charge"] = given["charge"]
    return Structure.from_dict(plain)


_OF_A_LATTICE = ("matrix", "pbc", "a", "b", "c", "alpha", "beta", "gamma")

#: Keys of a species whose values may be mappings.
_OF_A_SPECIES = ("properties",)


def _plain(mapping):
    """Drop the keys that name a class, and values that contain mappings."""
    return {
        key: _plain(value) if key in _OF_A_SPECIES and isinstance(value, Mapping) else value
        for key, value in mapping.items()
        if not str(key).startswith("@") and (key in _OF_A_SPECIES or not _holds_mappings(value))
    }


def _holds_mappings(value):
    if isinstance(value, Mapping):
        return True
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return any(_holds_mappings(each) for each in value)
    return False


def _form_of(name):
    """Return the format of a file, or None to leave it to pymatgen."""
    name = name.lower()
    if ".cif" in name or ".mcif" in name:
        return "cif"
    if "poscar" in name or "contcar" in name or name.endswith(".vasp"):
        return "poscar"
    if name.startswith(_OTHERS) or ".cssr" in name:
        return None
    if ".json" in name or ".mson" in name:
        return "json"
    return "yaml" if ".yaml" in name or ".yml" in name else None


def _text_of(path):
    with zopen(str(path), mode="rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise InvalidInputError(f"it is larger than {_MOST_BYTES // 2**20} MB")
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _from_yaml(text):
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(io.StringIO(text))
