import numpy as np
import pytest
import torch
from common.materials import FORMULAS, many, mixed_salt
from common.materials import batch_of as crystals

from skmat import MTEncoder
from skmat.estimators._objectives import resolve_objectives
from skmat.exceptions import InvalidInputError
from skmat.nn import MASK_ID, CompositionBatch, Representation
from skmat.objectives import BarlowTwins

N = 400


def batch_of(*n_elements, width=None):
    """Return one material per number of elements."""
    numbers = torch.zeros(len(n_elements), width or max(n_elements), dtype=torch.int64)
    for row, n in enumerate(n_elements):
        numbers[row, :n] = torch.arange(1, n + 1)
    return CompositionBatch(numbers, (numbers > 0) / torch.tensor(n_elements)[:, None])


def views_of(batch, seed=0, **settings):
    return BarlowTwins(**settings).views(batch, torch.Generator().manual_seed(seed))


def loss_of(first, second, weights=None, **settings):
    """Return the losses where the projector is the identity."""
    objective = BarlowTwins(width=first.shape[1], **settings)
    weights = torch.ones(len(first)) if weights is None else weights
    seen = [Representation(first), Representation(second)]
    return objective.losses(torch.nn.Identity(), seen, [], None, None, weights)


@pytest.mark.parametrize(
    ("n_elements", "ratio", "n_hidden"),
    [(1, 0.1, 1), (2, 0.1, 1), (9, 0.1, 1), (10, 0.2, 2), (20, 0.1, 2), (7, 0.5, 3), (4, 1.0, 4)],
)
def test_a_masked_view_hides_its_share_and_one_at_least(n_elements, ratio, n_hidden):
    batch = batch_of(*[n_elements] * N, width=21)
    view = views_of(batch, ratio=ratio)[1]
    assert (view.selected.sum(dim=1) == n_hidden).all()
    assert not view.selected[:, n_elements:].any()
    assert torch.equal(view.batch.atomic_numbers == MASK_ID, view.selected)
    kept = ~view.selected
    assert torch.equal(view.batch.atomic_numbers[kept], batch.atomic_numbers[kept])
    assert torch.equal(view.batch.fractions, batch.fractions)
    # Each element has its turn.
    shares = view.selected[:, :n_elements].float().mean(dim=0)
    assert (shares - n_hidden / n_elements).abs().max() < 0.12


def test_crystal_twins_leave_out_edges_of_both_views():
    (objective,) = resolve_objectives("crystal_twins")
    batch = crystals(*many(30))
    first, second = objective.views(batch, torch.Generator().manual_seed(0))
    for view in (first, second):
        share = len(view.batch.senders) / len(batch.senders)
        assert 0.85 < share < 0.95
        # What is left is what was there, in its order.
        edges = [tuple(row) for row in edges_of(view.batch)]
        rest = iter(tuple(row) for row in edges_of(batch))
        assert all(edge in rest for edge in edges)
        assert (view.batch.receivers.diff() >= 0).all()
    assert len(first.batch.senders) != len(second.batch.senders) or not torch.equal(
        first.batch.senders, second.batch.senders
    )
    assert BarlowTwins().views(batch, torch.Generator())[1].batch.senders is batch.senders


def test_sites_of_several_elements_are_hidden_as_others_are():
    batch = crystals(*[mixed_salt(0.7)] * N)
    view = views_of(batch, ratio=0.25)[1]
    shared = batch.atomic_numbers > MASK_ID
    assert (view.selected.reshape(N, 8).sum(dim=1) == 2).all()
    assert view.selected[shared].float().mean() == pytest.approx(0.25, abs=0.05)
    assert torch.equal(view.batch.atomic_numbers == MASK_ID, view.selected)


def edges_of(batch):
    columns = (batch.receivers[:, None], batch.senders[:, None], batch.vectors)
    return torch.hstack([column.double() for column in columns]).tolist()


def test_formulas_have_no_edges():
    with pytest.raises(InvalidInputError, match="formulas have no edges"):
        views_of(batch_of(3, 2), edge_ratio=0.1)


