"""`narrows lab`: train and inspect autoencoders in the browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from narrows.apps.cli.common_options import Force, ImageSize, Label, data_option, host_option, port_option
from narrows.apps.cli.inputs import absent_class_column, size_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from narrows.apps.lab.session import InitialContent
    from narrows.apps.viewer.datasets import Source
    from narrows.data import Rows
    from narrows.estimators import Autoencoder

_PAGE, _EXPORT = "Page", "Static page"


def lab(
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA|MODEL]",
            help="Training data (a file, a folder of images or a dataset name), or the folder of a saved model. "
            "Without it: what you worked on last, at first the digits.",
            show_default=False,
        ),
    ] = None,
    rows: Annotated[
        str | None,
        data_option("--data", metavar="DATA", help="Rows that the page shows for a saved MODEL."),
    ] = None,
    label: Label = None,
    image_size: ImageSize = None,
    host: Annotated[str, host_option(_PAGE)] = "127.0.0.1",
    port: Annotated[int | None, port_option(_PAGE, first=8765)] = None,
    no_browser: Annotated[
        bool,
        typer.Option(
            "--no-browser",
            metavar="",
            help="Print the address of the page, and do not open a browser.",
            rich_help_panel=_PAGE,
        ),
    ] = False,
    token: Annotated[
        bool,
        typer.Option(
            "--token",
            metavar="",
            help="Require a token (a password in the address) on this machine too.",
            rich_help_panel=_PAGE,
        ),
    ] = False,
    in_class: Annotated[
        bool,
        typer.Option(
            "--class",
            metavar="",
            help="Print a second address for pupils, whose pages explore and change nothing; needs --host.",
            rich_help_panel=_PAGE,
        ),
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FOLDER",
            help="Write finished runs as a static page into a folder, and start no server. "
            "Without DATA all finished runs; where there is none, some are trained.",
            rich_help_panel=_EXPORT,
        ),
    ] = None,
    runtime: Annotated[
        Path | None,
        typer.Option(
            "--runtime",
            metavar="FOLDER",
            help="Folder of the npm package onnxruntime-web, for exports without a network.",
            rich_help_panel=_EXPORT,
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Open a page in the browser to train autoencoders, watch the training, and explore the code.

    Works offline; the data stay on this machine. Ctrl-C ends the server;
    runs are kept.

    [bold]narrows lab[/bold]
    [bold]narrows lab flights.csv --label cancelled[/bold]
    [bold]narrows lab digits-plain --data digits[/bold]
    [bold]narrows lab digits --host 0.0.0.0 --class[/bold]
    [bold]narrows lab --export site/[/bold]
    """
    if export is not None:
        from narrows.apps.site import check_target

        check_target(export, force=force)
    elif force:
        raise typer.BadParameter("--force belongs to --export, which is not given.", param_hint="--force")

    if in_class:
        _check_reachable(host)

    is_default = data is None and export is None
    if not is_default or not _opens_prepared():
        from narrows.apps.lab.worker_pool import prepare

        prepare()  # the imports of trainings take longest
    size = size_in(image_size)
    if export is not None and (data, rows, label, size) == (None,) * 4 and _has_runs():
        make = _nothing
    else:
        name = data or "digits"
        make = (
            _model(Path(name), rows, label)
            if _is_model(name)
            else _rows(name, rows, label, size, is_default=is_default)
        )
    if export is not None:
        return _export(make, export, runtime, force)

    from narrows.apps.lab.launch import launch

    return launch(
        make,
        host=host,
        port=port,
        browser=not no_browser,
        token=token,
        in_class=in_class,
        runtime=runtime,
        report=_report,
    )


def _check_reachable(host: str) -> None:
    from narrows.apps.web.access import is_loopback

    if is_loopback(host):
        raise typer.BadParameter(
            f"no other machine can reach {host}; add --host 0.0.0.0 to let pupils in.", param_hint="--class"
        )


