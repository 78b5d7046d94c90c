"""Invariants of reading, on 350 generated formulas and dicts."""

import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from common.generated import check_generated, on_generated
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.core import Composition

from skmat import MagpieFeaturizer
from skmat.composition import read_compositions, to_pymatgen
from skmat.composition._formula import ATOMIC_NUMBERS
from skmat.exceptions import SkmatError
from skmat.inputs import as_formulas

SYMBOLS = sorted(ATOMIC_NUMBERS)

numbers = st.one_of(
    st.just(""),
    st.integers(0, 40).map(str),
    st.floats(0, 20).map(lambda x: f"{x:.2f}"),
    st.floats(1e-20, 1e15).map(repr),
    st.sampled_from(["1E-3", "2e+2", ".5", "3.", "1e-9", "₂", "1.2.3", "-1"]),
)
symbols = st.one_of(
    st.sampled_from(SYMBOLS), st.sampled_from(["H", "O", "Cu", "S"]), st.sampled_from(["Xx", "e"])
)
entries = st.builds(str.__add__, symbols, numbers)
groups = st.recursive(
    entries,
    lambda inner: st.builds(
        lambda parts, brackets, number: brackets[0] + "".join(parts) + brackets[1] + number,
        st.lists(inner, min_size=1, max_size=3),
        st.sampled_from(["()", "[]", "{}", "(]"]),
        numbers,
    ),
    max_leaves=4,
)
separators = st.sampled_from(["", "", "", "", " ", "  ", ".", "·", " . ", "*", "-", "@"])
tails = st.sampled_from(
    ["", "", "", ".5H2O", "·3H2O", ".H2O", " 2H2O", ".2.5H2O", ".6NH3", ".12H2O"]
)


@st.composite
def formulas(draw):
    parts = draw(st.lists(groups, min_size=1, max_size=5))
    text = parts[0]
    for part in parts[1:]:
        text += draw(separators) + part
    return text + draw(tails)


#: Text of the letters that formulas are made of, and of any others.
texts = st.one_of(
    formulas(),
    formulas(),
    st.text(alphabet="HOCuSiFe()[]0123456789. ·*-e+E\t", max_size=30),
    st.text(max_size=20),
)


def read(text):
    """Return the atomic numbers and fractions that we read, or None where it is refused."""
    arrays = read_compositions([text], on_invalid="nan")
    assert len(arrays) == 1
    if not arrays.n_elements[0]:
        return None
    return dict(zip(arrays.atomic_numbers[0].tolist(), arrays.fractions[0].tolist(), strict=True))


def read_by_pymatgen(text):
    """Return the same of pymatgen, and whether placeholders or small amounts are in it."""
    try:
        composition = Composition(text)
    except Exception:
        return None, False
    if not composition:
        return None, False
    total = sum(composition.values())
    fractions: dict[int, float] = {}
    for element, amount in composition.items():
        fractions[element.Z] = fractions.get(element.Z, 0) + amount / total
    extreme = total < 1 or max(composition.values()) > 1e12
    # Placeholders ("Xx"), of which pymatgen drops those of amount 0.
    strange = not set(re.findall(r"[A-Z][a-z]*", text)) <= set(SYMBOLS)
    small = min(fractions.values(), default=1) < 2e-8
    return fractions, strange or extreme or small


#: What pymatgen refuses and we read.
OURS = re.compile(r"[₀-₉]|[·*]| \. |\dE|\.E|e\+|\.(\d+\.\d+)?\(?(H2O|D2O|NH3)\)?$|\s$|^\s")
#: What we refuse, or read as a hydrate, and pymatgen as decimals.
STOP = re.compile(r"\.\d*\s*\(?(H\s*2\s*O|D\s*2\s*O|N\s*H\s*3)\)?$")


@on_generated(100)
def test_differences_from_pymatgen_are_those_that_are_listed(n_inputs):
    def check(text):
        ours = read(text)
        theirs, special = read_by_pymatgen(text)
        if STOP.search(text) or special:
            return
        if theirs is None:
            # Small amounts, of which pymatgen keeps none, are amounts to us.
            assert ours is None or OURS.search(text) or "e-" in text or " " in text, text
        elif ours is None:
            # Negative amounts, which pymatgen refuses unless more of the element is added.
            assert re.search(r"-\s*[\d.]", text), f"{text!r} is refused, pymatgen reads {theirs}"
        else:
            assert ours.keys() == theirs.keys(), text
            assert_allclose([ours[z] for z in theirs], list(theirs.values()), rtol=1e-9)

    check_generated(n_inputs, texts, check)


