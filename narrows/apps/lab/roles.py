"""Roles of pages: in a class the teacher's page changes things, and those of pupils only look."""

from __future__ import annotations

import secrets
from enum import StrEnum

from narrows.apps.lab.session_types import LabError

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are easily taken for another."""
_LENGTH = 8


class PupilError(LabError):
    """A change that a pupil's page has asked for."""


class Role(StrEnum):
    """Whose page it is: that of the owner, in a class the teacher, or that of a pupil."""

    OWNER = "owner"
    PUPIL = "pupil"

    def check_may_change(self) -> None:
        """Raise PupilError if a page of this role only looks."""
        if self is Role.PUPIL:
            raise PupilError(
                "Only your teacher's page can train or change anything; here you can explore what is there."
            )


def pupil_token() -> str:
    """Return a random token that is short enough to be typed from a wall; it gives no right to change anything."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
