"""Run the missing cells of studies: ``python studies/run.py NAME`` with ``SKMAT_DATA`` set."""

import argparse
from importlib import import_module
from pathlib import Path

from runner import RESULTS, WORK, describe, missing, run


def declared():
    """Return all studies of the modules in this folder."""
    paths = sorted(Path(__file__).parent.glob("*.py"))
    names = [path.stem for path in paths if "\nSTUDIES = " in path.read_text(encoding="utf-8")]
    return [study for name in names for study in import_module(name).STUDIES]


def find(name):
    """Return the study of that name and those of its parts, or those of another module."""
    found = [study for study in declared() if f"{study.name}/".startswith(f"{name}/")]
    return found or import_module(name).STUDIES


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="default: all")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--work", type=Path, default=WORK, help="folder of weights and graphs")
    parser.add_argument("--dry-run", action="store_true", help="list the missing cells")
    parser.add_argument("--only", nargs="*", default=[], help="as task=glass,steels fold=0")
    given = parser.parse_args()
    pairs = (text.split("=") for text in given.only)
    only = {axis: values.split(",") for axis, values in pairs}
    chosen = [study for name in given.names for study in find(name)]
    for study in chosen if given.names else declared():
        cells = missing(study, given.out, only)
        print(f"{study.name}: {len(cells)} of {len(study.cells)} cells to run", flush=True)
        if given.dry_run:
            for cell in cells:
                print(f"  {describe(cell)}")
        else:
            run(study, given.out, given.work.absolute(), jobs=given.jobs, only=only)


if __name__ == "__main__":
    main()
