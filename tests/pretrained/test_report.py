import pytest
import torch
from torch import nn

from skmat.exceptions import PretrainedError
from skmat.pretrained import LoadReport, load_state


def make_module():
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))


def test_everything_is_loaded_buffers_too():
    source, module = make_module(), make_module()
    source[1].running_mean.fill_(5.0)
    report = load_state(module, source.state_dict(), "a test")
    assert report.complete
    assert report.matched == sorted(source.state_dict())
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, source.state_dict()[name])
    assert str(report) == "7 tensors matched"


def lacking(state):
    del state["0.weight"]


def excessive(state):
    state["extra.weight"] = torch.zeros(2)


def transposed(state):
    state["0.weight"] = torch.zeros(3, 5)


def of_another_rank(state):
    state["0.bias"] = torch.zeros(3, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lacking, r"1 missing \(0\.weight\)"),
        (excessive, r"1 unexpected \(extra\.weight\)"),
        (transposed, r"1 mismatched \(0\.weight\)"),
        (of_another_rank, r"1 mismatched \(0\.bias\)"),
    ],
)
def test_anything_less_is_refused_and_changes_nothing(change, message):
    module = make_module()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    state = make_module().state_dict()
    change(state)
    with pytest.raises(PretrainedError, match=message) as error:
        load_state(module, state, "the checkpoint")
    assert "the checkpoint" in str(error.value)
    assert "Nothing was loaded. Use" in str(error.value)
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_long_lists_are_cut():
    report = LoadReport(missing=[f"layer{i}" for i in range(9)])
    assert not report.complete
    assert "9 missing (layer0, layer1, layer2, layer3, layer4, ...)" in str(report)


def test_the_screen_shows_counts_and_the_first_names():
    names = [f"layer.{i}" for i in range(7)]
    report = LoadReport(matched=names, missing=["<head>"])
    text = repr(report)
    assert text.startswith("LoadReport: tensors do not match\n")
    assert "7: layer.0, layer.1, layer.2, layer.3, layer.4, and 2 more" in " ".join(text.split())
    assert "  missing     1: <head>\n" in text
    assert "1: &lt;head&gt;" in report._repr_html_()
    assert repr(LoadReport(matched=names)).startswith("LoadReport: all tensors match\n")
