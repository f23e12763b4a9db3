"""`narrows serve`: saved models over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from narrows.apps.cli.common_options import data_option, host_option, port_option

_SERVER, _BOUNDS = "Server", "Bounds"


def serve(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL...", help="Folders of saved models; a model has the name of its folder.", show_default=False
        ),
    ],
    reference: Annotated[
        str | None,
        data_option("--reference", metavar="DATA", help="Rows of the fit, for the drift of models that store none."),
    ] = None,
    host: Annotated[str, host_option(_SERVER)] = "127.0.0.1",
    port: Annotated[int | None, port_option(_SERVER, first=8780)] = None,
    token: Annotated[
        bool,
        typer.Option(
            "--token",
            metavar="",
            help="Require a token on this machine too. It is the environment variable NARROWS_TOKEN, else a random one "
            "that is printed.",
            rich_help_panel=_SERVER,
        ),
    ] = False,
    body_mb: Annotated[
        int,
        typer.Option(
            "--body-mb", metavar="N", min=1, max=1024, help="Largest request, in MB.", rich_help_panel=_BOUNDS
        ),
    ] = 16,
    wait_ms: Annotated[
        int,
        typer.Option(
            "--wait-ms",
            metavar="N",
            min=1,
            max=60_000,
            help="Longest expected wait of a request, in ms; if it would be longer, the answer is HTTP 503.",
            rich_help_panel=_BOUNDS,
        ),
    ] = 15,
) -> None:
    """Serve models over HTTP: scores, codes, reconstructions and reasons.

    Requests are JSON records, Arrow tables, or tensors of the Open Inference
    Protocol (/v2). /openapi.json describes them, and /metrics has counts, the
    share of alarms and the drift of the last 10,000 rows, for Prometheus.

    SIGHUP loads the models again; SIGTERM and Ctrl-C end the service after
    the requests in work.

    Example: [bold]narrows serve detector --port 8780[/bold]
    """
    import os

    from narrows.apps.service.run_service import run_service

    run_service(
        models,
        host=host,
        port=port,
        token=os.environ.get("NARROWS_TOKEN") or None,
        with_token=token,
        reference=reference,
        body_mb=body_mb,
        wait_ms=wait_ms,
    )
