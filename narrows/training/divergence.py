"""Why a loss became NaN, as far as the numbers tell, and which setting to change."""

from __future__ import annotations

import math

from torch import Tensor

from narrows.errors import DivergedError
from narrows.training.epoch import Epoch
from narrows.training.settings import DEFAULT_LEARNING_RATE, TrainingSettings


def diverged(epoch: Epoch, x: Tensor, settings: TrainingSettings) -> DivergedError:
    """The error for an epoch whose loss is not finite."""
    broken = [name for name, value in epoch.parts.items() if not math.isfinite(value)]
    where = f"The loss became NaN or infinite in epoch {epoch.number}"
    if broken and len(broken) < len(epoch.parts):
        where += f" (its part {broken[0]!r})"
    usual = DEFAULT_LEARNING_RATE[settings.optimizer]
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
    return DivergedError(f"{where}: {cause}; {cure}.")
