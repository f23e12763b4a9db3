"""The web application of the service: its routes, bodies in and answers out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from narrows.apps.service.admission import Admission, Ticket
from narrows.apps.service.answers import N_REASONS, OPERATIONS, Work, as_arrow, as_records, carry_out, prepare
from narrows.apps.service.arrow_bodies import FILE, STREAM, read_arrow, write_arrow
from narrows.apps.service.early_refusal import EarlyRefusal
from narrows.apps.service.inference_protocol import HEADER_LENGTH, InferenceRequest, model_facts, parse_json
from narrows.apps.service.lanes import Lane
from narrows.apps.service.openapi import openapi
from narrows.apps.service.request_errors import Busy, RequestError
from narrows.apps.service.request_rows import most_rows, rows_of_json, rows_of_table
from narrows.apps.service.served_models import ServedModel, ServedModels
from narrows.apps.service.service_metrics import ServiceMetrics
from narrows.apps.service.token_access import TokenAccess
from narrows.apps.web.access import AccessPolicy
from narrows.version import __version__

SMALL_BODY = 1 << 16
_PATIENCE, _SLOWEST = 30.0, 1 << 16  # a body may take so many seconds, and one more for each so many bytes
_MOST_LARGE, _MOST_SMALL = 2, 1024


@dataclass(frozen=True)
class Limits:
    """Bounds of the service.

    Parameters
    ----------
    body : int, default=16 MiB
        Bytes of a request.
    wait : float, default=0.015
        Seconds that a request of at most 64 KiB may be expected to wait for those before it; of larger ones two may be
        in work or waiting, whose bodies are then in memory.
    always : int, default=8
        Requests of at most 64 KiB that are admitted in any case, so that as many clients are never refused.
    """

    body: int = 16 << 20
    wait: float = 0.015
    always: int = 8


class ServiceApplication(NamedTuple):
    """The application of the service, and what refuses requests for it."""

    app: TokenAccess
    refusal: EarlyRefusal


def create_service(models: ServedModels, policy: AccessPolicy, limits: Limits = Limits()) -> ServiceApplication:
    """Return the application; it ends the threads of its lanes when the server ends."""
    service = _Service(models, limits, with_token=policy.token is not None)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        service.close()

    app = Starlette(routes=service.routes(), lifespan=lifespan, exception_handlers={HTTPException: _no_such})
    refusal = EarlyRefusal(app, service.admission_of, service.count_refusal)
    return ServiceApplication(TokenAccess(refusal, policy), refusal)


class _Service:
    def __init__(self, models: ServedModels, limits: Limits, *, with_token: bool) -> None:
        self._models = models
        self._limits = limits
        self._small = Lane(Admission(limits.wait, _MOST_SMALL, limits.always), together=True)
        self._large = Lane(Admission(math.inf, _MOST_LARGE), together=False)
        lanes = self._small, self._large
        self._metrics = ServiceMetrics(models, lambda: sum(lane.admission.n_requests for lane in lanes))
        self._with_token = with_token

    def routes(self) -> list[Route]:
        operations = [
            route
            for operation in OPERATIONS
            for route in (
                Route(f"/{operation}", self._operation(operation), methods=["POST"]),
                Route(f"/models/{{name}}/{operation}", self._operation(operation), methods=["POST"]),
            )
        ]
        return [
            Route("/", self._home),
            Route("/openapi.json", self._openapi),
            Route("/metrics", self._metrics_text),
            Route("/v2", self._server),
            Route("/v2/health/live", self._live),
            Route("/v2/health/ready", self._live),
            Route("/v2/models/{name}", self._model),
            Route("/v2/models/{name}/ready", self._model_ready),
            Route("/v2/models/{name}/infer", self._infer, methods=["POST"]),
            *operations,
        ]

    def close(self) -> None:
        """End the lanes after the requests that wait."""
        self._small.close()
        self._large.close()

    def admission_of(self, length: int) -> Admission:
        """Return the admission of a request with a body of `length` bytes."""
        return (self._large if length > SMALL_BODY else self._small).admission

    def count_refusal(self, path: str, operation: str) -> None:
        """Count a request that was refused before it was read."""
        name = path.removeprefix("/v2").removeprefix("/models/").rpartition("/")[0]
        names = [one.name for one in self._models]
        self._metrics.record(name if name in names else names[0] if len(names) == 1 else "", operation, 503, 0, 0.0)

    async def _home(self, _: Request) -> Response:
        return JSONResponse({"name": "narrows", "version": __version__, "models": [one.name for one in self._models]})

    async def _openapi(self, _: Request) -> Response:
        return JSONResponse(openapi(self._models, with_token=self._with_token))

    async def _metrics_text(self, _: Request) -> Response:
        text = await asyncio.to_thread(self._metrics.text)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _server(self, _: Request) -> Response:
        return JSONResponse({"name": "narrows", "version": __version__, "extensions": ["binary_tensor_data"]})

    async def _live(self, _: Request) -> Response:
        return JSONResponse({})

    async def _model(self, request: Request) -> Response:
        try:
            return JSONResponse(model_facts(self._models.get(request.path_params["name"])))
        except RequestError as error:
            return _refused(error)

    async def _model_ready(self, request: Request) -> Response:
        try:
            served = self._models.get(request.path_params["name"])
        except RequestError as error:
            return _refused(error)
        return JSONResponse({"name": served.name, "ready": True})

    def _operation(self, operation: str) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            name = request.path_params.get("name", request.query_params.get("model"))
            return await self._answered(request, name, operation, _records_job)

        return answer

    async def _infer(self, request: Request) -> Response:
        return await self._answered(request, request.path_params["name"], "infer", _tensors_job)

    async def _answered(self, request: Request, name: str | None, operation: str, make: _MakeJob) -> Response:
        """Return the answer to a request with rows, or its error, and count it."""
        start, n_rows = time.perf_counter(), 0
        served: ServedModel | None = None
        try:
            served = self._models.get(name)
            lane, ticket, body = await self._body(request, (served.name, operation))
            try:
                prepared, finish = make(request, served, operation, body)
            except BaseException:
                lane.admission.leave(ticket, None)
                raise
            response, n_rows = await lane.answer(ticket, prepared, finish)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            response = _refused(error)
        seconds = time.perf_counter() - start
        self._metrics.record(served.name if served else "", operation, response.status_code, n_rows, seconds)
        return response

    async def _body(self, request: Request, kind: tuple[str, str]) -> tuple[Lane, Ticket, bytes]:
        """Return the body of a request, and the lane to which it is admitted."""
        if request.headers.get("content-encoding", "identity") != "identity":
            raise RequestError("The body is compressed; send it without Content-Encoding.", 415)
        length = int(request.headers.get("content-length", "0"))  # the server has checked that it is a number
        if length > self._limits.body:
            if length <= 2 * self._limits.body:
                await _discard(request)
            raise self._too_large()
        ticket: Ticket | None = None
        parts, size = [], 0
        try:
            if length > SMALL_BODY:
                ticket = self._large.admission.admit(kind, length)
            async for part in _with_patience(request.stream()):
                size += len(part)
                if size > self._limits.body:
                    raise self._too_large()
                if size > SMALL_BODY and ticket is None:
                    ticket = self._large.admission.admit(kind, size)
                parts.append(part)
        except BaseException:
            if ticket is not None:
                self._large.admission.leave(ticket, None)
            raise
        if ticket is not None:
            return self._large, ticket, b"".join(parts)
        return self._small, self._small.admission.admit(kind, size), b"".join(parts)

    def _too_large(self) -> RequestError:
        return RequestError(
            f"The body is larger than {self._limits.body >> 20:,} MB; send fewer rows in several requests.", 413
        )


_MakeJob = Callable[[Request, ServedModel, str, bytes], tuple[Callable[[], Any], Callable[[Any], Any]]]


def _records_job(
    request: Request, served: ServedModel, operation: str, body: bytes
) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """Return how to prepare and finish a request with JSON records or an Arrow table."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    accepted = request.headers.get("accept", "")
    n_reasons = request.query_params.get("n", str(N_REASONS))

    def prepared() -> Work:
        model = served.model
        if kind in (STREAM, FILE):
            rows = rows_of_table(model, read_arrow(body, most_rows(model)))
        else:
            rows = rows_of_json(model, parse_json(body))
        if not re.fullmatch("[0-9]{1,3}", n_reasons) or not 1 <= int(n_reasons) <= 100:
            raise RequestError("n must be a whole number from 1 to 100.")
        work = Work(model, operation, rows, int(n_reasons))
        prepare(work, together=served.together)
        return work

    def finish(work: Work) -> tuple[Response, int]:
        _watch(served, work)
        n = len(work.rows)
        if STREAM in accepted or (kind in (STREAM, FILE) and "json" not in accepted):
            return Response(write_arrow(as_arrow(work.results)), media_type=STREAM), n
        return _json_response({"model": served.name, "rows": as_records(work.results, n)}), n

    return prepared, finish


