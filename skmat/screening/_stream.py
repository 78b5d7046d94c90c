"""Predictions for a source of any size: in constant memory, resumable, in shards."""

import sys
import time
from itertools import islice

from joblib import delayed, effective_n_jobs
from sklearn.utils import Bunch

from skmat._utils.parallel import make_parallel
from skmat.exceptions import InvalidInputError
from skmat.screening._best import best_rows, check_rule
from skmat.screening._parts import FORMATS, Parts
from skmat.screening._predictor import Predictor, as_text
from skmat.screening._source import chunks_of, files_of

__all__ = ["predict_stream"]

#: Chunks that wait for each process. With more, processes wait less for each other.
_CHUNKS_PER_WORKER = 4


def predict_stream(
    model,
    source,
    sink,
    *,
    chunk_size=10_000,
    columns=None,
    format="csv",
    shard=None,
    n_jobs=None,
    top=None,
    by=None,
    verbose=1,
    material=None,
    return_std=False,
    interval=None,
    proba=False,
    novelty=False,
):
    """Predict for a source of any size, in constant memory.

    The result is a folder with one file per chunk of rows. If the run is interrupted or killed,
    the same call continues where it stopped. Several machines can share one source and one folder:
    each takes a shard. :func:`merge_parts` joins the files.

    Parameters
    ----------
    model : str, path-like, estimator or Predictor
        A folder of ``save_model``, an address "hf://organisation/name", a joblib file, or a fitted
        predictor. See :class:`Predictor`.
    source : str, path-like, list of Path, or iterable
        A file, a folder, or a pattern such as ``candidates/*.parquet``. Files are .csv or
        .tsv, perhaps with .gz, .bz2 or .xz, or .parquet, which needs pyarrow. Files of a folder
        are read in the order of their names. Or an iterable of DataFrames, of dicts of columns, or
        of materials.
    sink : path-like
        Folder of the result. ``part-*`` holds the rows with their predictions. ``bad-*.csv`` holds
        rows that cannot be read, with row numbers of the source from 0 and reasons.
    chunk_size : int, default=10_000
        Rows per chunk and per file.
    columns : list of str, default=None
        Columns of the source to copy. None copies all. Those that the model reads are always
        copied.
    format : {"csv", "parquet"}, default="csv"
        Type of the files.
    shard : tuple of (int, int), default=None
        (k, n) predicts for every n-th chunk from the k-th on, from (0, n) to (n - 1, n).
    n_jobs : int, default=None
        Chunks at a time, each in a process. joblib's backends, such as Dask, are used if they are
        selected by ``joblib.parallel_config``.
    top : int, default=None
        Number of the best rows to return, by the rule `by`. Not with `shard`: call
        :func:`best_rows` after all shards.
    by : str, default=None
        Rule, such as "gap>2". See :func:`best_rows`.
    verbose : int, default=1
        1 prints the number of rows and the rate to standard error.
    material, return_std, interval, proba, novelty
        See :class:`Predictor`. Not with a Predictor, which has its own.

    Returns
    -------
    Bunch
        With the attributes:

        - `n_rows`, `n_bad` : rows of the source that this call predicted, and how many of them
          cannot be read.
        - `n_skipped` : rows that were done already, or belong to other shards.
        - `seconds` : time that it took.
        - `best` : DataFrame of the best rows, None without `top`.

    Raises
    ------
    InvalidInputError
        If the source or the model cannot be read. If the folder holds another run, or rows of the
        source have changed since. What has been predicted stays.

    Examples
    --------
    >>> import tempfile
    >>> from skmat import AutoRegressor
    >>> from skmat.screening import predict_stream
    >>> formulas = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "LiCl", "KF", "RbCl", "CsCl"]
    >>> gaps = [8.5, 8.4, 7.1, 7.4, 13.6, 11.5, 9.4, 10.8, 8.2, 8.3]  # eV
    >>> model = AutoRegressor(preset=["trees"], random_state=0).fit(formulas, gaps)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = predict_stream(model, ["LiBr", "what?", "RbF"], folder, verbose=0)
    >>> done.n_rows, done.n_bad
    (3, 1)
    """
    asked = {
        "material": material,
        "return_std": return_std,
        "interval": interval,
        "proba": proba,
        "novelty": novelty,
    }
    if isinstance(model, Predictor):
        given = [name for name, value in asked.items() if value not in (None, False)]
        if given:
            raise InvalidInputError(f"The model is a Predictor: give it {given[0]} instead.")
        predictor = model
    else:
        predictor = Predictor(model, **asked)
    k, n = _checked_shard(shard)
    _check_options(format, chunk_size, top, by, n)
    material, names = predictor.material_column(), predictor.names()
    if columns is not None:
        columns = [*dict.fromkeys([*predictor.columns_read(), *columns])]
    files = files_of(source)
    settings = {
        "files": None if files is None else [[path.name, path.stat().st_size] for path in files],
        "chunk_size": chunk_size,
        "columns": columns,
        "results": names,
        "model": predictor.fingerprint(),
    }
    parts = Parts(sink, format, settings)
    done = Bunch(n_rows=0, n_bad=0, n_skipped=0, seconds=0.0, best=None)
    start, seen = time.perf_counter(), Bunch(n_chunks=0, n_rows=0)

    def missing():
        """Yield the chunks to predict, with their numbers and first rows."""
        for chunk, frame in enumerate(chunks_of(source, chunk_size, material, columns)):
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
            found = run(delayed(predictor.columns)(frame) for _, frame, _ in group)
            for (chunk, frame, first_row), (columns_, problems) in zip(group, found, strict=True):
                parts.write(chunk, predictor.joined(frame, columns_), problems, first_row)
                done.n_rows += len(frame)
                done.n_bad += len(problems)
                if verbose:
                    _say(done.n_rows, time.perf_counter() - start)
    if verbose and done.n_rows:
        print(file=sys.stderr)
    parts.finish(seen.n_chunks, seen.n_rows)
    done.seconds = time.perf_counter() - start
    if top is not None:
        done.best = best_rows(sink, top, by)
    return done


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


def _checked_shard(shard):
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


def _check_options(format, chunk_size, top, by, n_shards):
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
    if (top is None) != (by is None):
        raise InvalidInputError("top= and by= belong together: give both or none.")
    if top is not None:
        check_rule(top, by)
        if n_shards > 1:
            raise InvalidInputError("With shards, call best_rows after the last of them.")
