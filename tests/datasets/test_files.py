import gzip
import hashlib
import io
import json
import tracemalloc
import zipfile

import numpy as np
import pytest

from skmat._utils import atomic
from skmat.datasets import _files
from skmat.datasets._files import (
    check_source,
    manifest,
    read_arrays,
    read_content,
    read_table,
    write_file,
)
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError

TABLE = b"formula,value\nNaN,1.5\nTiO2,\n"
PATH = "room/table.csv.gz"


@pytest.fixture
def known(monkeypatch):
    """Manifest that knows TABLE as PATH."""
    entries = {PATH: _files._fingerprint(TABLE)}
    monkeypatch.setattr(_files, "manifest", lambda: entries)


def test_what_was_written_is_read_and_the_compound_nan_is_a_string(home, known):
    write_file(home, PATH, TABLE)
    table = read_table(PATH, data_home=home)
    assert table["formula"].tolist() == ["NaN", "TiO2"]
    assert table["value"].isna().tolist() == [False, True]
    assert gzip.decompress((home / PATH).read_bytes()) == TABLE


def test_another_compression_is_no_alteration(home, known):
    (home / "room").mkdir(parents=True)
    (home / PATH).write_bytes(gzip.compress(TABLE, compresslevel=0))
    assert read_content(PATH, data_home=home) == TABLE


def test_environment_names_the_folder(home, known, monkeypatch):
    write_file(home, PATH, TABLE)
    monkeypatch.setenv("SKMAT_DATA", str(home))
    assert read_content(PATH) == TABLE


def test_altered_content_is_named_with_the_remedy(home, known):
    write_file(home, PATH, TABLE)
    (home / PATH).write_bytes(gzip.compress(TABLE.replace(b"1.5", b"2.5")))
    with pytest.raises(DatasetCorruptedError, match="SHA-256") as caught:
        read_content(PATH, data_home=home, obtain=print)
    assert str(home / PATH) in str(caught.value)
    assert "Delete it and fetch it again" in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_what_cannot_be_fetched_again_is_not_to_be_deleted(home, known):
    write_file(home, PATH, TABLE)
    (home / PATH).write_bytes(b"cut")
    with pytest.raises(DatasetCorruptedError, match=r"Restore .* Made by hand") as caught:
        read_content(PATH, data_home=home, origin="Made by hand.")
    assert "Delete" not in str(caught.value)


def test_a_converted_file_without_its_record_is_not_called_altered(home, known):
    write_file(home, "room/other.npz", b"content", record=True)
    (home / "room/other.npz.sha256").unlink()
    with pytest.raises(
        DatasetCorruptedError, match=r"its hash is unknown .* copy other.npz.sha256"
    ):
        read_content("room/other.npz", data_home=home, obtain=print)


def test_shortened_content_is_told_by_its_size(home, known):
    (home / "room").mkdir(parents=True)
    (home / PATH).write_bytes(gzip.compress(TABLE[:-3]))
    with pytest.raises(DatasetCorruptedError, match=f"{len(TABLE) - 3} bytes .* {len(TABLE)}"):
        read_content(PATH, data_home=home)


@pytest.mark.parametrize("cut", [lambda raw: raw[:-5], lambda raw: b"", lambda raw: b"x" * 40])
def test_truncated_file_is_reported(home, known, cut):
    write_file(home, PATH, TABLE)
    (home / PATH).write_bytes(cut((home / PATH).read_bytes()))
    with pytest.raises(DatasetCorruptedError, match="cut off or was altered"):
        read_content(PATH, data_home=home)


def test_damage_inside_the_compressed_stream_is_reported(home, known):
    write_file(home, PATH, TABLE)
    raw = bytearray((home / PATH).read_bytes())
    raw[12] ^= 0xFF
    (home / PATH).write_bytes(raw)
    with pytest.raises(DatasetCorruptedError):
        read_content(PATH, data_home=home)


def test_file_without_any_hash_is_not_read(home):
    home.mkdir()
    (home / "stranger.npz").write_bytes(b"anything")
    with pytest.raises(DatasetCorruptedError, match="its hash is unknown"):
        read_content("stranger.npz", data_home=home)