def _tensors_job(
    request: Request, served: ServedModel, _: str, body: bytes
) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """Return how to prepare and finish a request of the Open Inference Protocol."""
    given = request.headers.get(HEADER_LENGTH)
    asked: list[InferenceRequest] = []

    def prepared() -> Work:
        if given is not None and not (re.fullmatch("[0-9]{1,15}", given) and int(given) <= len(body)):
            raise RequestError("Inference-Header-Content-Length must be at most the length of the body.")
        asked.append(InferenceRequest(served, body, None if given is None else int(given)))
        work = Work(served.model, asked[0].operations[0], asked[0].rows())
        prepare(work, together=served.together)
        return work

    def finish(work: Work) -> tuple[Response, int]:
        _watch(served, work)
        results = {}
        for operation in asked[0].operations:
            more = work if operation == work.operation else Work(work.model, operation, work.rows)
            if more is not work:
                prepare(more, together=False)
                carry_out([more])
            found = more.results
            if operation == "reconstruct" and "reconstruction" not in found:
                found = {f"reconstruction.{name}": values for name, values in found.items()}
            results |= found
        answer, length = asked[0].answer(results)
        if length is None:
            return Response(answer, media_type="application/json"), len(work.rows)
        headers = {HEADER_LENGTH: str(length)}
        return Response(answer, media_type="application/octet-stream", headers=headers), len(work.rows)

    return prepared, finish


