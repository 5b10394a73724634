"""The state of the whole app, which every page shows: the champion, and where models come from."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from hashlib import blake2b

from webapp.services.context import Services
from webapp.services.formatting import minute
from webapp.services.predict import version_choice


@dataclass(frozen=True)
class Status:
    """``problem`` is why the champion can't answer; None if it can, or if there is none.

    ``models`` is why the registry or bucket of the versions can't be used; None if it can.
    """

    champion: str | None
    problem: str | None
    models: str | None = None

    @property
    def key(self) -> str:
        """A digest that changes with the status."""
        return blake2b(repr(astuple(self)).encode(), digest_size=8).hexdigest()


def status(services: Services) -> Status:
    """The status now. Never fails: without the database it is the last known one."""
    champion = version_choice.champion(services)
    if champion is None:
        return Status(None, None, _mirror_problem(services))
    problem = None
    if champion.status == "preparing":
        problem = "it is being prepared"
    elif champion.prepared is None:
        problem = champion.reason or "it can't be served"
    return Status(champion.name, problem, _mirror_problem(services))


def _mirror_problem(services: Services) -> str | None:
    """A sentence for all visitors, so without the error's details."""
    if services.mirror is None:
        return None
    since, state = services.mirror.away_since(), services.mirror.state()
    if since is None:
        return state.note
    serving = "cached versions keep serving" if state.marks else "no version has come from it yet"
    return f"The {services.mirror.place} has been unreachable since {minute(since)}; {serving}."
