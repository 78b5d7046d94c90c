import numpy as np
import pytest
import torch

from skmat.composition import read_compositions
from skmat.nn import MASK_ID, MTENCODER_PRESETS, CompositionBatch, MTEncoderNetwork
from skmat.objectives import CORRUPTION_SCHEMES, MaskedElements, View
from skmat.training import isolated_seed
from skmat.training._padded_losses import PaddedBatch, corrupt, masked_element_losses

FORMULAS = ["TiO2", "Fe", "NaCl", "GaAs", "Fe2O3", "SrTiO3", "CdTe", "LiFePO4", "MgO", "Cu2ZnSnS4"]


def network():
    with isolated_seed(0):
        return MTEncoderNetwork(None, **MTENCODER_PRESETS["tiny"]).eval()


def padded_batch(formulas):
    batch = CompositionBatch.from_arrays(read_compositions(formulas), np.arange(len(formulas)))
    return batch, PaddedBatch(*batch, torch.rand(len(formulas)))


@pytest.mark.parametrize("share", [1.0, 0.4])
def test_losses_of_hidden_elements_are_those_of_the_objective(share, monkeypatch):
    objective, encoder = MaskedElements(ratio=0.5, share=share), network()
    heads = objective.build_heads(encoder, ())
    batch, padded = padded_batch(FORMULAS * 3)
    rows = torch.arange(round(share * 30))
    with isolated_seed(0):
        corrupted, chosen = corrupt(objective, batch.atomic_numbers[rows])
    monkeypatch.setattr("skmat.training._padded_losses.corrupt", lambda *_: (corrupted, chosen))
    ours = masked_element_losses(objective, heads, encoder, padded)
    view = View(batch.take(rows).with_atomic_numbers(corrupted), chosen, rows)
    sites = encoder(view.batch, sites=True)
    theirs = objective.losses(heads, [sites], [view], batch, None, padded.sample_weight)
    for our, their in zip(ours, theirs, strict=True):
        torch.testing.assert_close(our, their)


@pytest.mark.parametrize("scheme", CORRUPTION_SCHEMES)
def test_elements_are_hidden_as_by_the_objective(scheme):
    objective = MaskedElements(ratio=0.5, scheme=scheme)
    batch, _ = padded_batch(FORMULAS * 300)

    def shares(corrupted, chosen):
        hidden, changed = corrupted == MASK_ID, corrupted != batch.atomic_numbers
        assert not (changed & ~chosen).any()
        assert not (batch.site_mask & ~chosen).sum(dim=1).eq(0).any()
        n_chosen = chosen.sum()
        return [
            n_chosen / batch.site_mask.sum(),
            hidden.sum() / n_chosen,
            changed.sum() / n_chosen,
        ]

    with isolated_seed(0):
        ours = shares(*corrupt(objective, batch.atomic_numbers))
    (view,) = objective.views(batch, torch.Generator().manual_seed(0))
    theirs = shares(view.batch.atomic_numbers, view.selected)
    torch.testing.assert_close(torch.tensor(ours), torch.tensor(theirs), rtol=0.06, atol=0.0)
