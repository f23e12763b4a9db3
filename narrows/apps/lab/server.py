"""The server: the page and its files, what has a name, uploads, and the socket."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from narrows.apps.lab import downloads
from narrows.apps.lab.connections import Connections
from narrows.apps.lab.security import AccessMiddleware, AccessPolicy
from narrows.apps.lab.session import InitialContent, LabError, Session
from narrows.apps.lab.uploads import Uploads
from narrows.apps.viewer.protocol import PageError, error_fields
from narrows.formatting import json_safe

STATIC = Path(__file__).parents[1] / "viewer" / "static"
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
) -> AccessMiddleware:
    """The application.

    Parameters
    ----------
    session : Session
        Not begun yet; it begins and ends with the application.
    make : callable
        Reads what the page opens with; called in a thread.
    policy : AccessPolicy
        Who may come in.
    on_failure : callable
        Called where what the page was to open with cannot be opened.
    """
    connections = Connections(session)
    uploads = Uploads(session)

    async def page(_: Request) -> Response:
        return _file(STATIC / "lab" / "index.html")

    async def static(request: Request) -> Response:
        path = (STATIC / request.path_params["path"]).resolve()
        if not path.is_relative_to(STATIC.resolve()) or not path.is_file() or path.suffix not in _TYPES:
            raise HTTPException(404)
        return _file(path, request.headers.get("if-none-match"), "gzip" in request.headers.get("accept-encoding", ""))

    async def state(_: Request) -> Response:
        return JSONResponse(json_safe(session.state()))

    async def history(request: Request) -> Response:
        return JSONResponse({"records": json_safe(session.run(request.path_params["run"]).history)})

    async def model(request: Request) -> Response:
        run = session.run(request.path_params["run"])
        data = await asyncio.get_running_loop().run_in_executor(session.work, downloads.model_zip, run)
        name = f"narrows-{run.id}-{run.variant}.zip"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type="application/zip", headers=headers)

    async def recipe(request: Request) -> Response:
        run = session.run(request.path_params["run"])
        text = await asyncio.get_running_loop().run_in_executor(session.work, downloads.recipe, run)
        headers = {"content-disposition": f'inline; filename="narrows-{run.id}.py"'}
        return PlainTextResponse(text, media_type="text/x-python", headers=headers)

    async def preview(request: Request) -> Response:
        rows_of = session.rows_of(request.path_params["dataset"])
        found = await asyncio.get_running_loop().run_in_executor(session.work, lambda: downloads.preview(rows_of()))
        return JSONResponse(json_safe(found))

    async def upload(request: Request) -> Response:
        return JSONResponse({"upload": await uploads.begin(request.query_params.get("name", ""), request)})

    async def upload_file(request: Request) -> Response:
        await uploads.add(request.path_params["upload"], request.path_params["path"], request)
        return JSONResponse({})

    async def open_upload(request: Request) -> Response:
        identity = await uploads.open(request.path_params["upload"])
        return JSONResponse(json_safe(session.datasets[identity].description))

    async def favicon(_: Request) -> Response:
        return Response(downloads.FAVICON, media_type="image/svg+xml", headers={"cache-control": "max-age=86400"})

    async def socket(websocket: WebSocket) -> None:
        await connections.serve(websocket)

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

    routes = [
        Route("/", page),
        Route("/static/{path:path}", static),
        Route("/favicon.svg", favicon),
        Route("/favicon.ico", favicon),
        Route("/api/state", state),
        Route("/api/runs/{run}/history", history),
        Route("/api/runs/{run}/model.zip", model),
        Route("/api/runs/{run}/recipe.py", recipe),
        Route("/api/data/{dataset}/preview", preview),
        Route("/api/upload", upload, methods=["PUT"]),
        Route("/api/upload/{upload}/open", open_upload, methods=["POST"]),
        Route("/api/upload/{upload}/{path:path}", upload_file, methods=["PUT"]),
        WebSocketRoute("/ws", socket),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={Exception: _failed, LabError: _failed})
    return AccessMiddleware(app, policy)


async def _failed(_: Request, error: Exception) -> Response:
    """Return an error as JSON; status 500 if it is a bug of narrows."""
    from narrows.errors import NarrowsError

    expected = isinstance(error, PageError | NarrowsError)
    return JSONResponse(error_fields(error), status_code=400 if expected else 500)


def _file(path: Path, known: str | None = None, zipped: bool = False) -> Response:
    """A file of the page: asked for anew each time, sent only where it has changed."""
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
    """A file's tag, its content, and that gzipped."""
    plain = path.read_bytes()
    return f'"{hashlib.sha256(plain).hexdigest()[:16]}"', plain, gzip.compress(plain, 6, mtime=0)
