"""The command ``skmat screen``."""

from pathlib import Path

from skmat._utils.csv_text import quoting_of
from skmat.cli.arguments import add_model, add_shares, column_names, coverage, own_shard
from skmat.cli.model_files import JOBLIB_WARNING, check_outside, column_learned
from skmat.cli.output import describe_stream
from skmat.cli.parser import examples
from skmat.exceptions import InvalidInputError

__all__ = ["add_screen"]

# Functions import NumPy on use, to keep `skmat --help` fast.


def add_screen(commands):
    """Add the command ``screen`` to the parser."""
    screen = commands.add_parser(
        "screen",
        help="predict for tables or structure files of any number, and find the best rows",
        description="Predict for tables and structure files that do not fit into memory. The"
        " result is a folder with one file per part. If the command is interrupted, the same"
        " command continues. Without a table, only --merge and --top are done. Rows that cannot be"
        " read have no prediction, and the files bad-*.csv give the reasons. " + JOBLIB_WARNING,
        epilog=examples(
            (
                "a folder of tables, and the 1,000 largest gaps above 2",
                'skmat screen candidates/ --model gaps -o out --top 1000 --by "gap>2"',
            ),
            (
                "a folder of CIF files, for a model of structures",
                "skmat screen cifs/ --model bulk_modulus -o out",
            ),
            (
                "the third of sixteen shards, as on one of sixteen machines",
                "skmat screen candidates/*.parquet --model gaps -o out --shard 3/16",
            ),
            (
                "all shards are done: one file",
                "skmat screen -o out --merge predicted.csv",
            ),
        ),
    )
    screen.add_argument(
        "data",
        nargs="*",
        type=Path,
        help="tables (.csv, .tsv, perhaps compressed, or .parquet) or structures (CIF or POSCAR,"
        " one row each), or one folder of them",
    )
    add_model(screen, "--model")
    screen.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="folder of the result"
    )
    screen.add_argument(
        "--material-column",
        metavar="NAME",
        help="column of formulas or structures (default: that of the model)",
    )
    screen.add_argument(
        "--copy",
        action="append",
        metavar="A,B",
        help="columns of the tables to copy into the result (default: all; repeatable)",
    )
    screen.add_argument("--std", action="store_true", help="also write standard deviations")
    screen.add_argument(
        "--interval",
        type=coverage,
        metavar="COVERAGE",
        help="also write the ends of intervals of this coverage, such as 0.9",
    )
    screen.add_argument(
        "--proba", action="store_true", help="also write the probabilities of the classes"
    )
    screen.add_argument(
        "--novelty", action="store_true", help="also write the distance to the training set"
    )
    screen.add_argument(
        "--format", choices=("csv", "parquet"), default="csv", help="type of the parts"
    )
    add_shares(screen)
    screen.add_argument("--merge", type=Path, metavar="FILE", help="join all parts to one file")
    screen.add_argument("--top", type=int, metavar="N", help="print the N best rows")
    screen.add_argument(
        "--by",
        metavar="RULE",
        help="what is best: 'gap' (largest first), '-gap' (smallest first), and conditions, in any"
        " order, separated by commas: 'gap>1, gap<3, bulk'. Without a name alone, the first"
        " condition ranks: 'gap>2' largest first, 'gap<0.5' smallest first",
    )
    screen.add_argument("--quiet", action="store_true", help="no progress")
    screen.set_defaults(run=_screen)


def _screen(arguments):
    from skmat.screening import best_rows, merge_parts, predict_stream
    from skmat.screening._best import check_rule

    if (arguments.top is None) != (arguments.by is None):
        raise InvalidInputError("--top and --by belong together. Give both or none.")
    if arguments.top is not None:
        check_rule(arguments.top, arguments.by)
    for each in (arguments.output, arguments.merge):
        if each:
            check_outside(each)
    best = None
    if arguments.data:
        if arguments.model is None:
            raise InvalidInputError("Name a model with --model.")
        shard = own_shard(arguments)
        if shard and (arguments.merge or arguments.top):
            raise InvalidInputError(
                "--merge and --top need all shards. Give them without tables when all are done."
            )
        done = predict_stream(
            arguments.model,
            _source(arguments.data),
            arguments.output,
            chunk_size=arguments.chunk_size,
            columns=column_names(arguments.copy, "--copy") if arguments.copy else None,
            format=arguments.format,
            shard=shard,
            n_jobs=arguments.jobs,
            top=arguments.top,
            by=arguments.by,
            verbose=0 if arguments.quiet else 1,
            material=arguments.material_column or column_learned(arguments.model),
            return_std=arguments.std,
            interval=arguments.interval,
            proba=arguments.proba,
            novelty=arguments.novelty,
        )
        best = done.best
        print(f"Wrote {arguments.output}: {describe_stream(done)}.")
    elif not (arguments.merge or arguments.top):
        raise InvalidInputError("Give tables to screen, or --merge or --top for finished parts.")
    if arguments.merge:
        n_rows = merge_parts(arguments.output, arguments.merge)
        print(f"Wrote {arguments.merge}: {n_rows:,} rows.")
    if arguments.top:
        if best is None:
            best = best_rows(arguments.output, arguments.top, arguments.by)
        quoting = quoting_of(best)
        print(best.to_csv(index=False, float_format="%.4g", quoting=quoting), end="")


def _source(paths):
    """Return one folder or pattern as it is, and several files in the order given."""
    return paths[0] if len(paths) == 1 else paths
