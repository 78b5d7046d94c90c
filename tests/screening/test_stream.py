import gzip
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from common.auto import BINARIES, CLASSES, NUMBERS, classifier, regressor

from skmat import AutoClassifier, AutoRegressor, MTEncoderClassifier, MTEncoderRegressor
from skmat.exceptions import InvalidInputError, NoveltyWarning
from skmat.saving import load_model
from skmat.screening import Predictor, _run, best_rows, merge_parts, predict_stream
from skmat.screening._source import open_source

FORMULAS = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "LiCl", "KF", "RbCl", "CsCl", "MgO", "CaO"]
GAPS = [8.5, 8.4, 7.1, 7.4, 13.6, 11.5, 9.4, 10.8, 8.2, 8.3, 7.8, 7.1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    model = AutoRegressor(preset=["trees"], random_state=0).fit(FORMULAS, GAPS)
    return model.save_model(tmp_path_factory.mktemp("models") / "gap")


@pytest.fixture
def candidates(tmp_path):
    path = tmp_path / "candidates.csv"
    rows = [["BaO", "a,1"], ["what?", "b"], ["NaN", "c"], ["", "d"], ["SrO", ""], ["NaI", "f"]]
    lines = ["formula,note", *(f'{formula},"{note}"' for formula, note in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def screen(model, source, sink, **settings):
    return predict_stream(model, source, sink, chunk_size=2, verbose=0, **settings)


def test_parts_hold_the_rows_of_the_source_and_what_the_model_predicts(
    folder, candidates, tmp_path
):
    done = screen(folder, candidates, tmp_path / "out", interval=0.5, novelty=True)
    assert (done.n_rows, done.n_bad, done.n_skipped) == (6, 2, 0)
    assert merge_parts(tmp_path / "out", tmp_path / "all.csv") == 6
    # The default of pandas reads some numbers to another last bit.
    exactly = {"float_precision": "round_trip", "keep_default_na": False, "na_values": [""]}
    found = pd.read_csv(tmp_path / "all.csv", **exactly)
    assert found["formula"].tolist()[:3] == ["BaO", "what?", "NaN"]
    assert found["note"].tolist()[0] == "a,1"
    good = [0, 2, 4, 5]
    model = Predictor(folder).load()
    formulas = ["BaO", "NaN", "SrO", "NaI"]
    np.testing.assert_array_equal(found["y_predicted"][good], model.predict(formulas))
    low, high = model.predict_interval(formulas, coverage=0.5)
    np.testing.assert_array_equal(found["y_low"][good], low)
    np.testing.assert_array_equal(found["y_high"][good], high)
    np.testing.assert_array_equal(found["novelty_percent"][good], model.novelty(formulas))
    assert found["y_predicted"][[1, 3]].isna().all()
    bad = pd.concat(pd.read_csv(path) for path in sorted((tmp_path / "out").glob("bad-*")))
    assert bad["row"].tolist() == [1, 3]
    assert bad["reason"].tolist() == ["not a chemical formula", "missing value"]


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_shards_and_a_second_call_give_the_bytes_of_one_run(folder, candidates, tmp_path, format):
    one, two = tmp_path / "one", tmp_path / "two"
    screen(folder, candidates, one, format=format)
    for shard in [(1, 2), (0, 2)]:
        screen(folder, candidates, two, format=format, shard=shard)
    sorted(two.glob("part-*"))[1].unlink()
    again = screen(folder, candidates, two, format=format)
    assert (again.n_rows, again.n_skipped) == (2, 4)
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name
    merged = [tmp_path / f"{each.name}.{format}" for each in (one, two)]
    for each, path in zip((one, two), merged, strict=True):
        merge_parts(each, path)
    assert merged[0].read_bytes() == merged[1].read_bytes()


def test_sources_of_all_kinds_give_the_same(folder, candidates, tmp_path):
    frame = pd.read_csv(candidates, dtype=str, keep_default_na=False, na_values=[""])
    (tmp_path / "in").mkdir()
    frame[:3].to_parquet(tmp_path / "in" / "a.parquet")
    frame[3:].to_parquet(tmp_path / "in" / "b.parquet")
    packed = tmp_path / "candidates.tsv.gz"
    packed.write_bytes(gzip.compress(frame.to_csv(sep="\t", index=False).encode()))
    sources = {
        "file": str(candidates),
        "packed": packed,
        "folder": tmp_path / "in",
        "pattern": str(tmp_path / "in" / "*.parquet"),
        "frames": [frame[:1], frame[1:]],
        "dicts": iter([frame.to_dict("list")]),
    }
    texts = {}
    for name, source in sources.items():
        screen(folder, source, tmp_path / name)
        merge_parts(tmp_path / name, tmp_path / f"{name}.csv")
        texts[name] = (tmp_path / f"{name}.csv").read_text()
    assert len(set(texts.values())) == 1, texts
    screen(folder, frame["formula"].tolist(), tmp_path / "formulas")
    found = merge_parts(tmp_path / "formulas", tmp_path / "formulas.csv")
    assert found == len(frame)


def test_two_processes_give_the_same(folder, candidates, tmp_path):
    for n_jobs in (1, 2):
        screen(folder, candidates, tmp_path / str(n_jobs), n_jobs=n_jobs)
    for path in (tmp_path / "1").iterdir():
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes()


def test_the_best_rows_are_those_of_the_rule(folder, tmp_path):
    done = screen(folder, FORMULAS, tmp_path / "out", top=3, by="y>9", novelty=True)
    values = Predictor(folder).load().predict(FORMULAS)
    order = np.argsort(-values, kind="stable")[:3]
    assert done.best["formula"].tolist() == [FORMULAS[place] for place in order]
    np.testing.assert_allclose(done.best["y_predicted"], values[order])
    few = best_rows(tmp_path / "out", 100, "y<8.5,novelty_percent>=0")
    np.testing.assert_allclose(few["y_predicted"], sorted(values[values < 8.5]))
    assert len(best_rows(tmp_path / "out", 100, "y>99")) == 0
    worst = best_rows(tmp_path / "out", 1, "-y")
    np.testing.assert_allclose(worst["y_predicted"], [values.min()])


def test_conditions_and_names_alone_may_be_in_any_order(tmp_path):
    model = AutoRegressor(preset=["trees"], random_state=0).fit(
        FORMULAS, pd.DataFrame({"gap": GAPS, "bulk": np.random.default_rng(1).normal(size=12)})
    )
    predict_stream(model, [*FORMULAS, *FORMULAS], tmp_path / "out", chunk_size=5, verbose=0)
    gap, bulk = model.predict(FORMULAS).T
    least, most = np.quantile(gap, [0.2, 0.8]).round(3)
    rows = [i for i in np.argsort(-bulk, kind="stable") if least < gap[i] < most]
    for by in (
        f"gap>{least}, gap<{most}, bulk",
        f"bulk, gap<{most}, gap>{least}",
        f"gap<{most}, bulk, gap>{least}",
    ):
        found = best_rows(tmp_path / "out", 100, by)
        # Each formula stands twice in the source, and once in the result.
        assert found["formula"].tolist() == [FORMULAS[i] for i in rows]
    tied = best_rows(tmp_path / "out", 2, "gap, -bulk")
    assert tied["formula"].iloc[0] == FORMULAS[gap.argmax()]


def test_columns_of_a_target_are_side_by_side():
    model = AutoRegressor(preset=["trees"], random_state=0).fit(
        FORMULAS, pd.DataFrame({"a": GAPS, "b": -np.array(GAPS)})
    )
    found = Predictor(model, interval=0.5, novelty=True)(pd.DataFrame({"formula": ["NaI"]}))
    assert list(found)[1:-2] == [
        f"{name}_{end}" for name in "ab" for end in ("predicted", "low", "high")
    ]
    low, high = model.predict_interval(["NaI"], coverage=0.5)
    np.testing.assert_array_equal(found["b_low"], low[:, 1])
    np.testing.assert_array_equal(found["a_high"], high[:, 0])


def test_another_coverage_or_changed_columns_are_another_run(tmp_path):
    X = pd.DataFrame({"composition": FORMULAS, "T": np.linspace(100, 400, 12)})
    model = AutoRegressor(preset=["trees"], random_state=0).fit(X, GAPS)
    given = {"model": model, "sink": tmp_path / "out", "chunk_size": 3, "verbose": 0}
    predict_stream(source=[X], interval=0.9, **given)
    assert predict_stream(source=[X], interval=0.9, **given).n_rows == 0
    with pytest.raises(InvalidInputError, match=r"interval was 0\.9 and is now 0\.8"):
        predict_stream(source=[X], interval=0.8, **given)
    X.loc[1, "T"] = 200.0
    with pytest.raises(InvalidInputError, match=r"'T' of row 1 was '127\.27.*' and is now '200"):
        predict_stream(source=[X], interval=0.9, **given)


def test_a_column_may_hold_text_in_some_chunks(folder, tmp_path):
    frame = pd.DataFrame({"formula": FORMULAS, "x": ["n/a", "n/a", *range(10)]})
    done = screen(folder, [frame], tmp_path / "out", top=2, by="x>1")
    assert done.best["x"].tolist() == ["9", "8"]
    with pytest.raises(InvalidInputError, match="'note' holds no numbers"):
        screen(folder, [frame.assign(note="a")], tmp_path / "two", top=2, by="note")


def test_the_nearest_column_is_named(folder, tmp_path):
    predict_stream(folder, FORMULAS, tmp_path / "out", verbose=0, novelty=True)
    with pytest.raises(InvalidInputError, match="The nearest is 'novelty_percent'"):
        best_rows(tmp_path / "out", 1, "novelty_percnt")


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("gap>2", "no column 'gap'"),
        ("y>>2", "cannot be read"),
        ("y>two", "cannot be read"),
        ("formula", "holds no numbers"),
        ("", "must be a rule"),
    ],
)
def test_a_wrong_rule_is_refused(folder, tmp_path, by, message):
    with pytest.raises(InvalidInputError, match=message):
        screen(folder, FORMULAS, tmp_path / "out", top=3, by=by)


def test_other_settings_materials_and_folders_are_refused(folder, candidates, tmp_path):
    sink = tmp_path / "out"
    screen(folder, FORMULAS, sink)
    with pytest.raises(InvalidInputError, match="results was"):
        screen(folder, FORMULAS, sink, novelty=True)
    with pytest.raises(InvalidInputError, match="row 1 was 'KCl' and is now 'KI'"):
        screen(folder, ["NaCl", "KI", *FORMULAS[2:]], sink)
    with pytest.raises(InvalidInputError, match="holds other files"):
        screen(folder, FORMULAS, tmp_path)
    with pytest.raises(InvalidInputError, match="is not a folder that predict_stream wrote"):
        merge_parts(tmp_path, tmp_path / "all.csv")
    with pytest.raises(InvalidInputError, match=r"must end in \.csv"):
        merge_parts(sink, tmp_path / "all.parquet")
    sorted(sink.glob("part-*"))[2].unlink()
    with pytest.raises(InvalidInputError, match="lacks 1 of 6 parts, the first is 2"):
        merge_parts(sink, tmp_path / "all.csv")


@pytest.mark.parametrize("n_rows", [2, 6])
def test_a_source_of_another_length_is_refused(folder, tmp_path, n_rows):
    sink = tmp_path / "out"
    screen(folder, FORMULAS[:4], sink)
    before = (sink / "end.json").read_bytes()
    with pytest.raises(InvalidInputError, match=r"it had 4 rows and has (2|more)"):
        screen(folder, FORMULAS[:n_rows], sink)
    assert len(list(sink.glob("part-*"))) == 2
    assert screen(folder, FORMULAS[:4], sink).n_skipped == 4
    assert (sink / "end.json").read_bytes() == before


def test_a_source_that_ends_before_known_parts_is_refused(folder, tmp_path):
    sink = tmp_path / "out"
    screen(folder, FORMULAS[:6], sink)
    (sink / "end.json").unlink()  # as if it had been killed
    with pytest.raises(InvalidInputError, match=r"ends before part-00000002\.csv, after 4"):
        screen(folder, FORMULAS[:4], sink)
    assert not (sink / "end.json").exists()


def test_shards_that_read_different_lengths_are_not_merged(folder, tmp_path):
    sink = tmp_path / "out"
    screen(folder, FORMULAS[:6], sink, shard=(0, 2))
    (sink / "end.json").unlink()  # as if the other one had not seen it
    (sink / "part-00000002.csv").rename(tmp_path / "part")
    screen(folder, FORMULAS[:4], sink, shard=(1, 2))
    (tmp_path / "part").rename(sink / "part-00000002.csv")
    with pytest.raises(InvalidInputError, match=r"00000002\.csv, but the source ended after 2"):
        merge_parts(sink, tmp_path / "all.csv")


def test_cells_may_hold_a_carriage_return(folder, tmp_path):
    frame = pd.DataFrame({"formula": ["NaCl", "KCl", "wh\rat?"], "note": ["ab\rc", "\r", ""]})
    for _ in range(2):
        done = screen(folder, [frame], tmp_path / "out")
    assert done.n_skipped == 3
    assert merge_parts(tmp_path / "out", tmp_path / "all.csv") == 3
    found = pd.read_csv(tmp_path / "all.csv", keep_default_na=False)
    assert found["formula"].tolist() == frame["formula"].tolist()
    assert found["note"].tolist() == frame["note"].tolist()
    bad = pd.read_csv(tmp_path / "out" / "bad-00000001.csv")
    assert bad["value"].tolist() == ["wh\rat?"]


def test_the_best_rows_have_a_prediction(folder, tmp_path):
    frame = pd.DataFrame({"formula": ["NaCl", "what?"], "x": [1, 2]})
    done = screen(folder, [frame], tmp_path / "out", top=2, by="x")
    assert done.best["formula"].tolist() == ["NaCl"]


def test_a_missing_number_is_last_among_equals(folder, tmp_path):
    frame = pd.DataFrame({"formula": FORMULAS[:4], "x": [1, 1, 1, None], "cost": [3, None, 2, 1]})
    done = screen(folder, [frame], tmp_path / "out", top=4, by="x, -cost")
    assert done.best["formula"].tolist() == ["NaBr", "NaCl", "KCl"]


def test_a_folder_of_train_holds_the_model(tmp_path):
    trained = tmp_path / "trained"
    trained.mkdir()
    models = [regressor().fit(BINARIES, sign * NUMBERS) for sign in (1, -1)]
    models[0].save_model(trained / "model")
    predictor = Predictor(trained)
    for model in models:
        model.save_model(trained / "model")
        found, _ = predictor.columns(pd.DataFrame({"formula": BINARIES[:3]}))
        np.testing.assert_array_equal(found["y_predicted"], model.predict(BINARIES[:3]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("formula,a\nNaCl,1\nKCl,1,2\n", "line 3 has 3 fields, but the header has 2"),
        ("composition,a\nNaCl,1\n", "no column 'formula'"),
        ("formula,a,a\nNaCl,1,2\n", "several columns 'a'"),
        ("formula,y_predicted\nNaCl,1\n", "already has a column 'y_predicted'"),
    ],
)
def test_bad_tables_are_refused(folder, tmp_path, content, message):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    with pytest.raises(InvalidInputError, match=message):
        screen(folder, path, tmp_path / "out")


def test_an_error_of_the_source_keeps_what_is_done(folder, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("formula\n" + "NaCl\n" * 4 + "KCl,1\n")
    with pytest.raises(InvalidInputError, match="line 6"):
        screen(folder, path, tmp_path / "out", n_jobs=2)
    assert not list((tmp_path / "out").glob("end*"))
    with pytest.raises(InvalidInputError, match="no shard has reached the end"):
        merge_parts(tmp_path / "out", tmp_path / "all.csv")


def test_further_columns_are_numbers_or_problems(tmp_path):
    X = pd.DataFrame({"composition": FORMULAS, "T": np.linspace(100, 400, 12)})
    model = AutoRegressor(preset=["trees"], random_state=0).fit(X, GAPS)
    given = pd.DataFrame({"composition": ["NaI", "KI", "RbI"], "T": ["300", "hot", ""]})
    columns, problems = Predictor(model).columns(given)
    assert problems == [(1, "hot", "'T' is not a finite number")]
    with pytest.warns(NoveltyWarning, match="1 of 2 rows have no 'T'"):
        expected = model.predict(pd.DataFrame({"composition": ["NaI", "RbI"], "T": [300, np.nan]}))
    with pytest.warns(NoveltyWarning, match="1 of 3 rows have no 'T'"):
        predict_stream(model, [given], tmp_path / "out", chunk_size=2, verbose=0)
    np.testing.assert_array_equal(columns["y_predicted"][[0, 2]], expected)
    with pytest.raises(InvalidInputError, match="no column 'T'"):
        Predictor(model)(given[["composition"]])


def test_classes_have_one_type_in_all_parts(tmp_path):
    labels = [True, False] * 6
    model = AutoClassifier(preset=["trees"], random_state=0).fit(FORMULAS, labels)
    source = ["NaI", "KI", "what?", "nothing"]
    predictor = Predictor(model, proba=True)
    screen(predictor, source, tmp_path / "out", format="parquet")
    merge_parts(tmp_path / "out", tmp_path / "all.parquet")
    found = pd.read_parquet(tmp_path / "all.parquet")
    assert found["y_predicted"].tolist()[:2] == model.predict(source[:2]).tolist()
    assert found["y_predicted"][2:].isna().all()
    probabilities = found[["y_probability_False", "y_probability_True"]].to_numpy()
    np.testing.assert_array_equal(probabilities[:2], model.predict_proba(source[:2]))


def test_what_a_model_cannot_give_is_refused(folder, tmp_path):
    with pytest.raises(InvalidInputError, match="proba=True is for classifiers"):
        Predictor(Predictor(folder).load(), proba=True)
    with pytest.raises(InvalidInputError, match="proba=True is for classifiers"):
        screen(folder, FORMULAS, tmp_path / "out", proba=True)
    with pytest.raises(InvalidInputError, match="give it novelty instead"):
        screen(Predictor(folder), FORMULAS, tmp_path / "out", novelty=True)
    with pytest.raises(InvalidInputError, match="not a fitted model"):
        Predictor(AutoRegressor())
    with pytest.raises(InvalidInputError, match="does not exist"):
        screen(tmp_path / "nothing", FORMULAS, tmp_path / "out")


def test_tables_may_have_their_columns_in_another_order(folder, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.csv").write_text("formula,id\nNaCl,1\nKCl,2\n")
    (source / "b.csv").write_text("id,formula\n3,LiF\n4,NaF\n")
    screen(folder, source, tmp_path / "out")
    merge_parts(tmp_path / "out", tmp_path / "all.csv")
    found = pd.read_csv(tmp_path / "all.csv")
    assert found["formula"].tolist() == ["NaCl", "KCl", "LiF", "NaF"]
    assert found["id"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("second", "message"),
    [("formula\nLiF\n", "no column 'a'"), ("formula,a,b\nLiF,3,4\n", "column 'b', which")],
)
def test_tables_with_other_columns_are_refused(folder, tmp_path, second, message):
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.csv").write_text("formula,a\nNaCl,1\nKCl,2\n")
    (source / "b.csv").write_text(second)
    with pytest.raises(InvalidInputError, match=message):
        screen(folder, source, tmp_path / "out")
    if "no column" not in message:
        assert screen(folder, source, tmp_path / "out2", columns=["a"]).n_rows == 3


def test_names_with_line_breaks_are_one_header(folder, tmp_path):
    frame = pd.DataFrame({"formula": FORMULAS, "gap\n(eV)": GAPS})
    screen(folder, [frame], tmp_path / "out")
    merge_parts(tmp_path / "out", tmp_path / "all.csv")
    found = pd.read_csv(tmp_path / "all.csv")
    assert found["formula"].tolist() == FORMULAS
    assert found["gap\n(eV)"].tolist() == GAPS


def test_columns_of_frames_are_selected(folder, tmp_path):
    frame = pd.DataFrame({"formula": FORMULAS, "id": range(12), "other": 0})
    screen(folder, [frame], tmp_path / "out", columns=["id"])
    merge_parts(tmp_path / "out", tmp_path / "all.csv")
    assert pd.read_csv(tmp_path / "all.csv").columns.tolist() == ["formula", "id", "y_predicted"]
    for source in ([frame], FORMULAS):
        with pytest.raises(InvalidInputError, match="no column 'name'"):
            screen(folder, source, tmp_path / "none", columns=["name"])


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_second_call_knows_floats_and_dates_again(folder, tmp_path, format):
    days = pd.Series(pd.date_range("2020-01-01", periods=12)).where(np.arange(12) != 5)
    share = np.linspace(0, 1, 12, dtype=np.float32)
    frame = pd.DataFrame({"formula": FORMULAS, "x": share, "day": days, "n": np.arange(12)})
    screen(folder, [frame], tmp_path / "out", format=format)
    assert screen(folder, [frame], tmp_path / "out", format=format).n_skipped == 12
    with pytest.raises(InvalidInputError, match="'x' of row 1 was"):
        screen(folder, [frame.assign(x=share * 2)], tmp_path / "out", format=format)


def test_parts_of_text_have_one_type(tmp_path):
    model = AutoClassifier(preset=["trees"], random_state=0).fit(FORMULAS, ["a", "b"] * 6)
    source = ["what?", "nothing", "NaI", "KI"]
    screen(model, source, tmp_path / "out", format="parquet")
    types = {
        str(pd.read_parquet(path, dtype_backend="pyarrow")["y_predicted"].dtype)
        for path in sorted((tmp_path / "out").glob("part-*"))
    }
    assert types == {"string[pyarrow]"}


def test_parts_whose_types_differ_are_joined(folder, tmp_path):
    frame = pd.DataFrame({"formula": FORMULAS[:6]})
    frames = [frame[:2].assign(n=[1, 2]), frame[2:4].assign(n=[0.5, np.nan])]
    frames.append(frame[4:].assign(n=None))
    screen(folder, frames, tmp_path / "out", format="parquet")
    merge_parts(tmp_path / "out", tmp_path / "all.parquet")
    found = pd.read_parquet(tmp_path / "all.parquet")
    np.testing.assert_array_equal(found["n"].astype(float), [1, 2, 0.5, np.nan, np.nan, np.nan])
    frames = [frame[:2].assign(n=[1, 2]), frame[2:4].assign(n=["a", "b"])]
    screen(folder, frames, tmp_path / "two", format="parquet")
    with pytest.raises(InvalidInputError, match="a column has several types"):
        merge_parts(tmp_path / "two", tmp_path / "two.parquet")


def test_ids_that_floats_cannot_hold_are_not_joined(folder, tmp_path):
    frame = pd.DataFrame({"formula": FORMULAS[:4]})
    frames = [frame[:2].assign(n=[2**60 + 1, 2]), frame[2:].assign(n=[0.5, np.nan])]
    screen(folder, frames, tmp_path / "out", format="parquet")
    with pytest.raises(InvalidInputError, match="a column has several types"):
        merge_parts(tmp_path / "out", tmp_path / "all.parquet")


def test_rows_with_lists_may_be_the_best(folder, tmp_path):
    frame = pd.DataFrame({"formula": FORMULAS, "tags": [["a", "b"]] * 12})
    frame.to_parquet(tmp_path / "c.parquet")
    done = screen(
        folder, tmp_path / "c.parquet", tmp_path / "out", format="parquet", top=3, by="-y"
    )
    assert len(done.best) == 3


def test_a_stream_of_other_columns_in_the_same_folder(folder, tmp_path):
    screen(folder, [pd.DataFrame({"formula": FORMULAS})], tmp_path / "out")
    with pytest.raises(InvalidInputError, match="no column 'formula'"):
        screen(folder, [pd.DataFrame({"composition": FORMULAS})], tmp_path / "out")


def test_objects_are_text_in_parquet(folder, tmp_path):
    frame = pd.DataFrame({"formula": FORMULAS[:2], "n": pd.Series([1, "b"], dtype=object)})
    screen(folder, [frame], tmp_path / "out", format="parquet")
    found = pd.read_parquet(tmp_path / "out" / "part-00000000.parquet")
    assert found["n"].tolist() == ["1", "b"]


def test_a_model_that_is_replaced_meanwhile_is_an_error(folder, tmp_path):
    path = tmp_path / "gap"
    first = AutoRegressor(preset=["trees"], random_state=1).fit(FORMULAS, GAPS)
    first.save_model(path)

    def formulas():
        yield from FORMULAS[:8]
        AutoRegressor(preset=["trees"], random_state=2).fit(FORMULAS, GAPS).save_model(path)
        yield from FORMULAS[8:]

    with pytest.raises(InvalidInputError, match="was replaced by another one"):
        screen(path, formulas(), tmp_path / "out")


@pytest.mark.parametrize("change", ["unit", "lowest", "classes"])
def test_models_with_equal_weights_are_told_apart(tmp_path, change):
    """Labels in another unit are standardised to the same numbers."""
    if change == "lowest":
        first, second = (
            MTEncoderRegressor(
                preset="tiny", max_epochs=1, zero_inflated=True, random_state=0
            ).fit(FORMULAS, np.where(np.arange(12) < 6, lowest, GAPS))
            for lowest in (0.0, -1.0)
        )
    elif change == "unit":
        first, second = (
            MTEncoderRegressor(preset="tiny", max_epochs=1, random_state=0).fit(
                FORMULAS, np.multiply(GAPS, unit)
            )
            for unit in (1.0, 1024.0)
        )
    else:
        first, second = (
            MTEncoderClassifier(preset="tiny", max_epochs=1, random_state=0).fit(
                FORMULAS, [names[gap > 8] for gap in GAPS]
            )
            for names in (("a", "b"), ("c", "d"))
        )
    for one, other in zip(
        first.net_.module_.state_dict().values(),
        second.net_.module_.state_dict().values(),
        strict=True,
    ):
        assert torch.equal(one, other)
    screen(first, FORMULAS, tmp_path / "out")
    with pytest.raises(InvalidInputError, match="model was"):
        screen(second, FORMULAS, tmp_path / "out")


def test_a_shard_that_begins_at_the_same_moment(folder, tmp_path, monkeypatch):
    """It looks for the file of the other one before that is written."""
    screen(folder, FORMULAS, tmp_path / "out", shard=(0, 2))
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.name != "run.json" and exists(path))
    assert screen(folder, FORMULAS, tmp_path / "out", shard=(1, 2)).n_rows == 6


def test_cells_may_be_long(folder, tmp_path):
    path = tmp_path / "long.csv"
    path.write_text(f"formula,note\nNaCl,{'x' * 200_000}\nKCl,y\n")
    assert screen(folder, path, tmp_path / "out").n_rows == 2


@pytest.mark.parametrize("values", [[1, 2, 3], [True, False, True]], ids=["Int64", "boolean"])
def test_batches_of_classes_have_one_type(values):
    model = AutoClassifier(preset=["trees"], random_state=0).fit(FORMULAS, values[:2] * 6)
    predictor = Predictor(model)
    frames = [pd.DataFrame({"formula": each}) for each in (["NaI"], ["NaI", "what?"], ["what?"])]
    assert len({str(predictor(frame)["y_predicted"].dtype) for frame in frames}) == 1
    batches = [predictor({"formula": frame["formula"].to_numpy()}) for frame in frames]
    assert {batch["y_predicted"].dtype for batch in batches} == {np.dtype(object)}
    assert batches[2]["y_predicted"].tolist() == [None]


def test_a_killed_run_continues(folder, tmp_path):
    source = tmp_path / "many.csv"
    source.write_text("formula\n" + "".join(f"Na{n}Cl\n" for n in range(1, 400)))
    expected = tmp_path / "expected"
    predict_stream(folder, source, expected, chunk_size=20, verbose=0)
    sink = tmp_path / "killed"
    code = (
        "from skmat.screening import predict_stream\n"
        f"predict_stream({str(folder)!r}, {str(source)!r}, {str(sink)!r}, chunk_size=20)"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 100
    while len(list(sink.glob("part-*"))) < 3 and run.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    predict_stream(folder, source, sink, chunk_size=20, verbose=0)
    names = {path.name for path in expected.iterdir()}
    # A killed writer may leave a temporary file.
    assert names <= {path.name for path in sink.iterdir()}
    for name in names:
        assert (expected / name).read_bytes() == Path(sink, name).read_bytes()


@pytest.mark.slow
def test_a_run_that_is_killed_at_random_points_gives_the_bytes_of_one_that_is_not(tmp_path):
    model = MTEncoderRegressor(
        pretrained=None, preset="tiny", max_epochs=1, precision="float32", random_state=0
    )
    model = model.fit(FORMULAS, GAPS).save_model(tmp_path / "model")
    source = tmp_path / "many.csv"
    every = (f"{a}{n}{b}" for n in range(1, 2001) for a in ("Na", "K") for b in ("F", "Cl", "Br"))
    rows = ("what?" if row % 700 == 50 else each for row, each in enumerate(every))
    source.write_text("formula\n" + "\n".join(rows) + "\n")
    n_chunks, generator = 12_000 // 100, random.Random(0)

    def stream(sink, **settings):
        predict_stream(model, source, tmp_path / sink, chunk_size=100, verbose=0, **settings)
        merge_parts(tmp_path / sink, tmp_path / f"{sink}.csv")

    def killed(sink, n_parts, more=""):
        """Kill a run a moment after it has written some parts."""
        code = (
            "from skmat.screening import predict_stream\n"
            f"predict_stream({str(model)!r}, {str(source)!r}, {str(tmp_path / sink)!r},"
            f" chunk_size=100, verbose=0{more})"
        )
        run = subprocess.Popen([sys.executable, "-c", code])
        while len(list((tmp_path / sink).glob("part-*"))) < n_parts and run.poll() is None:
            time.sleep(0.001)
        time.sleep(generator.uniform(0, 0.05))
        run.kill()
        return run.wait() == -signal.SIGKILL

    stream("whole")
    stops = sorted(generator.sample(range(1, n_chunks - 20), 4))
    assert all([killed("killed", n_parts) for n_parts in stops])
    stream("killed")
    assert killed("shards", 20, ", shard=(1, 2)")
    predict_stream(
        model, source, tmp_path / "shards", chunk_size=100, verbose=0, shard=(1, 2), n_jobs=2
    )
    stream("shards", shard=(0, 2))
    whole = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    assert len([name for name in whole if name.startswith("bad-")]) == 18
    for sink in ("killed", "shards"):
        assert (tmp_path / f"{sink}.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
        # A killed writer may leave a temporary file.
        found = {path.name for path in (tmp_path / sink).iterdir() if path.name[0] != "."}
        assert found == {*whole}
        for name, content in whole.items():
            assert (tmp_path / sink / name).read_bytes() == content, (sink, name)


def test_a_classifier_that_decides_otherwise_is_another_model(tmp_path):
    models = [
        classifier(decision=each).fit(BINARIES, CLASSES)
        for each in ("accuracy", "balanced_accuracy")
    ]
    np.testing.assert_array_equal(models[0].oof_predictions_, models[1].oof_predictions_)
    predict_stream(models[0], BINARIES[:3], tmp_path / "out", verbose=0)
    with pytest.raises(InvalidInputError, match="another run"):
        predict_stream(models[1], BINARIES[:3], tmp_path / "out", verbose=0)


def test_other_bounds_are_another_model(tmp_path):
    models = [regressor(bounds=each).fit(BINARIES, NUMBERS) for each in ((-50, 50), (-60, 60))]
    np.testing.assert_array_equal(models[0].oof_predictions_, models[1].oof_predictions_)
    predict_stream(models[0], BINARIES[:3], tmp_path / "out", verbose=0)
    joblib.dump(models[0], tmp_path / "model")
    again = joblib.load(tmp_path / "model")
    assert predict_stream(again, BINARIES[:3], tmp_path / "out", verbose=0).n_skipped == 3
    again = load_model(models[0].save_model(tmp_path / "folder"))
    assert predict_stream(again, BINARIES[:3], tmp_path / "out", verbose=0).n_skipped == 3
    with pytest.raises(InvalidInputError, match="another run"):
        predict_stream(models[1], BINARIES[:3], tmp_path / "out", verbose=0)


def test_a_dataset_of_pyarrow_is_a_source(folder, tmp_path):
    dataset = pytest.importorskip("pyarrow.dataset")
    frame = pd.DataFrame({"formula": FORMULAS, "kind": ["halide"] * 10 + ["oxide"] * 2})
    frame.to_parquet(tmp_path / "data", partition_cols=["kind"])
    source = dataset.dataset(tmp_path / "data", partitioning="hive")
    done = screen(folder, source, tmp_path / "out", columns=["kind"])
    assert done.n_rows == 12
    merge_parts(tmp_path / "out", tmp_path / "all.csv")
    found = pd.read_csv(tmp_path / "all.csv", float_precision="round_trip")
    assert found["formula"].tolist() == FORMULAS
    assert found["kind"].tolist() == frame["kind"].tolist()
    expected = Predictor(folder).load().predict(FORMULAS)
    np.testing.assert_array_equal(found["y_predicted"], expected)
    with pytest.raises(InvalidInputError, match="no column 'colour'"):
        screen(folder, source, tmp_path / "other", columns=["colour"])


def write(path, text):
    path.write_text(text)
    return path


def rows_of(source, folder):
    """Return how many rows `open_source` counts, after a source is written to `folder`."""
    frame = pd.DataFrame({"formula": FORMULAS})
    sources = {
        "text": lambda: (frame.to_csv(folder / "a.csv", index=False), folder / "a.csv")[1],
        "cells of lines": lambda: write(folder / "b.csv", 'cif,note\n"a\nb\n""c""",1\nd,2\n'),
        "gzip": lambda: (frame.to_csv(folder / "a.csv.gz", index=False), folder / "a.csv.gz")[1],
        "parquet": lambda: (frame.to_parquet(folder / "a.parquet"), folder / "a.parquet")[1],
        "frame": lambda: frame,
        "frames": lambda: [frame, frame],
        "materials": lambda: FORMULAS,
        "columns": lambda: [{"formula": FORMULAS}],
        "generator": lambda: iter(FORMULAS),
    }
    return open_source(sources[source]()).n_rows()


@pytest.mark.parametrize(
    ("source", "n_rows"),
    [
        ("text", 12), ("cells of lines", 2), ("gzip", None), ("parquet", 12), ("frame", 12),
        ("frames", 24), ("materials", 12), ("columns", None), ("generator", None),
    ],
)  # fmt: skip
def test_rows_are_counted_where_that_is_cheap(source, n_rows, tmp_path):
    if source == "parquet":
        pytest.importorskip("pyarrow")
    assert rows_of(source, tmp_path) == n_rows


def test_progress_tells_the_time_that_is_left(folder, tmp_path, capsys, monkeypatch):
    predict_stream(folder, FORMULAS, tmp_path / "known", chunk_size=6)
    known = capsys.readouterr().err
    predict_stream(folder, iter(FORMULAS), tmp_path / "unknown", chunk_size=6)
    assert "left" not in capsys.readouterr().err
    assert "12 rows" in known
    assert known.count(" left") == 2
    assert "about 0:00:00 left" in known
    told = []
    monkeypatch.setattr(_run, "_say", lambda n_rows, seconds, n_left: told.append(n_left))
    for n_jobs in (1, 2):
        sink = tmp_path / f"of {n_jobs}"
        predict_stream(folder, FORMULAS, sink, chunk_size=4, n_jobs=n_jobs)
    assert told == [8, 4, 0] * 2


def test_frames_of_spark_are_read_one_after_another(folder):
    frames = [pd.DataFrame({"formula": FORMULAS[:5]}), pd.DataFrame({"formula": FORMULAS[5:]})]
    predictor = Predictor(folder)
    found = list(predictor.frames(iter(frames)))
    assert [len(each) for each in found] == [5, 7]
    expected = predictor(pd.DataFrame({"formula": FORMULAS}))
    pd.testing.assert_frame_equal(pd.concat(found, ignore_index=True), expected)
