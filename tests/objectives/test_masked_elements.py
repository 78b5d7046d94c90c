import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from common.materials import batch_of as crystals
from common.materials import mixed_salt, rock_salt

from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError
from skmat.nn import MASK_ID, CompositionBatch, MTEncoderNetwork, Representation
from skmat.objectives import MaskedElements

N = 4000
ENCODER = SimpleNamespace(out_features=6)


def batch_of(n_elements, n=N, width=None):
    """Return `n` materials of the elements 1, ..., n_elements."""
    numbers = torch.zeros(n, width or n_elements, dtype=torch.int64)
    numbers[:, :n_elements] = torch.arange(1, n_elements + 1)
    return CompositionBatch(numbers, (numbers > 0) / n_elements)


def view_of(batch, seed=0, **settings):
    (view,) = MaskedElements(**settings).views(batch, torch.Generator().manual_seed(seed))
    return view


def near(probability, n=N):
    """Allow four standard errors of a share."""
    return pytest.approx(probability, abs=4 * math.sqrt(probability * (1 - probability) / n))


@pytest.mark.parametrize("ratio", [0.15, 0.3, 0.8])
def test_elements_are_selected_at_the_ratio(ratio):
    selected = view_of(batch_of(4), ratio=ratio).selected
    # One is released where all four are chosen.
    released = ratio**4
    assert selected.float().mean().item() == pytest.approx(ratio - released / 4, abs=0.02)
    for column in selected.T:
        assert column.float().mean().item() == near(ratio - released / 4)
    n_selected = selected.sum(dim=1)
    assert (n_selected == 0).float().mean().item() == near((1 - ratio) ** 4)
    assert (n_selected == 3).float().mean().item() == near(4 * ratio**3 * (1 - ratio) + ratio**4)


def test_one_element_stays_visible_even_at_ratio_one():
    for n_elements in (2, 3, 5):
        selected = view_of(batch_of(n_elements), ratio=1.0).selected
        assert (selected.sum(dim=1) == n_elements - 1).all()
        # Which one it is, is left to chance.
        assert (~selected).float().mean(dim=0).tolist() == [near(1 / n_elements)] * n_elements


@pytest.mark.parametrize("at_least_one", [False, True])
def test_unaries_padding_and_empty_rows_are_never_selected(at_least_one):
    numbers = torch.tensor([[26, 0, 0], [0, 0, 0], [8, 22, 0]]).repeat(N, 1)
    batch = CompositionBatch(numbers, (numbers > 0) * 1.0)
    view = view_of(batch, ratio=0.9, at_least_one=at_least_one)
    assert not view.selected[0::3].any()
    assert not view.selected[1::3].any()
    assert not view.selected[2::3, 2].any()
    assert view.selected[2::3].any()
    assert torch.equal(view.batch.site_mask, batch.site_mask)


def test_at_least_one_is_selected_where_chance_took_none():
    batch = batch_of(3)
    by_chance = view_of(batch, ratio=0.1).selected
    forced = view_of(batch, ratio=0.1, at_least_one=True).selected
    none = ~by_chance.any(dim=1)
    assert none.float().mean().item() == near(0.9**3)
    assert (forced[none].sum(dim=1) == 1).all()
    assert torch.equal(forced[~none], by_chance[~none])
    assert forced[none].float().mean(dim=0).tolist() == [near(1 / 3, int(none.sum()))] * 3


@pytest.mark.parametrize(
    ("scheme", "hide", "replace"), [("mtencoder", 1 / 3, 1 / 3), ("bert", 0.8, 0.1)]
)
def test_selected_positions_are_hidden_replaced_and_kept(scheme, hide, replace):
    batch = batch_of(4)
    view = view_of(batch, ratio=0.5, scheme=scheme)
    original, corrupted = batch.atomic_numbers, view.batch.atomic_numbers
    assert torch.equal(corrupted[~view.selected], original[~view.selected])
    assert torch.equal(view.batch.fractions, batch.fractions)
    n = int(view.selected.sum())
    chosen, truth = corrupted[view.selected], original[view.selected]
    hidden = chosen == MASK_ID
    assert hidden.float().mean().item() == near(hide, n)
    changed = (chosen != truth) & ~hidden
    # A random element is the true one once in 118 times.
    assert changed.float().mean().item() == near(replace * 117 / 118, n)
    elements = chosen[changed]
    assert elements.min() >= 1
    assert elements.max() <= 118
    assert len(elements.unique()) > 90


def test_masks_are_drawn_anew_and_follow_from_the_seed():
    batch = batch_of(4, 50)
    generator = torch.Generator().manual_seed(7)
    first = MaskedElements().views(batch, generator)[0]
    second = MaskedElements().views(batch, generator)[0]
    again = MaskedElements().views(batch, torch.Generator().manual_seed(7))[0]
    assert not torch.equal(first.selected, second.selected)
    assert torch.equal(first.selected, again.selected)
    assert torch.equal(first.batch.atomic_numbers, again.batch.atomic_numbers)


def test_drawing_leaves_the_global_generator_and_the_batch_alone():
    batch = batch_of(4, 50)
    before, numbers = torch.get_rng_state(), batch.atomic_numbers.clone()
    view_of(batch)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(batch.atomic_numbers, numbers)


