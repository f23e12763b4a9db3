"""Access to the page: the token of its address becomes a cookie, and decides on the role of the page."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Scope

from narrows.apps.lab.roles import PupilError, Role
from narrows.apps.viewer.protocol import error_fields
from narrows.apps.web.access import AccessMiddleware, AccessPolicy

_ROLE = "narrows.role"
_LOOKS = ("GET", "HEAD")
"""Methods that change nothing on a server."""


class PageAccess(AccessMiddleware):
    """Checks requests of a page, which sends its token in the address once and then as a cookie.

    Parameters
    ----------
    app : ASGI application
    policy : AccessPolicy
    pupil_token : str or None, default=None
        In a class, the token of the pupils, who may only look; that of the policy is then the teacher's.
    """

    unknown_host = "Unknown host name; open the page with the address that narrows printed."

    def __init__(self, app: ASGIApp, policy: AccessPolicy, *, pupil_token: str | None = None) -> None:
        super().__init__(app, policy)
        self._pupil_token = pupil_token

    def refusal_of_token(self, scope: Scope, headers: dict[bytes, str]) -> Response | None:
        """Return the answer to a request without the cookie, or with that of a role that may not do this."""
        cookie = f"narrows_lab_{(scope.get('server') or ('', 0))[1]}"  # cookies are shared by all ports
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["type"] == "http" and scope["path"] == "/" and given and self._role_of(given) is not None:
            answer = RedirectResponse("/", status_code=303)  # removes the token from the address bar
            answer.set_cookie(cookie, given, httponly=True, samesite="strict")
            return answer
        role = self._role_of(_cookie(headers.get(b"cookie", ""), cookie))
        if role is None:
            return self.refused("This page needs a token: open the complete address that narrows printed.", 401)
        scope[_ROLE] = role
        return None if scope["type"] == "websocket" or scope["method"] in _LOOKS else _refused_change(role)

    def _role_of(self, token: str | None) -> Role | None:
        """Return the role of the page with a token; None if the token is wrong."""
        if self.policy.accepts_token(token):
            return Role.OWNER
        is_pupil = token and self._pupil_token and hmac.compare_digest(token.encode(), self._pupil_token.encode())
        return Role.PUPIL if is_pupil else None


def role_in(scope: Scope) -> Role:
    """Return the role of the page that sent a request; where no token is needed there is only the owner."""
    return scope.get(_ROLE, Role.OWNER)


def _refused_change(role: Role) -> Response | None:
    """Return the answer to a request to change something; None if the role may."""
    try:
        role.check_may_change()
    except PupilError as error:
        return JSONResponse(error_fields(error), status_code=403)
    return None


def _cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return None if found is None else found.value
