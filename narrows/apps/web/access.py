"""Access control by Host, Origin and token, for HTTP and websockets."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HEADERS = {
    b"content-security-policy": b"default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    b"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}
_OF_SECURE_PAGES = {b"cross-origin-opener-policy": b"same-origin"}
"""Browsers obey it over HTTPS and on a loopback address; elsewhere they ignore it and log an error."""


@dataclass(frozen=True)
class AccessPolicy:
    """Rules for requests.

    Parameters
    ----------
    host : str
        The address that the server listens on.
    token : str or None
        Secret that a client must send; None for an address that only this machine can reach.
    any_host : bool, default=False
        Whether the Host header may be any name if there is a token, as behind a proxy. Only for a token that browsers
        do not send by themselves.
    """

    host: str = "127.0.0.1"
    token: str | None = None
    any_host: bool = False
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = {*LOOPBACK, self.host.casefold()}
        if not is_loopback(self.host):
            names |= {socket.gethostname().casefold(), socket.getfqdn().casefold()}
        object.__setattr__(self, "_names", frozenset(names))

    def allows_host(self, header: str) -> bool:
        """Return whether the Host header is a name of this machine.

        Otherwise a foreign site whose name is made to point to this machine (DNS rebinding) could read the page.
        """
        if self.any_host and self.token is not None:
            return True
        name = _host_name(header)
        return name in self._names or (self.token is not None and _is_address(name))

    def allows_origin(self, origin: str | None, host: str) -> bool:
        """Return whether the request comes from the page itself; programs other than browsers send no Origin."""
        if origin is None:
            return True
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc.casefold() == host.casefold()

    def accepts_token(self, token: str | None) -> bool:
        """Return whether the token is right, or none is needed."""
        return self.token is None or (token is not None and hmac.compare_digest(token.encode(), self.token.encode()))


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(24)


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class AccessMiddleware:
    """Checks every request with the `AccessPolicy`, and adds security headers to every response.

    A subclass says how a request shows its token.
    """

    unknown_host = "Unknown host name; use the address that narrows printed."

    def __init__(self, app: ASGIApp, policy: AccessPolicy) -> None:
        self.app = app
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if scope["type"] == "websocket":
            if refusal is None:
                await self.app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 4403})
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = _HEADERS | (_OF_SECURE_PAGES if _is_secure(scope) else {})
                message["headers"] = [*message.get("headers", []), *added.items()]
            await send(message)

        await (self.app if refusal is None else refusal)(scope, receive, send_safely)

    def refusal_of_token(self, scope: Scope, headers: dict[bytes, str]) -> Response | None:
        """Return the answer to a request without the token of the policy; None if it has it."""
        raise NotImplementedError

    def refused(self, sentence: str, status: int) -> Response:
        """Return the answer to a refused request."""
        return PlainTextResponse(sentence, status_code=status)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not self.policy.allows_host(host):
            return self.refused(self.unknown_host, 403)
        if not self.policy.allows_origin(headers.get(b"origin"), host):
            return self.refused("Requests from other sites are not allowed.", 403)
        return None if self.policy.token is None else self.refusal_of_token(scope, headers)


def _is_secure(scope: Scope) -> bool:
    """Return whether browsers count the page as secure: HTTPS, also before a proxy, or a name of this machine."""
    headers = dict(scope["headers"])
    protocols = (scope.get("scheme"), headers.get(b"x-forwarded-proto", b"").decode("latin-1"))
    return "https" in protocols or is_loopback(_host_name(headers.get(b"host", b"").decode("latin-1")))


def _host_name(header: str) -> str:
    """Return the name in a Host header: `::1` of `[::1]:8765`, `localhost` of `LOCALHOST:80`; "" if it is invalid."""
    try:
        return (urlsplit(f"//{header}").hostname or "").casefold()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
