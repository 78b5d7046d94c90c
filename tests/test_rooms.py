"""Rooms import from lower floors only, as the table of CONTRIBUTING.md says."""

import ast
import re
from pathlib import Path

import pytest

import skmat

PACKAGE = Path(skmat.__file__).parent
TABLE = PACKAGE.parent / "CONTRIBUTING.md"


def read_table():
    """Return the floor of each room, and the rooms that each imports from."""
    floors, imports = {}, {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].isdigit():
            for room in re.findall(r"`(\w+)(?:\.py)?`", cells[1]):
                floors[room] = int(cells[0])
                imports[room] = set(re.findall(r"`(\w+)`", cells[3]))
    return floors, imports


def imported_rooms(room):
    """Return the other rooms that the files of a room import from."""
    path = PACKAGE / room
    files = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
                if node.module == "skmat":
                    names = [f"skmat.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            found |= {name.split(".")[1] for name in names if name.startswith("skmat.")}
    # Names of estimators and the like come from `skmat` itself.
    return {each for each in found if (PACKAGE / each).is_dir() or each in FLOORS} - {room}


pytestmark = pytest.mark.skipif(not TABLE.is_file(), reason="CONTRIBUTING.md is not installed")
FLOORS, IMPORTS = read_table() if TABLE.is_file() else ({}, {})


def test_every_room_is_in_the_table():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert set(FLOORS) == folders | files


@pytest.mark.parametrize("room", sorted(FLOORS))
def test_rooms_import_downwards(room):
    above = {each for each in imported_rooms(room) if FLOORS[each] >= FLOORS[room]}
    # The ground floor is one room.
    assert not {each for each in above if FLOORS[each] > 0}


@pytest.mark.parametrize("room", sorted(FLOORS))
def test_rooms_import_what_the_table_says(room):
    ground = {each for each, floor in FLOORS.items() if floor == 0}
    assert imported_rooms(room) - ground == IMPORTS[room]


def test_the_ground_floor_imports_nothing_above():
    for room, floor in FLOORS.items():
        if floor == 0:
            assert all(FLOORS[each] == 0 for each in imported_rooms(room))