def test_the_loss_is_the_cross_entropy_of_the_original_elements():
    objective = MaskedElements(ratio=1.0)
    batch = CompositionBatch.from_arrays(read_compositions(["Fe", "TiO2", "CaTiO3"]), range(3))
    view = view_of(batch, ratio=1.0)
    assert view.selected.sum(dim=1).tolist() == [0, 1, 2]
    heads = objective.build_heads(ENCODER, [])
    sites = torch.randn(6, 6)
    weights = torch.tensor([1.0, 2.0, 5.0])
    losses = objective.losses(
        heads, [Representation(None, sites)], [view], batch, torch.empty(3, 0), weights
    )
    total, count, site = 0.0, 0.0, 0
    for row in range(3):
        for column in range(int(batch.site_mask[row].sum())):
            if view.selected[row, column]:
                scores = heads(sites[site]).log_softmax(dim=0)
                total -= weights[row] * scores[batch.atomic_numbers[row, column] - 1]
                count += weights[row]
            site += 1
    torch.testing.assert_close(losses.sums, total[None])
    assert losses.counts.item() == pytest.approx(float(count))


def test_a_share_of_the_materials_is_shown():
    batch = batch_of(4, 50)
    objective = MaskedElements(share=0.3)
    generator = torch.Generator().manual_seed(0)
    first, second = (objective.views(batch, generator)[0] for _ in range(2))
    assert first.rows.tolist() != second.rows.tolist()
    assert len(set(first.rows.tolist())) == first.batch.n_materials == len(first.selected) == 15
    untouched = ~first.selected
    original = batch.take(first.rows)
    assert torch.equal(first.batch.atomic_numbers[untouched], original.atomic_numbers[untouched])
    assert torch.equal(first.batch.fractions, original.fractions)
    heads = objective.build_heads(ENCODER, [])
    found = Representation(None, torch.randn(60, 6))
    weights, y = torch.rand(50), torch.empty(50, 0)
    losses = objective.losses(heads, [found], [first], batch, y, weights)
    # The same view of a batch that holds nothing else.
    alone = first._replace(rows=None)
    expected = objective.losses(heads, [found], [alone], original, y, weights[first.rows])
    torch.testing.assert_close(losses, expected)
    assert MaskedElements(share=0.001).views(batch, generator)[0].batch.n_materials == 1
    with pytest.raises(InvalidInputError, match="share must be above 0 and at most 1, not 0"):
        MaskedElements(share=0)


def test_sites_of_several_elements_are_never_asked_for():
    mixed, all_mixed = mixed_salt(0.7), mixed_salt(0.7)
    all_mixed.replace_species({"Cl": {"Cl": 0.5, "Br": 0.5}})
    batch = crystals(*[mixed, all_mixed] * 50)
    shared = batch.atomic_numbers > MASK_ID
    assert shared.sum() == 50 * (4 + 8)
    for settings in ({"ratio": 0.3}, {"ratio": 1.0}, {"ratio": 0.01, "at_least_one": True}):
        view = view_of(batch, **settings)
        assert not view.selected[shared].any()
        assert torch.equal(view.batch.atomic_numbers[shared], batch.atomic_numbers[shared])
        n_selected = view.selected.reshape(50, 16).sum(dim=1)
        if settings["ratio"] == 1.0:
            # What cannot be asked for stays visible, so that all others may be.
            assert (n_selected == 4).all()
        elif "at_least_one" in settings:
            assert (n_selected >= 1).all()


def test_a_partially_occupied_site_of_one_element_is_asked_for():
    batch = crystals(*[rock_salt(cation={"Li": 0.5})] * 50)
    view = view_of(batch, ratio=0.5, scheme="bert")
    asked = batch.atomic_numbers[view.selected]
    assert set(asked.tolist()) == {3, 17}


def test_a_batch_of_unaries_has_a_finite_loss_and_no_gradient():
    objective = MaskedElements()
    batch = batch_of(1, 3)
    heads = objective.build_heads(ENCODER, [])
    losses = objective.losses(
        heads,
        [Representation(None, torch.randn(3, 6))],
        [view_of(batch)],
        batch,
        torch.empty(3, 0),
        torch.ones(3),
    )
    losses.means.sum().backward()
    assert losses.means.tolist() == [0.0]
    assert losses.counts.tolist() == [0.0]
    assert all(not parameter.grad.any() for parameter in heads.parameters())


def test_the_scale_makes_a_blind_guess_one():
    (scale,) = MaskedElements().task_scales([])
    assert scale * math.log(118) == pytest.approx(1.0)
    assert MaskedElements(scale=0.25).task_scales([]) == [0.25]
    assert MaskedElements().task_names([]) == ["masked_elements"]


def test_elements_that_follow_from_the_others_are_learned():
    # The metal tells the anion and its fraction tells the metal: all can be known.
    formulas = ["NaCl", "K2O", "Ca3N2", "Ti1C4"] * 8
    arrays = read_compositions(formulas)
    batch = CompositionBatch.from_arrays(arrays, np.arange(len(formulas)))
    torch.manual_seed(0)
    objective = MaskedElements(ratio=0.5, scheme="bert")
    encoder = MTEncoderNetwork(
        None, d_model=32, n_layers=2, n_heads=2, d_feedforward=32, dropout=0.0
    )
    heads = objective.build_heads(encoder, [])
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=5e-3)
    generator = torch.Generator().manual_seed(0)
    course = []
    for _ in range(60):
        views = objective.views(batch, generator)
        found = [encoder(view.batch, sites=True) for view in views]
        losses = objective.losses(heads, found, views, batch, torch.empty(32, 0), torch.ones(32))
        course.append(losses.means.item())
        optimizer.zero_grad()
        losses.means.sum().backward()
        optimizer.step()
    assert course[0] > 4.0
    assert sum(course[-5:]) / 5 < 0.7


@pytest.mark.parametrize(
    "settings",
    [
        *({"scheme": "albert"}, {"ratio": 0.0}, {"ratio": 1.2}),
        *({"hidden": 512}, {"hidden": (1.5,)}, {"scale": "x"}),
    ],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(InvalidInputError, match=next(iter(settings))):
        MaskedElements(**settings)
