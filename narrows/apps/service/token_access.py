"""Access to the service: programs send its token in a header."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from narrows.apps.web.access import AccessMiddleware

_OPEN = ("/v2/health/live", "/v2/health/ready")
"""Paths that probes of a cluster read without a token."""


class TokenAccess(AccessMiddleware):
    """Checks requests of programs, which send `Authorization: Bearer TOKEN`."""

    def refusal_of_token(self, scope: Scope, headers: dict[bytes, str]) -> Response | None:
        """Return the answer to a request without the token; None if it has it."""
        scheme, _, token = headers.get(b"authorization", "").partition(" ")
        if scope["path"] in _OPEN or (scheme.lower() == "bearer" and self.policy.accepts_token(token.strip())):
            return None
        answer = self.refused("This service needs a token; send it as Authorization: Bearer TOKEN.", 401)
        answer.headers["www-authenticate"] = "Bearer"
        return answer

    def refused(self, sentence: str, status: int) -> Response:
        """Return the answer to a refused request."""
        return JSONResponse({"error": sentence, "column": None}, status_code=status)
