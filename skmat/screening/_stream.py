"""Predictions and vectors for a source of any size: in constant memory, resumable, in shards."""

from skmat.exceptions import InvalidInputError
from skmat.screening._best import best_rows, check_rule
from skmat.screening._predictor import Embedder, Predictor
from skmat.screening._run import checked_shard, run_stream

__all__ = ["predict_stream", "transform_stream"]


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
        A file, a folder, or a pattern such as ``candidates/*.parquet``. Files of a folder are read
        in the order of their names. They are one of:

        - tables: .csv or .tsv, perhaps with .gz, .bz2 or .xz, or .parquet, which needs pyarrow.
          A column holds formulas; or structures as text of a CIF or POSCAR, as JSON of
          ``Structure.as_dict``, or as paths relative to the folder of the tables.
        - structures, one per file: CIF or POSCAR, for models that read structures. They are read
          in the process that predicts. The result has their names in the column "file".

        Or an iterable of DataFrames, of dicts of columns, or of materials. Or a Dataset of
        pyarrow, such as a partitioned folder, whose paths of structures are absolute.
    sink : path-like
        Folder of the result. ``part-*`` holds the rows with their predictions. ``bad-*.csv`` holds
        rows that cannot be read, with row numbers of the source from 0 and reasons.
        ``digest-*.txt`` tells the structures of a part from others.
    chunk_size : int, default=10_000
        Rows per chunk and per file.
    columns : list of str, default=None
        Columns of tables to copy. None copies all. Those that the model reads are always
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
        1 prints the number of rows, the rate and about how long it will take to standard error.
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
    >>> formulas = "NaCl KCl NaBr KBr LiF NaF LiCl KF RbCl CsCl".split()
    >>> gaps = [8.5, 8.4, 7.1, 7.4, 13.6, 11.5, 9.4, 10.8, 8.2, 8.3]  # eV
    >>> model = AutoRegressor(preset=["trees"], random_state=0).fit(formulas, gaps)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = predict_stream(
    ...         model, ["LiBr", "what?", "RbF"], folder, verbose=0
    ...     )
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
    _check_best(top, by, shard)
    done = run_stream(
        predictor,
        source,
        sink,
        chunk_size=chunk_size,
        columns=columns,
        format=format,
        shard=shard,
        n_jobs=n_jobs,
        verbose=verbose,
        ranked_by=() if top is None else [term.name for term in check_rule(top, by)],
    )
    done.best = None if top is None else best_rows(sink, top, by)
    return done


def transform_stream(
    model,
    source,
    sink,
    *,
    chunk_size=10_000,
    columns=None,
    format="csv",
    shard=None,
    n_jobs=None,
    verbose=1,
    material=None,
):
    """Write the vectors of a source of any size, in constant memory.

    It works as :func:`predict_stream` does, and writes what ``transform`` returns: one column per
    feature, as float32. The folder, the resumption after a kill, shards and :func:`merge_parts`
    are the same.

    Parameters
    ----------
    model : str, path-like or transformer
        A fitted encoder, such as ``MTEncoder.from_pretrained()``, a fitted regressor or
        classifier of one family, whose encoder is used, or a fitted featurizer of skmat. Or a
        folder of ``save_model``, an address "hf://organisation/name" or a joblib file of one.
    source, sink, chunk_size, columns, format, shard, n_jobs, verbose
        See :func:`predict_stream`. With "parquet", the files take about half the space of "csv".
    material : str, default=None
        Column of the formulas or structures. See :class:`Predictor`.

    Returns
    -------
    Bunch
        With `n_rows`, `n_bad`, `n_skipped` and `seconds`, as of :func:`predict_stream`.

    Raises
    ------
    InvalidInputError
        If the source or the model cannot be read, or the model has no ``transform``. If the folder
        holds another run, or rows of the source have changed since. What has been written stays.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from skmat import MTEncoder
    >>> from skmat.screening import merge_parts, transform_stream
    >>> encoder = MTEncoder.from_pretrained()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = transform_stream(
    ...         encoder, ["TiO2", "NaCl"], f"{folder}/parts", verbose=0
    ...     )
    ...     n_rows = merge_parts(f"{folder}/parts", f"{folder}/vectors.csv")
    ...     pd.read_csv(f"{folder}/vectors.csv").shape
    (2, 257)
    """
    return run_stream(
        Embedder(model, material=material),
        source,
        sink,
        chunk_size=chunk_size,
        columns=columns,
        format=format,
        shard=shard,
        n_jobs=n_jobs,
        verbose=verbose,
    )


def _check_best(top, by, shard):
    if (top is None) != (by is None):
        raise InvalidInputError("top= and by= belong together: give both or none.")
    if top is not None:
        check_rule(top, by)
        if checked_shard(shard)[1] > 1:
            raise InvalidInputError("With shards, call best_rows after the last of them.")
