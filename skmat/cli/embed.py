"""The command ``skmat embed``."""

from dataclasses import replace

from skmat.cli.arguments import (
    add_disorder,
    add_materials,
    add_model,
    add_result,
    add_shares,
    own_shard,
)
from skmat.cli.interrupts import PARTS_ARE_KEPT
from skmat.cli.materials import given_materials, materials_and_output
from skmat.cli.model_files import JOBLIB_WARNING, check_outside, column_learned
from skmat.cli.output import check_results, describe_stream, warn_of_empty_rows, write_results
from skmat.cli.parser import examples
from skmat.exceptions import InvalidInputError

__all__ = ["add_embed"]


def add_embed(commands):
    """Add the command ``embed`` to the parser."""
    embed = commands.add_parser(
        "embed",
        help="turn formulas or structures into vectors",
        description="Embed a table, or formulas or structures on the command line. "
        + JOBLIB_WARNING,
        epilog=examples(
            (
                "vectors of the default encoder, as an array",
                "skmat embed materials.csv -o vectors.npy",
            ),
            (
                "structures, with a named encoder",
                "skmat embed --structures a.cif b.cif --pretrained cgcnn-mp-ssl -o vectors.csv",
            ),
            (
                "what a trained network has learned",
                "skmat embed materials.csv --model network.joblib -o vectors.npz",
            ),
            (
                "tables or structure files that do not fit into memory: a folder, then one file",
                "skmat embed candidates/ --parts parquet -o vectors\n"
                "skmat screen -o vectors --merge vectors.parquet",
            ),
        ),
    )
    add_materials(embed)
    source = embed.add_mutually_exclusive_group()
    source.add_argument(
        "--pretrained",
        metavar="NAME_OR_FOLDER",
        default="auto",
        help="encoder to use, or hf://organisation/name (default: the best shipped one)",
    )
    add_model(source, "--model")
    add_disorder(embed)
    add_result(
        embed,
        ".npy, .npz, or a table: .csv, .tsv, .csv.gz, .tsv.gz, .xlsx or .parquet",
    )
    embed.add_argument(
        "--parts",
        choices=("csv", "parquet"),
        help="for tables of any size, or a folder of tables or of structure files: write a folder"
        " with one file per chunk. The same command continues if it is interrupted. Rows"
        " that cannot be read are in its files bad-*.csv",
    )
    add_shares(embed)
    embed.set_defaults(run=_embed)


def _embed(arguments):
    import numpy as np

    from skmat.cli.result_files import ARRAY_SUFFIXES, TABLE_SUFFIXES, suffix_of, write_arrays

    if arguments.parts:
        arguments.left = PARTS_ARE_KEPT
        _embed_parts(arguments)
        return
    if arguments.shard or arguments.jobs:
        raise InvalidInputError("--shard and --jobs belong to --parts.")
    given = materials_and_output(arguments, (*ARRAY_SUFFIXES, *TABLE_SUFFIXES))
    encoder = _encoder(arguments, given)
    encoder.set_params(on_invalid=arguments.on_invalid, **given.disorder)
    table, X = given.read()
    as_arrays = arguments.output and suffix_of(arguments.output) in ARRAY_SUFFIXES
    names = list(encoder.get_feature_names_out())
    check_results(arguments, given, table, X, [] if as_arrays else names)
    with given.naming_cells(table):
        vectors = encoder.transform(X)
    if as_arrays:
        warn_of_empty_rows(vectors)
        materials = np.array(table.texts(given.column))
        write_arrays(arguments.output, vectors, materials=materials, names=np.array(names))
        print(f"Wrote {arguments.output}: {vectors.shape[0]} x {vectors.shape[1]}, float32.")
        return
    write_results(table, dict(zip(names, vectors.T, strict=True)), arguments.output)


def _encoder(arguments, given):
    """Return the encoder of --model or --pretrained, which reads the materials given."""
    if not arguments.model:
        family = given.choose_family(None, arguments.pretrained)
        return family.encoder.from_pretrained(arguments.pretrained)
    encoder = given.load_model(arguments.model)
    if not hasattr(encoder, "transform"):
        raise InvalidInputError(
            f"{arguments.model} holds an average of models ({type(encoder).__name__}), which"
            " predicts but does not embed. Use --pretrained, or a model of one network."
        )
    return encoder


def _embed_parts(arguments):
    """Write a folder of parts, in constant memory."""
    from skmat.cli.result_files import suffix_of
    from skmat.screening import transform_stream
    from skmat.screening._source import open_source

    if arguments.data is None or arguments.output is None:
        raise InvalidInputError("--parts needs a table or a folder, and the folder -o to write.")
    if suffix_of(arguments.output):
        raise InvalidInputError(
            f"With --parts, -o {arguments.output} names a folder. Give a name without an ending."
        )
    check_outside(arguments.output)
    given = given_materials(arguments)
    column = arguments.formula_column or arguments.structure_column
    if open_source(arguments.data).material:
        given = replace(given, input="structure")
    done = transform_stream(
        _encoder(arguments, given).set_params(**given.disorder),
        arguments.data,
        arguments.output,
        chunk_size=arguments.chunk_size,
        format=arguments.parts,
        shard=own_shard(arguments),
        n_jobs=arguments.jobs,
        material=column or column_learned(arguments.model),
    )
    print(f"Wrote {arguments.output}: {describe_stream(done)}.")
