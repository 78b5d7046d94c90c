"""The mechanism of streams: chunks, processes, shards, and parts that are done."""

import copy
import sys
import time
from itertools import islice

from joblib import delayed, effective_n_jobs
from sklearn.utils import Bunch

from skmat._utils.parallel import make_parallel
from skmat.exceptions import InvalidInputError
from skmat.screening._columns import input_of
from skmat.screening._parts import FORMATS, Parts
from skmat.screening._predictor import as_text
from skmat.screening._source import open_source

__all__ = ["checked_shard", "run_stream"]

#: Chunks that wait for each process. With more, processes wait less for each other.
_CHUNKS_PER_WORKER = 4


def run_stream(predictor, source, sink, *, chunk_size, columns, format, shard, n_jobs, verbose):
    """Write the results of a source, chunk by chunk.

    Parameters
    ----------
    predictor : Predictor
        What adds columns to a chunk.
    source, sink, chunk_size, columns, format, shard, n_jobs, verbose
        See ``predict_stream``.

    Returns
    -------
    Bunch
        With `n_rows`, `n_bad`, `n_skipped` and `seconds`.

    Raises
    ------
    InvalidInputError
        If the source or the model cannot be read, or the folder holds another run.
    """
    k, n = checked_shard(shard)
    _check_options(format, chunk_size)
    opened = open_source(source)
    predictor = _reading(predictor, opened)
    material = predictor.material_column()
    structures = material if input_of(predictor.load()) == "structure" else None
    if columns is not None:
        columns = [*dict.fromkeys([*predictor.columns_read(), *columns])]
    settings = {
        "files": opened.identity(),
        "chunk_size": chunk_size,
        "columns": columns,
        "results": predictor.names(),
        "model": predictor.fingerprint(),
    }
    parts = Parts(sink, format, settings)
    done = Bunch(n_rows=0, n_bad=0, n_skipped=0, seconds=0.0)
    start, seen = time.perf_counter(), Bunch(n_chunks=0, n_rows=0)

    def missing():
        """Yield the chunks to predict, with their numbers and first rows."""
        for chunk, frame in enumerate(opened.chunks(chunk_size, material, columns)):
            first_row = seen.n_rows
            seen.n_chunks, seen.n_rows = chunk + 1, first_row + len(frame)
            if chunk % n == k and not _is_done(parts, chunk, frame, material):
                yield chunk, frame, first_row
            else:
                done.n_skipped += len(frame)

    # The source is read here, not in a thread of joblib, which would lose its errors.
    n_workers = effective_n_jobs(n_jobs)
    at_a_time = 1 if n_workers == 1 else _CHUNKS_PER_WORKER * n_workers
    with make_parallel(n_jobs) as run:
        for group in _groups(missing(), at_a_time):
            found = run(
                delayed(predictor.columns)(opened.given(frame, structures))
                for _, frame, _ in group
            )
            for (chunk, frame, first_row), (columns_, problems) in zip(group, found, strict=True):
                problems = opened.named(problems, frame, material)
                parts.write(chunk, predictor.joined(frame, columns_), problems, first_row)
                done.n_rows += len(frame)
                done.n_bad += len(problems)
                if verbose:
                    _say(done.n_rows, time.perf_counter() - start)
    if verbose and done.n_rows:
        print(file=sys.stderr)
    parts.finish(seen.n_chunks, seen.n_rows)
    done.seconds = time.perf_counter() - start
    return done


def _reading(predictor, source):
    """Return the predictor for the column of materials of a source."""
    if source.material is None:
        return predictor
    model = predictor.load()
    if input_of(model) != "structure":
        raise InvalidInputError(
            f"The source holds structure files, but the model, a {type(model).__name__}, reads"
            " formulas. Give tables of formulas, or a model of structures."
        )
    predictor = copy.copy(predictor)
    predictor.material = source.material
    return predictor


def _groups(items, size):
    """Yield lists of `size` items."""
    items = iter(items)
    while group := list(islice(items, size)):
        yield group


def _say(n_rows, seconds):
    print(f"\r{n_rows:,} rows, {n_rows / seconds:,.0f} rows/s", end="", file=sys.stderr)


def _is_done(parts, chunk, frame, material):
    """Tell whether a chunk is done. Its materials must be those of the source."""
    if not parts.has(chunk):
        return False
    known, now = parts.read_column(chunk, material), [as_text(each) for each in frame[material]]
    if len(known) == len(now):
        same = [
            (a != a or a is None) if not b else a == b for a, b in zip(known, now, strict=True)
        ]
        if all(same):
            return True
        row = same.index(False)
        difference = f"row {row} was {known[row]!r} and is now {now[row]!r}"
    else:
        difference = f"it had {len(known)} rows and has {len(now)}"
    raise InvalidInputError(
        f"{parts.path(chunk)} holds other materials than the source now: {difference}. Give a new"
        " folder, or restore the source."
    )


def checked_shard(shard):
    """Return a shard as (k, n), (0, 1) for None."""
    if shard is None:
        return 0, 1
    if (
        isinstance(shard, tuple | list)
        and len(shard) == 2
        and all(isinstance(each, int) for each in shard)
        and 0 <= shard[0] < shard[1]
    ):
        return tuple(shard)
    raise InvalidInputError(f"shard={shard!r} must be (k, n) with k from 0 to n - 1.")


def _check_options(format, chunk_size):
    if format not in FORMATS:
        raise InvalidInputError(f"format={format!r} must be one of {FORMATS}.")
    if format == "parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise InvalidInputError(
                "format='parquet' needs pyarrow. Install it with `pip install pyarrow`."
            ) from None
    if not isinstance(chunk_size, int) or chunk_size < 1:
        raise InvalidInputError(f"chunk_size={chunk_size!r} must be a positive number.")
