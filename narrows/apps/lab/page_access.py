"""Access to the page: the token of its address becomes a cookie."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from narrows.apps.web.access import AccessMiddleware


class PageAccess(AccessMiddleware):
    """Checks requests of a page, which sends its token in the address once and then as a cookie."""

    unknown_host = "Unknown host name; open the page with the address that narrows printed."

    def refusal_of_token(self, scope: Scope, headers: dict[bytes, str]) -> Response | None:
        """Return the answer to a request without the cookie: that which sets it, or a refusal."""
        cookie = f"narrows_lab_{(scope.get('server') or ('', 0))[1]}"  # cookies are shared by all ports
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["type"] == "http" and scope["path"] == "/" and given and self.policy.accepts_token(given):
            answer = RedirectResponse("/", status_code=303)  # removes the token from the address bar
            answer.set_cookie(cookie, given, httponly=True, samesite="strict")
            return answer
        if self.policy.accepts_token(_cookie(headers.get(b"cookie", ""), cookie)):
            return None
        return self.refused("This page needs a token: open the complete address that narrows printed.", 401)


def _cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return None if found is None else found.value