def _report(model: Autoencoder, rows: Rows) -> str:
    from narrows.apps.report import report

    return report(model, rows)


def _opens_prepared() -> bool:
    from narrows.apps.lab.run_store import RunStore, home_folder

    return RunStore(home_folder()).opens_prepared()


def _has_runs() -> bool:
    from narrows.apps.lab.run_store import home_folder

    return any((home_folder() / "runs").glob("r*/config.json"))


def _nothing() -> InitialContent:
    from narrows.apps.lab.session import InitialContent

    return InitialContent()


def _export(make: Callable[[], InitialContent], folder: Path, runtime: Path | None, force: bool) -> None:
    from narrows.apps.cli.messages import Messages
    from narrows.apps.lab.publishing import export_page
    from narrows.apps.lab.run_store import home_folder
    from narrows.apps.site import find_runtime
    from narrows.formatting import counted

    messages = Messages()
    found = find_runtime(runtime)  # before a training
    made = export_page(make, home_folder(), folder, found, force=force, say=messages.info)
    for run, reason in made.left_out:
        messages.info(f"Run {run.number} was left out: {reason}")
    messages.result(
        {"output": str(folder)},
        f"Wrote {folder}: {counted(len(made.runs), 'run')}, {made.size / 1e6:.0f} MB. "
        f"See it: python -m http.server --directory {folder}",
    )


def _is_model(data: str) -> bool:
    return (Path(data) / "narrows.json").is_file()


def _rows(
    data: str, rows: str | None, label: str | None, size: tuple[int, int] | None, *, is_default: bool
) -> Callable[[], InitialContent]:
    from narrows.apps.lab.session import InitialContent
    from narrows.apps.viewer.datasets import Source, describe, with_guessed_label

    if rows is not None:
        raise typer.BadParameter(f"{data} is not a saved model; give the rows as the argument.", param_hint="--data")
    source = Source.of(data, label=label, image_size=size)
    _check_there(source, data)
    if not source.is_set:
        # What cannot be used ends the command before the page is announced; what was read is cached.
        describe(with_guessed_label(source), "")
    return lambda: InitialContent(source, is_default=is_default)


def _model(path: Path, data: str | None, label: str | None = None) -> Callable[[], InitialContent]:
    from narrows.apps.cli.model_loading import load_autoencoder
    from narrows.apps.lab.session import InitialContent
    from narrows.apps.viewer.datasets import Source

    source = None if data is None else Source.of(data, label=label)
    if source is not None and data is not None:
        _check_there(source, data)
    model = load_autoencoder(path)  # a damaged model ends the command before the page is announced
    if source is None:
        return lambda: InitialContent(None, model)
    classed, rows = _with_classes_of_fit(source, model)
    aligned = model.schema_.align(rows)
    return lambda: InitialContent(classed, model, aligned)


def _with_classes_of_fit(source: Source, model: Autoencoder) -> tuple[Source, Rows]:
    """Return source and rows, with the column that held the classes at the fit; say so where these rows lack it.

    A source that names a column of its own keeps it.
    """
    from narrows.apps.cli.messages import Messages
    from narrows.apps.viewer.datasets import load
    from narrows.errors import DataError, SettingError

    column = model.label_column_
    if column is None or source.label is not None or source.is_set:
        return source, load(source)
    labelled = replace(source, label=column)
    try:
        return labelled, load(labelled)
    except (DataError, SettingError):  # what else is wrong with these rows is said where they are read without classes
        rows = load(source)
    Messages().info(absent_class_column(source.name, column))
    return source, rows


def _check_there(source: object, data: str) -> None:
    """Raise DataNotFoundError for a wrong path before the server starts."""
    from narrows.apps.viewer.datasets import Source

    assert isinstance(source, Source)
    if not source.is_set and not Path(source.where).exists():
        from narrows.errors import DataNotFoundError

        raise DataNotFoundError(
            f"There is no file, folder, model or dataset {data!r}; the datasets are digits, mnist, fashion-mnist."
        )
