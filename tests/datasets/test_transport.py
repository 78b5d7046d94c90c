import io
import socket
import tarfile

import numpy as np
import pandas as pd
import pytest

from skmat.composition import read_compositions
from skmat.datasets import _transport, load_transport
from skmat.exceptions import (
    DatasetCorruptedError,
    DatasetNotFoundError,
    InvalidInputError,
    SkmatError,
)

QUANTITIES = [
    "sigma_p", "sigma_n", "S_p", "S_n", "kappa_p", "kappa_n", "PF_p", "PF_n", "m_p", "m_n",
]  # fmt: skip
N_ENTRIES, N_COMPOUNDS = 47_737, 34_630


@pytest.fixture(scope="module")
def entries():
    """Every entry, in linear units."""
    return load_transport(duplicates="keep", as_log=False, as_frame=True)


@pytest.fixture
def fresh_cache():
    def clear():
        _transport._entries.cache_clear()
        _transport._merged_entries.cache_clear()

    clear()
    yield
    clear()


def write_archive(path, content, name="transport_database.csv", **options):
    """Write an archive that holds one file."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    with tarfile.open(path, "w:xz", **options) as archive:
        archive.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(("duplicates", "n_rows"), [("median", N_COMPOUNDS), ("keep", N_ENTRIES)])
def test_bunch(duplicates, n_rows):
    bunch = load_transport(duplicates=duplicates)
    assert bunch.data.shape == (n_rows,)
    assert bunch.data.dtype == object
    assert bunch.target.shape == (n_rows, 10)
    assert bunch.target.dtype == np.float64
    assert np.isfinite(bunch.target).all()
    assert bunch.frame is None
    assert bunch.feature_names == ["formula"]
    assert bunch.target_names == QUANTITIES
    assert list(bunch.units) == QUANTITIES
    assert bunch.is_metal.shape == bunch.groups.shape == bunch.ids.shape == (n_rows,)
    assert bunch.is_metal.dtype == bool
    assert len(np.unique(bunch.groups)) == N_COMPOUNDS
    assert "Ricci" in bunch.DESCR
    assert f"{N_ENTRIES:,}" in bunch.DESCR
    assert f"{N_COMPOUNDS:,}" in bunch.DESCR


@pytest.mark.parametrize("targets", [None, ["S_p", "m_n"], "S_p", "is_metal"])
def test_return_X_y_is_the_bunch(targets):
    bunch = load_transport(targets=targets)
    X, y = load_transport(targets=targets, return_X_y=True)
    np.testing.assert_array_equal(X, bunch.data)
    np.testing.assert_array_equal(y, bunch.target)


@pytest.mark.parametrize("targets", [None, ["S_p", "m_n"], "S_p", "is_metal"])
def test_as_frame(targets):
    arrays, frames = (
        load_transport(targets=targets),
        load_transport(targets=targets, as_frame=True),
    )
    names = arrays.target_names
    assert list(frames.frame.columns) == ["formula", *names]
    assert isinstance(frames.data, pd.DataFrame)
    np.testing.assert_array_equal(frames.data["formula"], arrays.data)
    np.testing.assert_array_equal(frames.target, arrays.target)
    if isinstance(targets, str):
        assert frames.target.name == targets
    else:
        assert list(frames.target.columns) == names
    X, y = load_transport(targets=targets, as_frame=True, return_X_y=True)
    pd.testing.assert_frame_equal(X, frames.data)
    assert type(y) is type(frames.target)


def test_targets_are_columns_in_the_order_asked_for(entries):
    y = load_transport(targets=["m_n", "S_p"], duplicates="keep", as_log=False, return_X_y=True)[1]
    np.testing.assert_array_equal(y, entries.target[["m_n", "S_p"]])


def test_label_as_target():
    bunch = load_transport(targets="is_metal")
    assert bunch.target.dtype == np.int64
    np.testing.assert_array_equal(bunch.target, bunch.is_metal)
    assert bunch.units == {"is_metal": ""}
    mixed = load_transport(targets=["S_p", "is_metal"])
    assert mixed.target.dtype == np.float64
    np.testing.assert_array_equal(mixed.target[:, 1], bunch.is_metal)


@pytest.mark.parametrize("duplicates", ["median", "keep"])
def test_log_and_linear_agree(duplicates):
    log = load_transport(duplicates=duplicates, as_frame=True)
    linear = load_transport(duplicates=duplicates, as_log=False, as_frame=True)
    for name in QUANTITIES:
        if name.startswith("S_"):
            assert log.units[name] == linear.units[name]
            np.testing.assert_array_equal(log.target[name], linear.target[name])
        else:
            assert log.units[name] == f"log10({linear.units[name]})"
            np.testing.assert_allclose(10 ** log.target[name], linear.target[name], rtol=1e-12)


def test_known_entries(entries):
    silicon = entries.ids == "mp-149"
    assert entries.data["formula"][silicon].tolist() == ["Si"]
    np.testing.assert_allclose(entries.target["sigma_p"][silicon], 88.71, rtol=1e-4)
    assert not entries.is_metal[silicon].any()
    assert entries.is_metal[entries.ids == "mp-30"].all()  # copper
    # Sodium nitride is a compound here, not a missing value.
    assert entries.data["formula"].map(type).eq(str).all()


def test_units_follow_from_the_definitions(entries):
    """The powers of ten in the units, from the constants of nature."""
    quantities = entries.target
    charge, electron_mass, boltzmann = 1.602176634e-19, 9.1093837e-31, 1.380649e-23
    drude = 1e24 * charge**2 / electron_mass / 1e15
    assert np.median((quantities.m_p * quantities.sigma_p)[entries.is_metal]) == pytest.approx(
        drude, rel=1e-3
    )
    power = (quantities.S_p * 1e-6) ** 2 * quantities.sigma_p * 1e15 / 1e9
    assert np.median(quantities.PF_p / power) == pytest.approx(1, rel=0.01)
    lorenz = (np.pi * boltzmann / charge) ** 2 / 3
    wiedemann_franz = lorenz * 300 * quantities.sigma_p * 1e15 / 1e9
    ratio = (quantities.kappa_p / wiedemann_franz)[entries.is_metal]
    assert np.median(ratio) == pytest.approx(1, rel=0.01)


def test_label_rule(entries):
    difference = (entries.target.S_p - entries.target.S_n).abs()
    np.testing.assert_array_equal(entries.is_metal, difference < 400)
    assert entries.is_metal.sum() == 18_251
    # The threshold stands where the distribution is emptiest.
    counts = np.histogram(difference, bins=[0, 200, 600, np.inf])[0]
    assert counts[1] < 0.01 * counts.sum()
    assert counts[1] < 0.05 * min(counts[0], counts[2])


def test_groups_are_compositions(entries):
    expected = read_compositions(entries.data["formula"]).group_ids()
    np.testing.assert_array_equal(entries.groups, expected)


def test_duplicates_become_their_median(entries):
    merged = load_transport(as_log=False, as_frame=True)
    by_group = {group: row for row, group in enumerate(merged.groups)}
    assert len(by_group) == len(merged.groups)
    repeated = pd.Series(entries.groups).value_counts()
    for group in [*repeated.index[:5], *repeated.index[repeated == 2][:5], repeated.index[-1]]:
        of_group = entries.groups == group
        row = by_group[group]
        assert merged.ids[row].split(",") == entries.ids[of_group].tolist()
        assert merged.data["formula"][row] == entries.data["formula"][of_group].iloc[0]
        assert merged.is_metal[row] == (entries.is_metal[of_group].mean() > 0.5)
        values = entries.target[of_group]
        np.testing.assert_allclose(merged.target["S_n"][row], np.median(values["S_n"]))
        np.testing.assert_allclose(
            np.log10(merged.target["kappa_p"][row]), np.median(np.log10(values["kappa_p"]))
        )


def test_single_entries_stay_untouched(entries):
    merged = load_transport(as_log=False, as_frame=True)
    single = ~pd.Series(merged.ids).str.contains(",").to_numpy()
    assert single.sum() == 29_483
    rows = pd.Index(entries.ids).get_indexer(merged.ids[single])
    np.testing.assert_array_equal(merged.target[single], entries.target.iloc[rows])
    assert (np.diff(rows) > 0).all()


def test_result_belongs_to_the_caller():
    first = load_transport()
    expected = first.target[0].copy()
    first.target[:] = 0
    first.data[:] = "X"
    first.is_metal[:] = True
    again = load_transport()
    np.testing.assert_array_equal(again.target[0], expected)
    assert again.data[0] == "Cs"
    assert not again.is_metal.all()


@pytest.mark.usefixtures("fresh_cache")
def test_needs_no_network_and_extracts_nothing(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(tarfile.TarFile, "extractall", refuse)
    monkeypatch.setattr(tarfile.TarFile, "extract", refuse)
    assert len(load_transport().data) == N_COMPOUNDS


@pytest.mark.parametrize(
    "arguments",
    [
        {"targets": "seebeck"},
        {"targets": ["S_p", "seebeck"]},
        {"targets": ["S_p", "S_p"]},
        {"targets": []},
        {"duplicates": "mean"},
        {"duplicates": None},
    ],
)
def test_bad_arguments(arguments):
    with pytest.raises(InvalidInputError, match=next(iter(arguments))):
        load_transport(**arguments)


@pytest.mark.usefixtures("fresh_cache")
class TestMissingFile:
    def test_no_matminer(self, monkeypatch):
        monkeypatch.setattr(_transport, "find_spec", lambda name: None)
        with pytest.raises(DatasetNotFoundError, match="pip install matminer") as caught:
            load_transport()
        assert isinstance(caught.value, SkmatError)
        assert isinstance(caught.value, FileNotFoundError)

    def test_no_archive(self, monkeypatch):
        monkeypatch.setattr(_transport, "_ARCHIVE", _transport._ARCHIVE.with_name("gone.tar.xz"))
        with pytest.raises(DatasetNotFoundError, match=r"gone\.tar\.xz.*Reinstall"):
            load_transport()

    def test_broken_archive(self, monkeypatch, tmp_path):
        known = _transport._find_archive().read_bytes()
        middle = len(known) // 2
        broken = tmp_path / "broken.tar.xz"
        monkeypatch.setattr(_transport, "_find_archive", lambda: broken)
        for content in (
            b"not an archive",
            known[:middle],
            known[:middle] + b"damage" + known[middle + 6 :],
        ):
            broken.write_bytes(content)
            with pytest.raises(DatasetCorruptedError, match=f"{broken} is not .* Reinstall"):
                load_transport()

    @pytest.mark.parametrize(
        ("name", "fault"),
        [
            ("transport_database.csv", "SHA-256"),
            ("other.csv", "cannot be read .*not found"),
        ],
    )
    def test_another_table(self, monkeypatch, tmp_path, name, fault):
        other = tmp_path / "other.tar.xz"
        write_archive(other, b"mp_id,pretty_formula,S_p\nmp-1,Cs,1\n", name)
        monkeypatch.setattr(_transport, "_find_archive", lambda: other)
        with pytest.raises(DatasetCorruptedError, match=fault):
            load_transport()

    def test_the_known_table_may_be_compressed_in_another_way(self, monkeypatch, tmp_path):
        known, other = _transport._find_archive(), tmp_path / "other.tar.xz"
        with tarfile.open(known) as archive:
            write_archive(other, archive.extractfile("transport_database.csv").read(), preset=0)
        assert other.read_bytes() != known.read_bytes()
        monkeypatch.setattr(_transport, "_find_archive", lambda: other)
        assert len(load_transport().data) == N_COMPOUNDS