def test_which_views_are_masked():
    batch = batch_of(3, 3, 2)
    first, second = views_of(batch)
    assert first.batch is None
    assert (second.batch.atomic_numbers == MASK_ID).any(dim=1).all()
    first, second = views_of(batch_of(*[4] * N), masked="both")
    assert first.selected.any(dim=1).all()
    assert not torch.equal(first.selected, second.selected)


def test_masks_differ_between_batches_and_epochs():
    """The published pretraining kept the first masks for ever."""
    objective, generator = BarlowTwins(), torch.Generator().manual_seed(0)
    batch = batch_of(*[4] * 50)
    drawn = [objective.views(batch, generator)[1].selected for _ in range(2)]
    assert not torch.equal(*drawn)
    again = objective.views(batch, torch.Generator().manual_seed(0))[1].selected
    assert torch.equal(drawn[0], again)


def test_loss_is_the_published_formula():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 30, 5))
    a, b = ((z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5) for z in (first, second))
    correlation = a.T @ b / 30
    on = (1 - np.diag(correlation)) ** 2
    off = correlation**2 - np.diag(np.diag(correlation) ** 2)
    found = loss_of(torch.tensor(first), torch.tensor(second))
    assert found.counts.item() == 30
    assert found.means.item() == pytest.approx(on.sum() + 0.0051 * off.sum(), rel=1e-5)


def test_twins_that_agree_and_are_independent_lose_nothing():
    columns = torch.linalg.qr(torch.randn(200, 6, dtype=torch.float64))[0]
    columns = columns - columns.mean(dim=0)
    columns = torch.linalg.qr(columns)[0] * 200**0.5
    assert loss_of(columns, columns).means.item() < 1e-4
    # The same column six times agrees, but tells nothing new.
    same = columns[:, :1].expand(-1, 6)
    assert loss_of(same, same).means.item() == pytest.approx(0.0051 * 30, rel=1e-3)


def test_rows_of_weight_zero_are_not_there():
    first, second = torch.randn(2, 12, 4)
    weights = torch.ones(12)
    weights[8:] = 0.0
    expected = loss_of(first[:8], second[:8])
    found = loss_of(first, second, weights)
    torch.testing.assert_close(found.sums, expected.sums)
    assert found.counts.item() == 8


def test_a_small_last_batch_is_divided_by_its_own_size():
    """The published pretraining divided by the size of a full batch."""
    first = torch.randn(5, 3)
    repeated = first.repeat(4, 1)
    small, large = loss_of(first, first), loss_of(repeated, repeated)
    torch.testing.assert_close(small.means, large.means)


def test_a_single_material_teaches_nothing():
    found = loss_of(torch.randn(1, 3), torch.randn(1, 3))
    assert found.sums.item() == found.counts.item() == 0.0


def test_half_precision_does_not_reach_the_correlations():
    first, second = torch.randn(2, 64, 16)
    expected = loss_of(first, second)
    with torch.autocast("cpu", torch.bfloat16):
        found = loss_of(first, second)
    torch.testing.assert_close(found.sums, expected.sums)


@pytest.mark.parametrize(
    "settings",
    [
        *({"ratio": 0.0}, {"ratio": 1.1}, {"masked": "first"}, {"width": 1}),
        *({"hidden": 512}, {"hidden": (0,)}, {"hidden": "512"}, {"scale": "x"}, {"scale": None}),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(InvalidInputError, match=next(iter(settings))):
        BarlowTwins(**settings)


@pytest.mark.parametrize("masked", ["second", "both"])
def test_an_encoder_learns_it(masked):
    objective = BarlowTwins(masked=masked, width=16)
    encoder = MTEncoder(
        preset="tiny", objectives=objective, max_epochs=30, lr=2e-3, dropout=0.0, random_state=0
    ).fit(FORMULAS * 4)
    losses = [row["train_loss_barlow_twins"] for row in encoder.history_]
    assert losses[-1] < 0.5 * losses[0]
    assert encoder.transform(["KBr"]).std() > 0.01
