"""BatchNorm over the rows of all processes that train a network together."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skmat.nn._processes import current_processes, total

__all__ = ["BatchNorm1d"]


class BatchNorm1d(nn.BatchNorm1d):
    """``torch.nn.BatchNorm1d`` over the whole batch, of which each process may have a share.

    ``torch.nn.SyncBatchNorm`` does the same on GPUs only. A single row has no variance, and is
    normalised by the running statistics.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Normalise `values` of shape (n_rows, n_features)."""
        if not self.training:
            return super().forward(values)
        if current_processes() is not None:
            return self._normalised_together(values)
        return super().forward(values) if len(values) > 1 else self._by_running_statistics(values)

    def _normalised_together(self, values):
        rows = values.float()
        count = total(rows.new_tensor(float(len(rows))))
        if count < 2:
            return self._by_running_statistics(values)
        mean = total(rows.sum(dim=0)) / count
        variance = total((rows - mean).square().sum(dim=0)) / count
        self._update_statistics(mean.detach(), variance.detach() * count / (count - 1))
        normed = (rows - mean) * torch.rsqrt(variance + self.eps)
        return (normed * self.weight + self.bias).to(values.dtype)

    def _by_running_statistics(self, values):
        return F.batch_norm(
            values, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )

    @torch.no_grad()
    def _update_statistics(self, mean, variance):
        self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        for running, new in ((self.running_mean, mean), (self.running_var, variance)):
            running.lerp_(new, self.momentum)  # type: ignore[union-attr, arg-type]
