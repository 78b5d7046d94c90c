import copy
import math
import pickle
from types import SimpleNamespace

import pytest
import torch

from skmat.exceptions import InvalidInputError
from skmat.nn import Representation
from skmat.objectives import LOSS_WEIGHTINGS, LossWeighting, Properties, Target, TaskLosses

RANDOM = [name for name in LOSS_WEIGHTINGS if name.startswith("rlw-")]
N_DRAWS = 2000


def weighting_of(scheme, weights=(1.0, 1.0, 1.0), scales=None, seed=0):
    return LossWeighting(scheme, weights, scales or [1.0] * len(weights), seed)


def losses_of(*means):
    return TaskLosses(torch.tensor(means), torch.ones(len(means)))


def draws(scheme, n=N_DRAWS, weights=(1.0, 1.0, 1.0), seed=0):
    """Return the weights of `n` steps, of shape (n, n_tasks)."""
    weighting = weighting_of(scheme, weights, seed=seed)
    rows = []
    for _ in range(n):
        weighting(losses_of(*[1.0] * len(weights)))
        rows.append(weighting.last_weights)
    return torch.stack(rows)


@pytest.mark.parametrize("scheme", LOSS_WEIGHTINGS)
def test_weights_have_mean_one(scheme):
    drawn = draws(scheme, 40)
    torch.testing.assert_close(drawn.mean(dim=1), torch.ones(40))
    assert (drawn >= 0).all()


@pytest.mark.parametrize("scheme", LOSS_WEIGHTINGS)
def test_the_total_is_the_weighted_mean_of_the_task_losses(scheme):
    weighting = weighting_of(scheme, (1.0, 2.0, 3.0), [1.0, 0.5, 0.1])
    total = weighting(TaskLosses(torch.tensor([4.0, 6.0, 50.0]), torch.tensor([2.0, 1.0, 5.0])))
    expected = (weighting.last_weights * torch.tensor([2.0, 3.0, 1.0])).mean()
    torch.testing.assert_close(total, expected)


@pytest.mark.parametrize("scheme", ["equal"])
def test_the_users_weights_hold_in_their_ratio(scheme):
    assert draws(scheme, 1, (1.0, 3.0))[0].tolist() == [0.5, 1.5]
    assert draws(scheme, 1, (10.0, 30.0))[0].tolist() == [0.5, 1.5]


@pytest.mark.parametrize("scheme", RANDOM)
def test_the_users_weights_hold_on_average_whatever_is_drawn(scheme):
    mean = draws(scheme, 4000, (1.0, 9.0)).mean(dim=0)
    torch.testing.assert_close(mean, torch.tensor([0.2, 1.8]), atol=0.1, rtol=0)


@pytest.mark.parametrize("scheme", RANDOM)
def test_a_task_of_weight_zero_is_never_learned(scheme):
    drawn = draws(scheme, 100, (1.0, 0.0))
    assert (drawn[:, 1] == 0).all()
    assert drawn[:, 0].max() > 0


@pytest.mark.parametrize("scheme", RANDOM)
def test_weights_change_from_step_to_step_and_follow_from_the_seed(scheme):
    drawn = draws(scheme, 30)
    assert len(drawn.unique(dim=0)) > 1
    assert torch.equal(drawn, draws(scheme, 30))
    assert not torch.equal(drawn, draws(scheme, 30, seed=1))


