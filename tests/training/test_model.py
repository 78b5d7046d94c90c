import numpy as np
import torch

from skmat.nn import CompositionBatch
from skmat.objectives import BarlowTwins, MaskedElements, Properties
from skmat.training._data import BatchLoader


class Counting(torch.nn.Module):
    """Passes on to an encoder and remembers what it was asked."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder, self.asked = encoder, []

    def forward(self, batch, sites=False):
        self.asked.append((batch, sites))
        return self.encoder(batch, sites=sites)


def first_batch(data, model):
    loader = BatchLoader(data, 16, model.objectives, torch.Generator().manual_seed(0))
    return next(iter(loader))[0]


def test_losses_are_those_of_the_objectives_in_order(make_model, make_data):
    model = make_model("joint", n_targets=2).eval()
    batch = first_batch(make_data(16, 2, missing=0.3), model)
    found = model(batch)
    assert model.task_names == ["a", "b", "masked_elements"]
    assert model.task_scales == [1.0, 1.0, *MaskedElements().task_scales([])]
    parts = []
    for objective, views in zip(model.objectives, batch.views, strict=True):
        seen = batch.materials if views[0].batch is None else views[0].batch
        parts.append(
            objective.losses(
                model.heads[objective.name],
                [model.encoder(seen, sites=True)],
                views,
                batch.materials,
                batch.y,
                batch.sample_weight,
            )
        )
    torch.testing.assert_close(found.sums, torch.cat([part.sums for part in parts]))
    torch.testing.assert_close(found.counts, torch.cat([part.counts for part in parts]))


def test_whole_formulas_are_encoded_once_for_all_who_look_at_them(make_model, make_data):
    model = make_model([Properties(), BarlowTwins(width=8), MaskedElements()])
    model.encoder = Counting(model.encoder)
    batch = first_batch(make_data(16), model)
    model(batch)
    asked = [seen is batch.materials for seen, _ in model.encoder.asked]
    assert asked == [True, False, False]


def test_properties_see_whole_formulas_and_masked_elements_corrupted_ones(make_model, make_data):
    model = make_model("joint")
    model.encoder = Counting(model.encoder)
    batch = first_batch(make_data(16), model)
    model(batch)
    (clean, clean_sites), (corrupted, corrupted_sites) = model.encoder.asked
    assert clean is batch.materials
    assert not clean_sites
    assert corrupted_sites
    assert not torch.equal(corrupted.atomic_numbers, clean.atomic_numbers)


def test_the_whole_batch_is_encoded_once_for_all_who_want_it(make_model, make_data):
    class OtherProperties(Properties):
        name = "other"
        needs_sites = True

    model = make_model([Properties(), OtherProperties()])
    model.encoder = Counting(model.encoder)
    model(first_batch(make_data(16), model))
    assert [sites for _, sites in model.encoder.asked] == [True]


def test_one_encoder_serves_all_heads(make_model):
    model = make_model("joint", n_targets=3)
    names = [name for name, _ in model.named_parameters()]
    assert len(names) == len(set(names))
    assert {name.split(".")[0] for name in names} == {"encoder", "heads"}
    batch = CompositionBatch(torch.tensor([[8, 22]]), torch.tensor([[0.5, 0.5]]))
    vector = model.encoder(batch).material
    assert np.array([head(vector).shape for head in model.heads["properties"]]).tolist() == (
        [[1, 1]] * 3
    )