def _watch(served: ServedModel, work: Work) -> None:
    if work.operation == "score":
        served.watch.add(work.rows, work.results, work.floats)


async def _discard(request: Request) -> None:
    """Receive and drop a body: most clients send all of it before they read the answer."""
    async for _ in _with_patience(request.stream()):
        pass


async def _with_patience(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the parts of a body; RequestError if they come more slowly than any network sends them."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE
    while True:
        try:
            async with asyncio.timeout_at(until):  # unlike wait_for it needs no task
                part = await anext(parts, None)
        except TimeoutError as error:
            raise RequestError("The body did not arrive in time; send it again.", 408) from error
        if part is None:
            return
        until += len(part) / _SLOWEST
        yield part


def _json_response(value: Any) -> Response:
    return Response(json.dumps(value, allow_nan=False), media_type="application/json")


def _refused(error: Exception) -> Response:
    """Return an error as JSON: 422 for rows that cannot be used, 503 where there is no room, 500 for a bug."""
    from narrows.errors import DataError, NarrowsError, sentence_of

    if isinstance(error, RequestError):
        status, sentence, column = error.status, str(error), error.column
    elif isinstance(error, MemoryError):
        status, sentence, column = 503, "The service has too little memory for this request; send fewer rows.", None
    else:
        status = 422 if isinstance(error, NarrowsError) else 500
        sentence = sentence_of(error)
        column = error.column if isinstance(error, DataError) else None
    seconds = error.retry_after if isinstance(error, Busy) else 1
    headers = {"retry-after": str(seconds)} if status == 503 else None
    return JSONResponse({"error": sentence, "column": column}, status_code=status, headers=headers)


async def _no_such(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = "There is no such address; /openapi.json lists them." if error.status_code == 404 else error.detail
    return JSONResponse({"error": sentence, "column": None}, status_code=error.status_code, headers=error.headers)
