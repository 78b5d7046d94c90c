import io
import os
from pathlib import Path

import matminer.datasets
import numpy as np
import pandas as pd
import pytest
from common.matbench import each_task
from pymatgen.core import Lattice, Structure

from skmat.datasets import (
    _matbench_download,
    fetch_aflow,
    fetch_matbench,
    fetch_mp_compositions,
    fetch_obelix,
)
from skmat.datasets._files import read_content, write_file
from skmat.datasets._matbench_download import (
    content_of,
    is_table,
    official_formula,
    official_test_folds,
    structures_path,
    table_path,
    values_of,
)
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, MatbenchTaskInfo
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError
from skmat.structure import StructureArrays

N_ROWS = 12


@pytest.fixture
def loader(monkeypatch):
    """Function that makes matminer's loader return a frame, or raise."""
    folders = []

    def install(outcome):
        def load_dataset(name, data_home, download_if_missing):
            assert download_if_missing
            folders.append(data_home)
            Path(data_home, f"{name}.json.gz").write_text("downloaded")
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        monkeypatch.setattr(matminer.datasets, "load_dataset", load_dataset)
        return folders

    return install


@pytest.fixture
def small_tasks(monkeypatch):
    """Tasks of twelve rows in place of the real ones."""
    for name in ("matbench_steels", "matbench_phonons", "matbench_glass"):
        info = MATBENCH_TASKS[name]
        small = MatbenchTaskInfo(
            name, N_ROWS, info.target, info.unit, info.kind, info.has_structure
        )
        monkeypatch.setitem(MATBENCH_TASKS, name, small)
    for name, frame in (("matbench_steels", _steels()), ("matbench_phonons", _phonons())):
        if "structure" in frame:
            formulas = [official_formula(structure) for structure in frame["structure"]]
        else:
            formulas = frame["composition"]
        content = content_of(formulas, frame[MATBENCH_TASKS[name].target])
        monkeypatch.setitem(_matbench_download._CONTENTS, name, content)
        labels = values_of(frame[MATBENCH_TASKS[name].target], 1e-3, 0.5)
        monkeypatch.setitem(_matbench_download._LABELS, name, (1e-3, 0.5, labels))
    volumes = values_of([np.log(each.volume) for each in _phonons()["structure"]], 1e-3, 0.5)
    monkeypatch.setitem(_matbench_download._VOLUMES, "matbench_phonons", (1e-3, 0.5, volumes))


def _steels():
    formulas = ["NaN"] + [f"Fe0.{row}C0.1" for row in range(1, N_ROWS)]
    return pd.DataFrame({"composition": formulas, "yield strength": np.arange(N_ROWS) / 3})


def _phonons():
    lattice = Lattice([[4.1, 0.2, 0], [0, 4.2, 0], [0, 0, 4.3]])
    structures = [
        Structure(
            lattice, ["Si", "Cu", "Se"], [[0, 0, 0], [0.25, 0.5, 1 / 3], [0.7, 0.1, row / 13]]
        )
        for row in range(N_ROWS)
    ]
    return pd.DataFrame({"structure": structures, "last phdos peak": np.arange(N_ROWS) * 1.1})


def test_compositions_are_converted_with_full_precision(home, loader, small_tasks, snapshot):
    folders = loader(_steels())
    data = fetch_matbench("steels", data_home=home)
    assert data.data[0] == "NaN"
    assert np.array_equal(data.target, np.arange(N_ROWS) / 3)
    assert data.ids[0] == "mb-steels-01"
    assert snapshot() == [
        "matbench/matbench_steels.csv.gz",
        "matbench/matbench_steels.csv.gz.sha256",
    ]
    assert not os.path.exists(folders[0])
    # From the file now.
    loader(RuntimeError("must not be called"))
    assert np.array_equal(fetch_matbench("steels", data_home=home).target, data.target)


def test_structures_are_converted(home, loader, small_tasks):
    frame = _phonons()
    loader(frame)
    formulas = fetch_matbench("phonons", data_home=home)
    assert formulas.data.tolist() == ["Si1Cu1Se1"] * N_ROWS
    loader(RuntimeError("must not be called"))
    data = fetch_matbench("phonons", input="structure", data_home=home)
    assert np.array_equal(data.ids, formulas.ids)
    for got, expected in zip(data.data, frame["structure"], strict=True):
        assert np.array_equal(got.lattice.matrix, expected.lattice.matrix)
        assert np.array_equal(got.frac_coords, expected.frac_coords)
        assert got.species == expected.species


