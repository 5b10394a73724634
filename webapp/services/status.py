"""What every page says of the whole app: can the champion answer, is the traffic real?"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.simulated_share import Simulated


@dataclass(frozen=True)
class Status:
    """``problem`` says why the champion can't answer; None when it can, or when there is none.

    ``models`` says what is wrong with the place that versions come from; None when nothing is.
    """

    champion: str | None
    problem: str | None
    simulated: Simulated
    models: str | None = None

    @property
    def key(self) -> str:
        """Changes when anything of it does."""
        return blake2b(repr(astuple(self)).encode(), digest_size=8).hexdigest()


def status(services: Services) -> Status:
    """How it is now. Never fails: without its database, the app says what it knew last."""
    champion = version_choice.champion(services)
    simulated = services.traffic.simulated()
    if champion is None:
        return Status(None, None, simulated, _models(services))
    problem = None
    if champion.status == "preparing":
        problem = "it is being prepared"
    elif champion.prepared is None:
        problem = champion.reason or "it can't be served"
    return Status(champion.name, problem, simulated, _models(services))


def _models(services: Services) -> str | None:
    """In a sentence, without what only those who run the app should know."""
    if services.mirror is None:
        return None
    since, state = services.mirror.away_since(), services.mirror.state()
    if since is None:
        return state.note
    when = datetime.fromtimestamp(since / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    here = "cached versions keep serving" if state.marks else "no version has come from it yet"
    return f"The {services.mirror.place} can't be reached since {when}; {here}."
