import pytest
import torch

from skmat.nn import CompositionBatch
from skmat.objectives import MaskedElements, Properties, Target, TaskLosses, View


def test_means_over_labels_and_nothing_for_a_task_without():
    sums = torch.tensor([6.0, 0.0], requires_grad=True)
    losses = TaskLosses(sums, torch.tensor([4.0, 0.0]))
    assert losses.means.tolist() == [1.5, 0.0]
    losses.means.sum().backward()
    assert sums.grad.isfinite().all()


def test_small_weights_still_divide():
    losses = TaskLosses(torch.tensor([0.002]), torch.tensor([0.001]))
    assert losses.means.item() == pytest.approx(2.0)


def test_parts_are_joined_in_order():
    parts = [TaskLosses(torch.tensor([float(i)]), torch.tensor([i + 1.0])) for i in range(3)]
    joined = TaskLosses.concatenate(parts)
    assert joined.sums.tolist() == [0, 1, 2]
    assert joined.counts.tolist() == [1, 2, 3]


@pytest.mark.parametrize("selected", [None, torch.tensor([[True]])])
def test_views_move_with_what_was_selected(selected):
    view = View(CompositionBatch(torch.tensor([[8]]), torch.ones(1, 1)), selected).to("meta")
    assert view.batch.fractions.device.type == "meta"
    assert selected is None or view.selected.device.type == "meta"


def test_scales_are_one_unless_an_objective_says_otherwise():
    assert Properties().task_scales([Target("a"), Target("b")]) == [1.0, 1.0]


def test_descriptions_are_plain_data():
    assert Properties(loss="mse").describe() == {
        "name": "properties",
        "loss": "mse",
        "hidden": None,
        "dropout": 0.0,
    }
    assert Properties(n_task_layers=2).describe()["n_task_layers"] == 2
    assert MaskedElements(ratio=0.5).describe() == {
        "name": "masked_elements",
        "ratio": 0.5,
        "scheme": "mtencoder",
        "at_least_one": False,
        "hidden": [],
        "share": 1.0,
        "scale": "auto",
    }


def test_objectives_are_values():
    assert Properties(loss="mse") == Properties(loss="mse") != Properties()
    assert len({MaskedElements(), MaskedElements(), MaskedElements(ratio=0.1)}) == 2
