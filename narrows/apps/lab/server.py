"""The web application: the page and its files, state, downloads, uploads, and the websocket."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from narrows.apps.lab import downloads
from narrows.apps.lab.connections import Connections
from narrows.apps.lab.page_access import PageAccess, role_in
from narrows.apps.lab.session import InitialContent, LabError, Session
from narrows.apps.lab.uploads import Uploads
from narrows.apps.viewer.protocol import PageError, error_fields
from narrows.apps.viewer.runs import Run
from narrows.apps.web.access import AccessPolicy
from narrows.formatting import json_safe

STATIC = Path(__file__).parents[1] / "viewer" / "static"
Report = Callable[[Any, Any], str]
_LONGEST_STATE = 400  # of a code that a phone still reads from a wall
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}


def create_app(
    session: Session,
    make: Callable[[], InitialContent],
    policy: AccessPolicy,
    *,
    on_failure: Callable[[], None] = lambda: None,
    runtime: Path | None = None,
    report: Report | None = None,
    address: str = "",
    pupil_token: str | None = None,
) -> PageAccess:
    """Return the application.

    Parameters
    ----------
    session : Session
        A new session; it begins and ends with the application.
    make : callable
        Reads the initial content; called in a thread.
    policy : AccessPolicy
        Which requests are allowed.
    on_failure : callable
        Called if the initial content cannot be read.
    runtime : Path or None, default=None
        Folder of ONNX Runtime Web for exported pages; None fetches it at the first export.
    report : callable or None, default=None
        Called as report(model, rows); returns the report, a page of HTML. None: there are no reports.
    address : str, default=""
        The address of the page for other machines, with its token: in a class that of the pupils.
    pupil_token : str or None, default=None
        In a class, the token of the pupils' pages, which change nothing; None: there is no class.
    """
    connections = Connections(session)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async def begin() -> None:
            await session.begin(make, connections)
            if session.failure is not None:
                on_failure()

        beginning = asyncio.create_task(begin())
        yield
        beginning.cancel()
        await session.close()

    async def socket(websocket: WebSocket) -> None:
        await connections.serve(websocket, role_in(websocket.scope))

    pages = [Route("/", _page), Route("/static/{path:path}", _static), *_favicons()]
    routes = [
        *pages,
        *_RunRoutes(session, runtime, report).routes(),
        Route("/api/address.svg", _AddressCode(address)),
        *_UploadRoutes(session).routes(),
        WebSocketRoute("/ws", socket),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={Exception: _failed, LabError: _failed})
    return PageAccess(app, policy, pupil_token=pupil_token)


class _RunRoutes:
    """State of the session, downloads of runs, previews of datasets."""

    def __init__(self, session: Session, runtime: Path | None, report: Report | None) -> None:
        self._session = session
        self._runtime = runtime
        self._report_of = report

    def routes(self) -> list[Route]:
        return [
            Route("/api/state", self._state),
            Route("/api/runs/{run}/page.zip", self._static_page),
            Route("/api/runs/{run}/history", self._history),
            Route("/api/runs/{run}/model.zip", self._model),
            Route("/api/runs/{run}/recipe.py", self._recipe),
            Route("/api/runs/{run}/report.html", self._report),
            Route("/api/data/{dataset}/preview", self._preview),
        ]

    async def _state(self, _: Request) -> Response:
        return JSONResponse(json_safe(self._session.state()))

    async def _history(self, request: Request) -> Response:
        return JSONResponse({"records": json_safe(self._run(request).history)})

    async def _model(self, request: Request) -> Response:
        run = self._run(request)
        data = await self._in_thread(lambda: downloads.model_zip(run))
        headers = {"content-disposition": f'attachment; filename="narrows-{run.id}-{run.variant}.zip"'}
        return Response(data, media_type="application/zip", headers=headers)

    async def _static_page(self, request: Request) -> Response:
        from narrows.apps.lab.publishing import zip_page
        from narrows.apps.site import find_runtime

        run = self._run(request)
        data = await self._in_thread(lambda: zip_page(self._session, run, find_runtime(self._runtime)))
        headers = {"content-disposition": 'attachment; filename="narrows-page.zip"'}
        return Response(data, media_type="application/zip", headers=headers)

    async def _recipe(self, request: Request) -> Response:
        run = self._run(request)
        text = await self._in_thread(lambda: downloads.recipe(run))
        headers = {"content-disposition": f'inline; filename="narrows-{run.id}.py"'}
        return PlainTextResponse(text, media_type="text/x-python", headers=headers)

    async def _report(self, request: Request) -> Response:
        run, make = self._run(request), self._report_of
        if make is None:
            raise HTTPException(404)
        queries = self._session.queries
        text = await self._in_thread(lambda: downloads.report(run, queries.rows(run), make), slow=True)
        headers = {"content-disposition": f'attachment; filename="narrows-{run.id}-report.html"'}
        return Response(text.encode(errors="backslashreplace"), media_type="text/html", headers=headers)

    async def _preview(self, request: Request) -> Response:
        rows_of = self._session.rows_of(request.path_params["dataset"])
        return JSONResponse(json_safe(await self._in_thread(lambda: downloads.preview(rows_of()))))

    def _run(self, request: Request) -> Run:
        return self._session.runs.known(request.path_params["run"])

    async def _in_thread(self, work: Callable[[], Any], *, slow: bool = False) -> Any:
        await self._session.imported.wait()
        pool = self._session.slow if slow else self._session.work
        return await asyncio.get_running_loop().run_in_executor(pool, work)


class _UploadRoutes:
    """Uploads of files and folders."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._uploads = Uploads(session)

    def routes(self) -> list[Route]:
        return [
            Route("/api/upload", self._begin, methods=["PUT"]),
            Route("/api/upload/{upload}/open", self._open, methods=["POST"]),
            Route("/api/upload/{upload}/{path:path}", self._add, methods=["PUT"]),
        ]

    async def _begin(self, request: Request) -> Response:
        return JSONResponse({"upload": await self._uploads.begin(request.query_params.get("name", ""), request)})

    async def _add(self, request: Request) -> Response:
        await self._uploads.add(request.path_params["upload"], request.path_params["path"], request)
        return JSONResponse({})

    async def _open(self, request: Request) -> Response:
        identity = await self._uploads.open(request.path_params["upload"])
        return JSONResponse(json_safe(self._session.datasets[identity].description))


