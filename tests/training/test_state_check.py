import copy
from itertools import cycle

import pytest
import torch

from skmat.exceptions import PretrainedError
from skmat.training import CheckpointFolder, _resume, train
from skmat.training._state_check import StateFault, check_history, check_like, with_defaults


class Interrupted(Exception):
    pass


@pytest.fixture(params=["plain", "everything"])
def run(request, make_model, make_settings, make_data, tmp_path, monkeypatch):
    """Function that goes on with a run of two epochs of three, and the state after these."""
    everything = {"ema_decay": 0.9, "patience": 3, "loss_weighting": "rlw-mtencoder"}
    settings = make_settings(max_epochs=3, **(everything if request.param == "everything" else {}))
    valid = make_data(8, seed=1) if settings.patience else None
    folder = CheckpointFolder(tmp_path)

    def go_on():
        model = make_model()
        train(model, settings, make_data(21), valid, folder)
        return model.state_dict()

    write, states = CheckpointFolder.write, []

    def stop(self, state):
        write(self, state)
        states.append(None)
        if len(states) == 2:
            raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(CheckpointFolder, "write", stop)
        with pytest.raises(Interrupted):
            go_on()
    return go_on, folder


def paths_in(value, path=()):
    """List where dicts, lists and what they hold stand in a state, from the outside in."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from paths_in(value[key], (*path, key))
    elif isinstance(value, list | tuple):
        for index in range(len(value)):
            yield from paths_in(value[index], (*path, index))


def replaced(state, path, value):
    """Return a state in which a value stands at a path."""
    if not path:
        return value
    state = copy.copy(state)
    inner = replaced(state[path[0]], path[1:], value)
    if isinstance(state, tuple):
        return (*state[: path[0]], inner, *state[path[0] + 1 :])
    state[path[0]] = inner
    return state


def test_nothing_of_a_state_may_be_anything_else(run):
    """Every part of a state, one after the other, is text, a tensor or an empty dict."""
    go_on, folder = run
    state = folder.read()
    # One of each kind: a state has hundreds of tensors and numbers alike.
    seen, chosen = set(), []
    for path in paths_in(state):
        kind = tuple(each for each in path if isinstance(each, str) and "." not in each)
        if kind not in seen:
            seen.add(kind)
            chosen.append(path)
    assert len(chosen) > 30
    for path, wrong in zip(chosen, cycle(["text", torch.zeros(2, 3, 1), {}]), strict=False):
        folder.write(replaced(state, path, wrong))
        with pytest.raises(PretrainedError, match="cannot be resumed"):
            go_on()
    folder.write(state)
    assert all(torch.isfinite(tensor).all() for tensor in go_on().values())


@pytest.mark.parametrize(
    "path",
    [("callbacks",), ("optimizer", "state"), ("history",), ("random",), ("callbacks", "schedule")],
)
def test_nothing_of_a_state_may_lack(run, path):
    go_on, folder = run
    state = folder.read()
    part = state
    for key in path:
        part = part[key]
    empty = type(part)()
    folder.write(replaced(state, path, empty))
    with pytest.raises(PretrainedError, match="cannot be resumed"):
        go_on()


def test_weights_that_are_no_numbers_are_refused(run):
    go_on, folder = run
    state = folder.read()
    name = next(iter(state["module"]))
    state["module"][name].view(-1)[0] = float("nan")
    folder.write(state)
    with pytest.raises(PretrainedError, match="NaN or infinite"):
        go_on()


def test_values_of_one_kind_are_alike():
    for found, expected in [(1, 2.5), (0.5, 1), ("a", "a"), (None, None), (True, False)]:
        check_like(found, expected, "it")
    check_like({"a": [1, torch.ones(2)]}, {"a": [2, torch.zeros(2)]}, "it")
    for found, expected in [
        *((1, "a"), ("b", "a"), (True, 1), (1, True), (None, 1), (float("nan"), 1), ((1,), [1])),
        *(({"a": 1}, {}), ({}, {"a": 1}), ([1], [1, 2]), (torch.ones(2), torch.ones(3))),
        *((torch.ones(2), torch.ones(2).long()), (1, torch.ones(1)), ([1], {0: 1})),
    ]:
        with pytest.raises(StateFault, match="it"):
            check_like(found, expected, "it")


def test_a_history_has_a_row_per_epoch():
    rows = [{"epoch": 1, "train_loss": 0.5, "batches": []}, {"epoch": 2, "train_loss": 0.25}]
    check_history(rows, 2)
    for wrong in ([], rows[1:], [*rows, rows[1]], rows[:1] * 2, [{}], [3], "text", [{"epoch": 1}]):
        with pytest.raises(StateFault, match="history"):
            check_history(wrong, 2)


def test_settings_of_another_version_of_torch_are_left_out():
    assert with_defaults({"a": 1, "old": 2}, {"a": 3, "new": 4}, "it") == {"a": 1, "new": 4}


def test_other_versions_of_torch_may_have_other_settings(run):
    go_on, folder = run
    state = folder.read()
    for group in state["optimizer"]["param_groups"]:
        group["of another version"] = group.pop("maximize")
    schedule = state["callbacks"]["schedule"]
    schedule["verbose"] = False
    folder.write(state)
    weights = go_on()
    assert weights
    assert set(schedule) >= _resume._CHANGING