def test_table_that_is_there_is_not_replaced(home, loader, small_tasks, put_table):
    rows = "".join(f"mb-phonons-{row + 1:02d},Si1Cu1Se1,{row}\n" for row in range(N_ROWS))
    put_table("matbench/matbench_phonons.csv.gz", "mbid,composition,target\n" + rows)
    loader(_phonons())
    data = fetch_matbench("phonons", input="structure", data_home=home)
    assert data.target.tolist() == list(range(N_ROWS))


@pytest.mark.parametrize("error", [OSError("no network"), UserWarning("hash mismatch")])
def test_failed_download_leaves_nothing(home, loader, small_tasks, error):
    folders = loader(error)
    with pytest.raises(DatasetNotFoundError, match=str(error)):
        fetch_matbench("steels", data_home=home)
    assert not home.exists()
    assert not os.path.exists(folders[0])


def test_interrupted_download_leaves_nothing(home, loader, small_tasks):
    folders = loader(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fetch_matbench("steels", data_home=home)
    assert not home.exists()
    assert not os.path.exists(folders[0])


@pytest.mark.parametrize(
    "frame", [_steels()[:-1], _steels().rename(columns={"yield strength": "strength"})]
)
def test_another_data_set_is_refused(home, loader, small_tasks, frame):
    loader(frame)
    with pytest.raises(DatasetCorruptedError, match="Nothing was written"):
        fetch_matbench("steels", data_home=home)
    assert not home.exists()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("composition", "other formulas .* another order"),
        ("yield strength", "other labels .* add up to"),
    ],
)
def test_rows_in_another_order_are_refused(home, loader, small_tasks, column, message):
    frame = _steels()
    frame[column] = frame[column].to_numpy()[::-1]
    loader(frame)
    with pytest.raises(DatasetCorruptedError, match=message):
        fetch_matbench("steels", data_home=home)
    assert not home.exists()


def test_labels_may_differ_in_the_last_digits_but_not_be_missing(home, loader, small_tasks):
    frame = _steels()
    loader(frame.assign(**{"yield strength": frame["yield strength"] + 5e-11}))
    fetch_matbench("steels", data_home=home)
    frame.loc[3, "yield strength"] = np.nan
    loader(frame)
    with pytest.raises(DatasetCorruptedError, match="labels"):
        fetch_matbench("steels", data_home=home / "other")


def test_structures_beside_another_table_are_refused(home, loader, small_tasks, put_table):
    rows = "".join(f"mb-phonons-{row + 1:02d},TiO2,{row}\n" for row in range(N_ROWS))
    put_table("matbench/matbench_phonons.csv.gz", "mbid,composition,target\n" + rows)
    loader(_phonons())
    with pytest.raises(DatasetCorruptedError, match="do not list the same materials"):
        fetch_matbench("phonons", input="structure", data_home=home)


def test_a_home_that_cannot_be_written_to_is_noticed_before_the_download(loader, tmp_path):
    (tmp_path / "file").write_text("no folder")
    folders = loader(RuntimeError("must not be called"))
    with pytest.raises(DatasetNotFoundError, match="not a writable folder"):
        fetch_matbench("steels", data_home=tmp_path / "file" / "home")
    assert folders == []


@each_task()
def test_known_contents_are_those_of_the_real_files(data_home, name):
    info = MATBENCH_TASKS[name]
    data = fetch_matbench(info.name, data_home=data_home)
    sha256, *sums = content_of(data.data, data.target)
    assert sha256 == _matbench_download._CONTENTS[info.name][0]
    np.testing.assert_allclose(sums, _matbench_download._CONTENTS[info.name][1:], rtol=1e-12)


@each_task()
def test_folds_are_those_of_the_real_files(data_home, name):
    info = MATBENCH_TASKS[name]
    table = pd.read_csv(
        data_home / "matbench" / f"{info.name}.csv.gz", keep_default_na=False, na_values=[""]
    )
    assert np.array_equal(official_test_folds(info, table["target"]), table["test_fold"])