def test_missing_file_without_address_says_where_it_comes_from(home):
    with pytest.raises(DatasetNotFoundError, match="It is from Mars") as caught:
        read_content(PATH, data_home=home, origin="It is from Mars.")
    assert str(home / PATH) in str(caught.value)
    assert isinstance(caught.value, FileNotFoundError)
    assert not home.exists()


def test_missing_file_is_not_downloaded_unless_allowed(home):
    def obtain(home):
        pytest.fail("must not be called")

    with pytest.raises(DatasetNotFoundError, match="download_if_missing is False"):
        read_content(PATH, data_home=home, obtain=obtain, download_if_missing=False)


def test_missing_file_is_obtained_once(home, known):
    calls = []

    def obtain(folder):
        calls.append(folder)
        write_file(folder, PATH, TABLE)

    assert read_content(PATH, data_home=home, obtain=obtain) == TABLE
    assert read_content(PATH, data_home=home, obtain=obtain) == TABLE
    assert calls == [home]


def test_unknown_content_is_not_written(home, known, snapshot):
    with pytest.raises(DatasetCorruptedError, match="Nothing was written"):
        write_file(home, PATH, TABLE + b"more")
    assert snapshot() == []


def test_recorded_hash_is_accepted_where_no_other_is_known(home):
    write_file(home, PATH, TABLE, record=True)
    assert read_content(PATH, data_home=home) == TABLE
    (home / PATH).write_bytes(gzip.compress(TABLE[:-1] + b"x"))
    with pytest.raises(DatasetCorruptedError, match="SHA-256"):
        read_content(PATH, data_home=home)


def test_recorded_hash_does_not_overrule_the_manifest(home, known):
    altered = TABLE.replace(b"1.5", b"2.5")
    write_file(home, PATH, altered, record=True)
    with pytest.raises(DatasetCorruptedError, match="SHA-256"):
        read_content(PATH, data_home=home)
    with pytest.raises(DatasetCorruptedError, match="its values differ from the known ones"):
        read_content(PATH, data_home=home, is_same=lambda content: b",1.5" in content)


def test_other_bytes_of_the_same_values_need_a_record(home, known):
    converted = TABLE.replace(b"1.5", b"1.50")
    where = {"data_home": home, "is_same": lambda content: b",1.5" in content}
    write_file(home, PATH, converted, record=True)
    assert read_content(PATH, **where) == converted
    # The manifest's content stays welcome.
    (home / PATH).write_bytes(gzip.compress(TABLE))
    assert read_content(PATH, **where) == TABLE
    (home / PATH).write_bytes(gzip.compress(converted + b"x"))
    with pytest.raises(DatasetCorruptedError):
        read_content(PATH, **where)
    (home / PATH).write_bytes(gzip.compress(converted))
    (home / (PATH + ".sha256")).unlink()
    with pytest.raises(DatasetCorruptedError):
        read_content(PATH, **where)


def bomb(n_bytes):
    """Return a gzip file of so many zeros, a thousandth as large."""
    stream = io.BytesIO()
    with gzip.open(stream, "wb") as file:
        for _ in range(n_bytes >> 20):
            file.write(bytes(2**20))
    return stream.getvalue()


@pytest.mark.parametrize("claims", [False, True])
def test_no_more_is_decompressed_than_is_expected(home, known, claims):
    (home / "room").mkdir(parents=True)
    size = 2**28
    (home / PATH).write_bytes(bomb(size))
    if claims:
        record = {"size": size, "sha256": hashlib.sha256(bytes(size)).hexdigest()}
        (home / (PATH + ".sha256")).write_text(json.dumps(record))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetCorruptedError, match=r"altered|unknown to skmat"):
            read_content(PATH, data_home=home, is_same=lambda content: True)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_too_large_a_file_is_not_read(home, known):
    (home / "room").mkdir(parents=True)
    with (home / PATH).open("wb") as file:
        file.truncate(2**40)  # a file of nothing, which takes no disk
    with pytest.raises(DatasetCorruptedError, match="1,099,511,627,776 bytes"):
        read_content(PATH, data_home=home)


