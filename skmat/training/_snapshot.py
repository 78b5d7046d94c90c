"""Copies of a network, to undo a training that failed."""

import copy

import torch

from skmat.training._net import EncoderNet

__all__ = ["Snapshot"]


class Snapshot:
    """Copy of everything in a net that training changes.

    Parameters
    ----------
    net : EncoderNet
        A net that can only predict, or one that ``partial_fit`` continues.
    """

    def __init__(self, net: EncoderNet):
        self.net = net
        model = net.module_
        self.objectives = model.objectives
        self.tensors = _copies(model)
        self.learns = [parameter.requires_grad for parameter in model.parameters()]
        self.training = [module.training for module in model.modules()]
        self.optimizer = None
        if getattr(net, "optimizer_", None) is None:
            return
        self.optimizer = copy.deepcopy(net.optimizer_.state_dict())
        self.criterion = _copies(net.criterion_)
        self.last_weights = net.criterion_.last_weights
        self.generators = [(each, each.get_state()) for each in _generators(net)]
        self.n_rows = len(net.history)

    def restore(self) -> None:
        """Restore the net."""
        net, model = self.net, self.net.module_
        model.to(net.device).objectives = self.objectives
        _put_back(self.tensors, model)
        for parameter, learns in zip(model.parameters(), self.learns, strict=True):
            parameter.requires_grad_(learns).grad = None
        for module, training in zip(model.modules(), self.training, strict=True):
            module.training = training
        if self.optimizer is None:
            return
        net.optimizer_.load_state_dict(self.optimizer)
        _put_back(self.criterion, net.criterion_)
        net.criterion_.last_weights = self.last_weights
        for generator, state in self.generators:
            generator.set_state(state)
        del net.history[self.n_rows :]


def _generators(net):
    return net.criterion_.generator, net.iterator_train.keywords["generator"]


def _copies(module):
    return [tensor.detach().clone() for tensor in module.state_dict().values()]


@torch.no_grad()
def _put_back(tensors, module):
    for before, tensor in zip(tensors, module.state_dict().values(), strict=True):
        tensor.copy_(before)