def test_formulas_are_those_of_the_real_files(data_home):
    structures = StructureArrays.load(data_home / "structures/matbench_phonons_structures.npz")
    table = pd.read_csv(data_home / "matbench/matbench_phonons.csv.gz", keep_default_na=False)
    assert [official_formula(structure) for structure in structures] == table[
        "composition"
    ].tolist()


def _real(path, data_home):
    return read_content(path, data_home=data_home)


@each_task()
def test_real_tables_are_told_from_altered_ones(data_home, name):
    info = MATBENCH_TASKS[name]
    content = _real(table_path(info), data_home)
    assert is_table(info, content)
    table = pd.read_csv(io.BytesIO(content), dtype={"composition": str}, keep_default_na=False)

    def taken(**columns):
        return is_table(info, table.assign(**columns).to_csv(index=False).encode())

    target = table["target"].to_numpy()
    if info.kind == "regression":
        # As other conversions write them; further columns say nothing.
        assert taken(target=target + 5e-11)
        assert is_table(info, table[["mbid", "composition", "target"]].to_csv().encode())
        altered = target.copy()
        altered[7] += 1e-3 * target.std()
    else:
        altered = target.copy()
        altered[7] = not altered[7]
    assert not taken(target=altered)
    if len(table) > 20_000:
        return  # the rest takes seconds, and is the same for all
    # The sum stays, and so does the sum weighted by rows.
    moved = target.astype(float)
    moved[:3] += np.array([1.0, -2.0, 1.0]) * target.std()
    assert not taken(target=moved)
    assert not taken(target=np.roll(target, 1))
    assert not taken(composition=np.roll(table["composition"], 1))
    assert not taken(mbid=np.roll(table["mbid"], 1))
    assert not is_table(info, content[: len(content) // 2])
    assert not is_table(info, b"")


def test_altered_labels_are_refused_whatever_stands_beside_them(data_home, home):
    """A record of the altered file, as a fetcher would have written it."""
    path = "matbench/matbench_steels.csv.gz"
    content = _real(path, data_home)
    altered = content.replace(b"2411.5", b"3411.5")
    assert altered != content
    write_file(home, path, altered, record=True)
    with pytest.raises(DatasetCorruptedError, match="its values differ from the known ones"):
        fetch_matbench("steels", data_home=home)
    write_file(home, path, content.replace(b"2411.5", b"2411.50"), record=True)
    assert fetch_matbench("steels", data_home=home).target.sum() == 443351.5


def test_altered_crystals_are_refused_whatever_stands_beside_them(data_home, home):
    info = MATBENCH_TASKS["matbench_phonons"]
    write_file(home, table_path(info), _real(table_path(info), data_home))
    content = _real(structures_path(info), data_home)
    with np.load(io.BytesIO(content)) as arrays:
        arrays = dict(arrays)
    for name, values in [
        ("lattice", arrays["lattice"] * (1 + 1e-7)),
        ("lattice", arrays["lattice"] * 1.01),
        ("atomic_number", np.roll(arrays["atomic_number"], 1)),
    ]:
        stream = io.BytesIO()
        np.savez_compressed(stream, **{**arrays, name: values})
        write_file(home, structures_path(info), stream.getvalue(), record=True)
        if np.allclose(values, arrays[name], rtol=1e-6):
            fetch_matbench("phonons", input="structure", data_home=home)
            continue
        with pytest.raises(DatasetCorruptedError, match="its values differ"):
            fetch_matbench("phonons", input="structure", data_home=home)


@pytest.mark.parametrize(
    ("path", "fetch"),
    [
        ("composition/aflow_7prop.csv.gz", fetch_aflow),
        ("composition/mp_comp_5prop.csv.gz", fetch_mp_compositions),
        ("experimental/obelix.csv.gz", fetch_obelix),
    ],
)
def test_altered_files_of_other_sources_are_refused(data_home, home, path, fetch):
    altered = bytearray(_real(path, data_home))
    for position in range(5000, len(altered)):
        if chr(altered[position]) in "12345":
            altered[position] += 1
    write_file(home, path, bytes(altered), record=True)
    with pytest.raises(DatasetCorruptedError):
        fetch(data_home=home)