def test_arrays_that_claim_too_much_are_refused(home):
    stream = io.BytesIO()
    np.savez_compressed(stream, a=np.zeros(2**25))
    write_file(home, "bomb.npz", stream.getvalue(), record=True)
    with pytest.raises(DatasetCorruptedError, match="claim to be"):
        read_arrays("bomb.npz", data_home=home)
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**15},), }}"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.npy", header + text.ljust(117).encode() + b"\n")
    for name, content in (("claim.npz", stream.getvalue()), ("none.npz", b"no archive")):
        write_file(home, name, content, record=True)
        with pytest.raises(DatasetCorruptedError, match=r"arrays of .* cannot be read"):
            read_arrays(name, data_home=home)


def test_a_fetcher_that_writes_nothing_is_named(home, known):
    home.mkdir()
    with pytest.raises(DatasetNotFoundError, match=r"still missing after .* From Mars") as error:
        read_content(PATH, data_home=home, obtain=lambda home: None, origin="From Mars.")
    assert str(home / PATH) in str(error.value)


@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"not json", b"[]", b'{"size": 3}', b"[1]", b"5", b"[" * 100_000, b"\xff"),
        *(b'{"size": true, "sha256": 3}', b'{"size": "3", "sha256": "a"}', b'{"a":' * 10_000),
    ],
    ids=range(11),
)
def test_damaged_record_makes_no_hash_known(home, damage):
    write_file(home, PATH, TABLE, record=True)
    damage = damage.replace(b"3", str(len(TABLE)).encode())
    (home / (PATH + ".sha256")).write_bytes(damage)
    with pytest.raises(DatasetCorruptedError):
        read_content(PATH, data_home=home)


def test_interrupted_write_leaves_no_part_of_the_file(home, known, snapshot, monkeypatch):
    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(atomic.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_file(home, PATH, TABLE)
    assert snapshot() == []


def test_source_is_checked():
    check_source(TABLE, _files._fingerprint(TABLE), "It")
    with pytest.raises(DatasetCorruptedError, match=r"^It has unknown content"):
        check_source(TABLE[1:], _files._fingerprint(TABLE), "It")


def test_arrays_are_read_and_cannot_hold_objects(home, put_arrays):
    put_arrays("good.npz", a=np.arange(3))
    assert read_arrays("good.npz", data_home=home)["a"].tolist() == [0, 1, 2]
    stream = io.BytesIO()
    np.savez(stream, a=np.array([{}], dtype=object))
    write_file(home, "bad.npz", stream.getvalue(), record=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays("bad.npz", data_home=home)


def test_manifest_has_paths_sizes_and_hashes():
    entries = manifest()
    assert "matbench/matbench_steels.csv.gz" in entries
    for path, entry in entries.items():
        assert "\\" not in path
        assert not path.startswith("/")
        assert entry["size"] > 0
        assert len(bytes.fromhex(entry["sha256"])) == 32


def test_every_file_of_the_real_data_home_is_the_known_one(data_home):
    for path in manifest():
        assert read_content(path, data_home=data_home)


def test_what_killed_fetchers_left_is_removed(home, known, snapshot):
    write_file(home, PATH, TABLE)
    names = [f".table.csv.gz{end}.0123456789abcdef" for end in ("", ".sha256")]
    for name in names:
        (home / "room" / name).write_bytes(b"half")
    # Of files that no fetcher writes, nothing in the folder is touched.
    read_content(PATH, data_home=home)
    assert len(snapshot()) == 3
    read_content(PATH, data_home=home, obtain=print)
    assert snapshot() == [PATH]
    for name in names:
        (home / "room" / name).write_bytes(b"half")
    (home / PATH).unlink()
    read_content(PATH, data_home=home, obtain=lambda home: write_file(home, PATH, TABLE))
    assert snapshot() == [f"room/{names[1]}", PATH]
    write_file(home, PATH, TABLE, record=True)
    assert snapshot() == [PATH, PATH + ".sha256"]
