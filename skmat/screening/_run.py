"""The mechanism of streams: chunks, processes, shards, and parts that are done."""

import copy
import sys
import time
import warnings
from collections import Counter
from datetime import timedelta
from itertools import islice

import pandas as pd
from joblib import delayed, effective_n_jobs
from sklearn.utils import Bunch

from skmat._utils.parallel import make_parallel
from skmat._utils.prepared import describe_odd_rows
from skmat.exceptions import InvalidInputError, NoveltyWarning
from skmat.screening._best import column_of
from skmat.screening._columns import input_of
from skmat.screening._digest import digest_of
from skmat.screening._parts import FORMATS, Parts, other_materials
from skmat.screening._predictor import as_text
from skmat.screening._source import open_source

__all__ = ["checked_shard", "run_stream"]

#: Chunks that wait for each process. With more, processes wait less for each other.
_CHUNKS_PER_WORKER = 4


def run_stream(
    predictor,
    source,
    sink,
    *,
    chunk_size,
    columns,
    format,
    shard,
    n_jobs,
    verbose,
    ranked_by=(),
):
    """Write the results of a source, chunk by chunk.

    Parameters
    ----------
    predictor : Predictor
        What adds columns to a chunk.
    source, sink, chunk_size, columns, format, shard, n_jobs, verbose
        See ``predict_stream``.
    ranked_by : list of str, default=()
        Names of targets or columns that the result must have.

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
    # Each chunk has the model that is there now.
    predictor = _reading(predictor.pinned(), opened)
    material = predictor.material_column()
    structures = material if input_of(predictor.load()) == "structure" else None
    if columns is not None:
        columns = [*dict.fromkeys([*predictor.columns_read(), *columns])]
    settings = {
        "files": opened.identity(),
        "chunk_size": chunk_size,
        "columns": columns,
        "material": material,
        "results": predictor.names(),
        **predictor.settings(),
    }
    parts = Parts(sink, format, settings)
    end = parts.end()
    done = Bunch(n_rows=0, n_bad=0, n_skipped=0, seconds=0.0)
    n_rows = opened.n_rows() if verbose else None
    start, seen = time.perf_counter(), Bunch(n_chunks=0, n_rows=0, odd=Counter())

    def missing():
        """Yield the chunks to predict, with their numbers and first rows."""
        for chunk, frame in enumerate(opened.chunks(chunk_size, material, columns)):
            for name in ranked_by if chunk == 0 else ():
                column_of(name, [*frame, *predictor.names()], "The result")
            if end is not None and chunk >= end["n_chunks"]:
                raise other_materials(sink, f"it had {end['n_rows']:,} rows and has more")
            first_row = seen.n_rows
            seen.n_chunks, seen.n_rows = chunk + 1, first_row + len(frame)
            if chunk % n != k:
                done.n_skipped += len(frame)
                continue
            given = opened.given(frame, structures)
            digest = digest_of(given[structures]) if structures in given else None
            if not _is_done(parts, chunk, frame, material, digest):
                yield chunk, frame, given, first_row, digest
            else:
                done.n_skipped += len(frame)

    # The source is read here, not in a thread of joblib, which would lose its errors.
    n_workers = effective_n_jobs(n_jobs)
    at_a_time = 1 if n_workers == 1 else _CHUNKS_PER_WORKER * n_workers
    with make_parallel(n_jobs) as run:
        for group in _groups(missing(), at_a_time):
            found = run(delayed(predictor.outcome)(given) for _, _, given, *_ in group)
            for (chunk, frame, _, first_row, digest), result in zip(group, found, strict=True):
                columns_, problems, odd = result
                problems = opened.named(problems, frame, material)
                table = predictor.joined(frame, columns_)
                parts.write(chunk, table, problems, first_row, digest)
                done.n_rows += len(frame)
                done.n_bad += len(problems)
                seen.odd.update(odd)
                if verbose:
                    after = first_row + len(frame)
                    n_left = None if n_rows is None else max(n_rows - after, 0) / n
                    _say(done.n_rows, time.perf_counter() - start, n_left)
    if verbose and done.n_rows:
        print(file=sys.stderr)
    parts.finish(seen.n_chunks, seen.n_rows)
    done.seconds = time.perf_counter() - start
    for what, n_odd in seen.odd.items():
        text = describe_odd_rows(what, n_odd, done.n_rows)
        warnings.warn(text, NoveltyWarning, stacklevel=3)
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


def _say(n_rows, seconds, n_left):
    text = f"{n_rows:,} rows, {n_rows / seconds:,.0f} rows/s"
    if n_left is not None:
        text += f", about {timedelta(seconds=round(n_left * seconds / n_rows))} left"
    # Wide enough to cover a longer text before it.
    print(f"\r{text:<60}", end="", file=sys.stderr)


def _is_done(parts, chunk, frame, material, digest):
    """Tell whether a chunk is done. Its rows must be those of the source."""
    if not parts.has(chunk) or material not in frame:  # the predictor says that it is missing
        return False
    columns = parts.columns(chunk)
    frame = frame[[name for name in frame if name in columns]]
    known = parts.read_columns(chunk, list(frame))
    texts = [as_text(each) for each in frame[material]]
    now = parts.as_written(frame.assign(**{material: texts}).reset_index(drop=True))
    difference = _difference(known, now)
    if difference is None and parts.digest(chunk) != digest:
        difference = "structures or files have changed"
    if difference is None:
        return True
    raise other_materials(parts.path(chunk), difference)


def _difference(known, now):
    """Return how a part differs from the source, None if it does not."""
    if len(known) != len(now):
        return f"it had {len(known)} rows and has {len(now)}"
    for name in known:
        pairs = zip(known[name].tolist(), now[name].tolist(), strict=True)
        for row, (was, value) in enumerate(pairs):
            if not _are_equal(was, value):
                return f"{name!r} of row {row} was {was!r} and is now {value!r}"
    return None


def _are_equal(known, now):
    """Tell whether a cell of a part, perhaps as text, is that of a source."""
    if _is_missing(known) or _is_missing(now):
        return _is_missing(known) and _is_missing(now)
    if str(known) == str(now):
        return True
    try:
        return float(known) == float(now)
    except (TypeError, ValueError):
        return False


def _is_missing(value):
    is_nan = isinstance(value, float) and value != value
    return value is None or value is pd.NA or is_nan or (isinstance(value, str) and not value)


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
