"""The error of a training whose loss is no longer finite."""

from __future__ import annotations

import math

from torch import Tensor

from narrows.errors import DivergedError
from narrows.training.history import Epoch
from narrows.training.optimizers import OPTIMIZERS
from narrows.training.settings import TrainingSettings


def diverged_error(epoch: Epoch, x: Tensor, settings: TrainingSettings) -> DivergedError:
    """Return the error for an epoch whose loss is not finite: the probable cause, and the setting to change."""
    broken = [name for name, value in epoch.parts.items() if not math.isfinite(value)]
    where = f"The loss became NaN or infinite in epoch {epoch.number}"
    if broken and len(broken) < len(epoch.parts):
        where += f" (its part {broken[0]!r})"
    usual = OPTIMIZERS[settings.optimizer].learning_rate
    rate = settings.learning_rate
    largest = float(x.abs().max())
    if rate > 3 * usual:
        cause = f"learning_rate={rate:g} is far above the usual {usual:g} of {settings.optimizer}"
        cure = f"set learning_rate={usual:g}"
    elif largest > 100:
        cause = f"the network reads values as large as {largest:.3g}"
        cure = 'set scale="standard" or look for outliers in the data'
    elif broken == ["kl_to_prior"]:
        cause = "the posterior ran away"
        cure = f"lower learning_rate (now {rate:g}), raise kl_warmup or set clip_norm=1"
    else:
        cause = "the steps were probably too large"
        cure = f"lower learning_rate (now {rate:g}) to {rate / 10:g} or set clip_norm=1"
    return DivergedError(f"{where}: {cause}", cure)
