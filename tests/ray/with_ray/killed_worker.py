"""An autoencoder whose second worker kills itself once in mid-training, for `test_training`."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

from narrows import Autoencoder
from narrows.estimators import Workers

AFTER = 3


class KilledOnce(Autoencoder):
    """Writes the number of finished epochs at each start as a line of the file ``starts`` next to the checkpoint."""

    def start_fit(self, *args: Any, **settings: Any) -> Generator[Any]:
        """Begin as always, and die after some epochs of the first start."""
        records = super().start_fit(*args, **settings)
        starts = Path(settings["checkpoint"].path.parent, "starts")
        if Workers.current().is_first:
            with starts.open("a") as file:
                file.write(f"{len(self.history_)}\n")
        is_first_start = len(self.history_) == 0
        return self._dying(records) if is_first_start and not Workers.current().is_first else records

    def _dying(self, records: Generator[Any]) -> Generator[Any]:
        for record in records:
            yield record
            if len(self.history_) == AFTER:
                os.kill(os.getpid(), signal.SIGKILL)