@on_generated(70)
def test_a_reading_depends_on_nothing_else(n_inputs):
    company = ["Fe0.62C0.1Mn0.1Si0.1Cr0.01Ni0.07", "no formula", "TiO2"]

    def check(text):
        alone = read_compositions([text], on_invalid="nan")
        among = read_compositions([*company, text, text], on_invalid="nan").take([3, 4])
        assert_array_equal(among.atomic_numbers, np.repeat(alone.atomic_numbers, 2, axis=0))
        assert_array_equal(among.fractions, np.repeat(alone.fractions, 2, axis=0))
        containers = [
            pd.Series([text], index=[7]),
            pd.DataFrame({"x": [text]}),
            pl.DataFrame({"x": [text]}),
            pl.Series([text]),
            pa.array([text]),
            np.array([text], dtype=object),
        ]
        for container in containers:
            assert as_formulas(container) == [text]
        if alone.n_elements[0]:
            again = to_pymatgen(text)
            assert_allclose(
                read_compositions([again]).fractions, alone.fractions, rtol=1e-12, atol=1e-15
            )

    # Lone surrogates are no text to polars and Arrow.
    check_generated(n_inputs, texts.filter(lambda text: text.isprintable()), check)


# Without the isotopes of hydrogen, which are hydrogen.
names = st.sampled_from([symbol for symbol in SYMBOLS if symbol not in ("D", "T")])
materials = st.dictionaries(
    names,
    st.one_of(st.integers(1, 50), st.floats(1e-7, 1e9)),
    min_size=1,
    max_size=8,
)


@on_generated(60)
def test_order_and_traces_change_no_bit(n_inputs):
    def check(drawn):
        material, traces, random = drawn
        largest = max(material.values())
        items = list(material.items())
        # Twice the same element would be another material.
        noise = [(s, largest * t) for s, t in traces.items() if s not in material]
        mixed = [*items, *noise]
        random.shuffle(mixed)
        positive = [(symbol, amount) for symbol, amount in mixed if amount >= 0]
        arrays = read_compositions(
            [
                material,
                dict(mixed),
                "".join(f"{symbol}{amount!r}" for symbol, amount in positive),
                " ".join(f"{symbol} {amount!r}" for symbol, amount in items),
                "(" + "".join(f"{symbol}{amount!r}" for symbol, amount in items) + ")1",
            ]
        )
        for row in range(1, 5):
            assert_array_equal(arrays.atomic_numbers[row], arrays.atomic_numbers[0])
            assert_array_equal(arrays.fractions[row], arrays.fractions[0])

    traces = st.dictionaries(names, st.floats(-1e-10, 1e-10), max_size=3)
    check_generated(n_inputs, st.tuples(materials, traces, st.randoms()), check)


@on_generated(60)
def test_features_of_what_is_read_are_finite(n_inputs):
    featurizer = MagpieFeaturizer(features="all", on_invalid="nan").fit(["TiO2"])

    def check(text):
        features = featurizer.transform([text])
        assert features.shape == (1, 145)
        assert np.isfinite(features).all() == (read(text) is not None)

    check_generated(n_inputs, texts, check)


@on_generated(60)
def test_keys_and_amounts_of_a_dict_are_read_or_refused(n_inputs):
    keys = st.one_of(
        st.sampled_from(SYMBOLS),
        st.sampled_from(["Fe3+", "O2-", "Fe2+,spin=5", "Ti2", "Ti ", "Fe,spin=(", "+", ",", "X"]),
        st.text(max_size=8),
        st.integers(-5, 130),
        st.none(),
        st.floats(),
    )
    amounts = st.one_of(
        st.floats(),
        st.integers(),
        st.just(10**400),
        st.text(max_size=4),
        st.none(),
        st.booleans(),
        st.complex_numbers(),
        st.lists(st.floats(), max_size=2),
    )

    def check(mapping):
        arrays = read_compositions([mapping], on_invalid="nan")
        assert len(arrays) == 1
        if arrays.n_elements[0]:
            assert_allclose(arrays.fractions.sum(), 1.0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                composition = to_pymatgen(mapping)
            assert_allclose(read_compositions([composition]).fractions, arrays.fractions)
        else:
            try:
                read_compositions([mapping])
            except SkmatError as error:
                assert error.rows == [0]  # noqa: PT017
            else:
                raise AssertionError(mapping)

    check_generated(n_inputs, st.dictionaries(keys, amounts, max_size=3), check)