@pytest.mark.parametrize("scheme", RANDOM)
def test_drawing_leaves_the_global_generator_alone(scheme):
    before = torch.get_rng_state()
    draws(scheme, 3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("scheme", RANDOM)
def test_every_task_is_treated_alike(scheme):
    torch.testing.assert_close(draws(scheme).mean(dim=0), torch.ones(3), atol=0.1, rtol=0)


def test_normal_and_uniform_are_softmaxes_of_such_variates():
    # The logarithm of a ratio of softmaxes is the difference of the variates.
    normal = draws("rlw-normal")
    difference = (normal[:, 0] / normal[:, 1]).log()
    assert difference.std().item() == pytest.approx(math.sqrt(2), rel=0.06)
    assert difference.abs().max() > 3
    uniform = draws("rlw-uniform")
    difference = (uniform[:, 0] / uniform[:, 1]).log()
    assert difference.std().item() == pytest.approx(math.sqrt(1 / 6), rel=0.06)
    assert difference.abs().max() < 1


def test_dirichlet_is_flat():
    shares = draws("rlw-dirichlet") / 3
    # One share of a flat Dirichlet over three is Beta(1, 2).
    assert shares[:, 0].var().item() == pytest.approx(1 / 18, rel=0.1)
    assert (shares[:, 0] > 0.5).float().mean().item() == pytest.approx(0.25, abs=0.04)


def test_bernoulli_is_a_coin_per_task_with_one_on_at_least():
    active = draws("rlw-bernoulli") > 0
    assert active.any(dim=1).all()
    # The seven outcomes but "none" are equally likely.
    codes = (active * torch.tensor([1, 2, 4])).sum(dim=1)
    shares = torch.bincount(codes, minlength=8)[1:] / N_DRAWS
    torch.testing.assert_close(shares, torch.full((7,), 1 / 7), atol=0.03, rtol=0)
    assert set(draws("rlw-bernoulli", 200).unique().tolist()) == {0.0, 1.0, 1.5, 3.0}


def test_one_hot_is_one_task_at_a_time():
    drawn = draws("rlw-one-hot")
    assert set(drawn.unique().tolist()) == {0.0, 3.0}
    assert ((drawn > 0).sum(dim=1) == 1).all()


def test_mtencoder_is_coins_then_a_softmax_over_the_active():
    drawn = draws("rlw-mtencoder")
    n_active = (drawn > 0).sum(dim=1)
    shares = torch.bincount(n_active, minlength=4)[1:] / N_DRAWS
    torch.testing.assert_close(shares, torch.tensor([3 / 7, 3 / 7, 1 / 7]), atol=0.04, rtol=0)
    assert set(drawn[n_active == 1].unique().tolist()) == {0.0, 3.0}
    full = drawn[n_active == 3]
    assert (full[:, 0] / full[:, 1]).log().std().item() == pytest.approx(math.sqrt(2), rel=0.15)


def test_one_hot_gives_exactly_one_head_a_gradient():
    objective = Properties()
    targets = [Target("a"), Target("b", 2), Target("c", 3)]
    heads = objective.build_heads(SimpleNamespace(out_features=4), targets)
    weighting = weighting_of("rlw-one-hot")
    seen = set()
    for _ in range(20):
        heads.zero_grad()
        losses = objective.losses(
            heads, [Representation(torch.randn(5, 4))], [], None, torch.ones(5, 3), torch.ones(5)
        )
        weighting(losses).backward()
        taught = [
            i
            for i, head in enumerate(heads)
            if any((parameter.grad != 0).any() for parameter in head.parameters())
        ]
        assert taught == weighting.last_weights.nonzero().flatten().tolist()
        assert len(taught) == 1
        seen |= set(taught)
    assert seen == {0, 1, 2}


def test_uncertainty_learns_the_logarithm_of_each_loss():
    weighting = weighting_of("uncertainty", (1.0, 1.0))
    optimizer = torch.optim.Adam(weighting.parameters(), lr=0.1)
    for _ in range(150):
        optimizer.zero_grad()
        weighting(losses_of(0.5, 3.0)).backward()
        optimizer.step()
    # exp(-s) loss + s is least at s = log(loss), where the weight is 1 / loss.
    assert weighting.log_variances.tolist() == pytest.approx(
        [math.log(0.5), math.log(3.0)], abs=0.02
    )
    assert weighting.last_weights.tolist() == pytest.approx([2.0, 1 / 3], rel=0.05)


def test_uncertainty_learns_nothing_of_a_task_without_labels():
    weighting = weighting_of("uncertainty", (1.0, 1.0))
    weighting(TaskLosses(torch.tensor([2.0, 0.0]), torch.tensor([1.0, 0.0]))).backward()
    assert weighting.log_variances.grad[0] != 0
    assert weighting.log_variances.grad[1] == 0


@pytest.mark.parametrize("scheme", sorted(set(LOSS_WEIGHTINGS) - {"uncertainty"}))
def test_the_others_learn_nothing(scheme):
    assert not any(parameter.requires_grad for parameter in weighting_of(scheme).parameters())


@pytest.mark.parametrize("scheme", LOSS_WEIGHTINGS)
def test_one_task_is_left_as_it_is(scheme):
    assert weighting_of(scheme, (3.0,))(losses_of(0.7)).item() == pytest.approx(0.7)


@pytest.mark.parametrize("scheme", LOSS_WEIGHTINGS)
def test_validation_watches_observed_tasks_by_the_users_weights(scheme):
    weighting = weighting_of(scheme, (1.0, 3.0, 0.0), [1.0, 0.5, 1.0])
    state = weighting.generator.get_state()
    losses = TaskLosses(torch.tensor([4.0, 12.0, 99.0]), torch.tensor([2.0, 2.0, 1.0]))
    assert weighting.watched(losses).item() == pytest.approx((1 * 2 + 3 * 3) / 4)
    missing = TaskLosses(torch.tensor([4.0, 0.0, 99.0]), torch.tensor([2.0, 0.0, 1.0]))
    assert weighting.watched(missing).item() == pytest.approx(2.0)
    nothing = TaskLosses(torch.zeros(3), torch.zeros(3))
    assert weighting.watched(nothing).isnan()
    assert torch.equal(weighting.generator.get_state(), state)


@pytest.mark.parametrize("scheme", LOSS_WEIGHTINGS)
def test_auxiliary_tasks_are_learned_and_not_watched(scheme):
    weighting = LossWeighting(scheme, (1.0, 3.0, 2.0), (1.0, 1.0, 1.0), 0, n_auxiliary=1)
    losses = TaskLosses(torch.tensor([4.0, 12.0, 99.0]), torch.tensor([2.0, 2.0, 1.0]))
    assert weighting.watched(losses).item() == pytest.approx((1 * 2 + 3 * 6) / 4)
    unlabelled = TaskLosses(torch.tensor([0.0, 0.0, 99.0]), torch.tensor([0.0, 0.0, 1.0]))
    assert weighting.watched(unlabelled).isnan()
    sums = torch.zeros(3, requires_grad=True)
    for _ in range(50):
        weighting(TaskLosses(sums, torch.ones(3))).backward()
    assert (sums.grad > 0).all()
    assert weighting.task_weights.tolist() == [0.5, 1.5, 1.0]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_go_on_with_the_same_draws(duplicate):
    weighting = weighting_of("rlw-normal")
    weighting(losses_of(1.0, 1.0, 1.0))
    other = duplicate(weighting)
    for each in (weighting, other):
        each(losses_of(1.0, 1.0, 1.0))
    assert torch.equal(weighting.last_weights, other.last_weights)


def test_unknown_schemes_are_answered_with_the_known():
    with pytest.raises(InvalidInputError, match="rlw-normal"):
        weighting_of("rlw_normal")
