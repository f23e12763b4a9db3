"""Who may talk to the page's server: Host, Origin and token, for HTTP and for the socket alike."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HEADERS = {
    b"content-security-policy": b"default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    b"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}


@dataclass(frozen=True)
class AccessPolicy:
    """The rules.

    Parameters
    ----------
    host : str
        The address that is listened on.
    token : str or None
        What a browser must have shown once; None where the address is the machine's own and no other.
    """

    host: str = "127.0.0.1"
    token: str | None = None
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = {*LOOPBACK, self.host.casefold()}
        if not is_loopback(self.host):
            names |= {socket.gethostname().casefold(), socket.getfqdn().casefold()}
        object.__setattr__(self, "_names", frozenset(names))

    def allows_host(self, header: str) -> bool:
        """Whether the page was asked for under a name of this machine.

        A foreign name that was made to point at this machine (DNS rebinding) would let a foreign page read it.
        """
        name = _host_name(header)
        return name in self._names or (self.token is not None and _is_address(name))

    def allows_origin(self, origin: str | None, host: str) -> bool:
        """Whether the request comes from our own page; programs that are no browsers say nothing."""
        if origin is None:
            return True
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc.casefold() == host.casefold()

    def accepts_token(self, shown: str | None) -> bool:
        """Whether this is the token, where one is needed."""
        return self.token is None or (shown is not None and hmac.compare_digest(shown.encode(), self.token.encode()))


def new_token() -> str:
    """A token nobody guesses."""
    return secrets.token_urlsafe(24)


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class AccessMiddleware:
    """Asks the `AccessPolicy` about every request, and puts the security headers on every answer."""

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
                message["headers"] = [*message.get("headers", []), *_HEADERS.items()]
            await send(message)

        await (self.app if refusal is None else refusal)(scope, receive, send_safely)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not self.policy.allows_host(host):
            return _refused("This address is not known here; open the page under the address that narrows printed.")
        if not self.policy.allows_origin(headers.get(b"origin"), host):
            return _refused("Another site may not talk to this page's server.")
        if self.policy.token is None:
            return None
        cookie = f"narrows_lab_{(scope.get('server') or ('', 0))[1]}"  # cookies do not tell ports apart
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["type"] == "http" and scope["path"] == "/" and given and self.policy.accepts_token(given):
            answer = RedirectResponse("/", status_code=303)  # the token leaves the address bar
            answer.set_cookie(cookie, given, httponly=True, samesite="strict")
            return answer
        if self.policy.accepts_token(_cookie(headers.get(b"cookie", ""), cookie)):
            return None
        return _refused("This page needs its token: open the whole address that narrows printed.", status=401)


def _refused(sentence: str, *, status: int = 403) -> Response:
    return PlainTextResponse(sentence, status_code=status)


def _cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return None if found is None else found.value


def _host_name(header: str) -> str:
    """`[::1]:8765` -> `::1`, `LOCALHOST:80` -> `localhost`; empty where it is no host."""
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
