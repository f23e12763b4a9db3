"""The declaration of a parameter: its default, and what the shell, the lab and the docs say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

from narrows.declarations.requirements import Requirement

T = TypeVar("T")
Group = Literal["Network", "Data", "Objective", "Optimizer", "Stopping", "Run"]
GROUPS: tuple[Group, ...] = ("Network", "Data", "Objective", "Optimizer", "Stopping", "Run")

Kind = Literal["int", "float", "bool", "name", "text", "sizes", "columns", "object"]


@dataclass(frozen=True)
class Option:
    """An option of the shell.

    Parameters
    ----------
    short : str or None
        A second name, without dashes in front; the parameter's own name is the first.
    metavar : str or None
        Placeholder of the value in the help; None follows from the type.
    """

    short: str | None = None
    metavar: str | None = None


@dataclass(frozen=True)
class Parameter:
    """One parameter of the constructors.

    Parameters
    ----------
    name : str
    group : {"Network", "Data", "Objective", "Optimizer", "Stopping", "Run"}
    kind : {"int", "float", "bool", "name", "text", "sizes", "columns", "object"}
        Type of its value; "name" is one of `choices`.
    help : str
        One sentence.
    choices : tuple of str
        Names that it accepts, including "auto" if there is one; without None and objects.
    accepts : str or None
        Class whose instances it accepts in addition to the names.
    requires : Requirement or None
        Condition under which it has an effect; None is always.
    option : Option or None
        The option of the shell; None if the shell has none.
    default : object
        Value in the constructor of `Autoencoder`.
    """

    name: str
    group: Group
    kind: Kind
    help: str
    choices: tuple[str, ...] = ()
    accepts: str | None = None
    requires: Requirement | None = None
    option: Option | None = Option()
    default: object = None

    @property
    def flag(self) -> str:
        """The shortest option of the shell, such as ``--top-k``."""
        short = self.option.short if self.option else None
        return "--" + (short or self.name).replace("_", "-")


def parameter(
    default: T,
    group: Group,
    kind: Kind,
    help: str,  # noqa: A002
    *,
    choices: tuple[str, ...] = (),
    accepts: str | None = None,
    requires: Requirement | None = None,
    option: Option | None = Option(),
) -> T:
    """Return the default of a parameter; the rest, see `Parameter`, is read from the source.

    So it consists of literals and of what `narrows.declarations` offers.
    """
    return default
