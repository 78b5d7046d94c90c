"""Run the missing cells of studies: ``python studies/run.py NAME`` with ``SKMAT_DATA`` set."""

import argparse
from importlib import import_module
from pathlib import Path

from runner import RESULTS, WORK, describe, missing, run


def declared():
    """Return the names of the modules that declare studies."""
    paths = sorted(Path(__file__).parent.glob("*.py"))
    return [path.stem for path in paths if "\nSTUDIES = " in path.read_text(encoding="utf-8")]


def find(name):
    """Return the study of that name, or all of a module."""
    studies = import_module(name.split("/")[0]).STUDIES
    return [study for study in studies if name in (study.name, study.name.split("/")[0])]


def choice(text):
    axis, _, values = text.partition("=")
    return axis, values.split(",")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"default: all of {', '.join(declared())}")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--work", type=Path, default=WORK, help="folder of weights and graphs")
    parser.add_argument("--dry-run", action="store_true", help="list the missing cells")
    parser.add_argument(
        "--only",
        type=choice,
        nargs="*",
        default=[],
        metavar="AXIS=VALUES",
        help="task=glass,steels",
    )
    arguments = parser.parse_args()
    only = dict(arguments.only)
    for study in [study for name in arguments.names or declared() for study in find(name)]:
        cells = missing(study, arguments.out, only)
        print(f"{study.name}: {len(cells)} of {len(study.cells)} cells to run", flush=True)
        if arguments.dry_run:
            for cell in cells:
                print(f"  {describe(cell)}")
        else:
            run(study, arguments.out, arguments.work.absolute(), jobs=arguments.jobs, only=only)


if __name__ == "__main__":
    main()