class _AddressCode:
    """Answers with the address of the page as a QR code; `state` in the query is the part after the "#"."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from narrows.apps.lab.address_code import address_code

        state = Request(scope).query_params.get("state", "")[:_LONGEST_STATE]
        svg = address_code(self._address, state) if self._address else b""
        response = Response(svg, media_type="image/svg+xml", headers={"cache-control": "no-store"})
        await (response if svg else Response(status_code=404))(scope, receive, send)


async def _page(_: Request) -> Response:
    return _file(STATIC / "lab" / "index.html")


async def _static(request: Request) -> Response:
    path = (STATIC / request.path_params["path"]).resolve()
    if not path.is_relative_to(STATIC.resolve()) or not path.is_file() or path.suffix not in _TYPES:
        raise HTTPException(404)
    return _file(path, request.headers.get("if-none-match"), "gzip" in request.headers.get("accept-encoding", ""))


def _favicons() -> list[Route]:
    async def favicon(_: Request) -> Response:
        return Response(downloads.FAVICON, media_type="image/svg+xml", headers={"cache-control": "max-age=86400"})

    return [Route(f"/favicon.{ending}", favicon) for ending in ("svg", "ico")]


async def _failed(_: Request, error: Exception) -> Response:
    """Return an error as JSON; status 500 if it is a bug of narrows."""
    from narrows.errors import NarrowsError

    expected = isinstance(error, PageError | NarrowsError)
    return JSONResponse(error_fields(error), status_code=400 if expected else 500)


def _file(path: Path, known: str | None = None, zipped: bool = False) -> Response:
    """Return a file of the page; browsers check for a new version each time."""
    try:
        tag, plain, small = _packed(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise HTTPException(404) from error
    headers = {"etag": tag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if known == tag:
        return Response(status_code=304, headers=headers)
    if zipped and len(small) < len(plain):
        return Response(small, media_type=_TYPES[path.suffix], headers={**headers, "content-encoding": "gzip"})
    return Response(plain, media_type=_TYPES[path.suffix], headers=headers)


@lru_cache(maxsize=256)
def _packed(path: Path, _changed: int) -> tuple[str, bytes, bytes]:
    """Return the entity tag of a file, its content, and its content gzipped."""
    plain = path.read_bytes()
    return f'"{hashlib.sha256(plain).hexdigest()[:16]}"', plain, gzip.compress(plain, 6, mtime=0)
