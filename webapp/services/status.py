"""What every page says of the whole app: can the champion answer, is the traffic real?"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from hashlib import blake2b

from webapp.services import Services, predict
from webapp.services.traffic import Simulated


@dataclass(frozen=True)
class Status:
    """``problem`` says why the champion can't answer; None when it can, or when there is none."""

    champion: str | None
    problem: str | None
    simulated: Simulated

    @property
    def key(self) -> str:
        """Changes when anything of it does."""
        return blake2b(repr(astuple(self)).encode(), digest_size=8).hexdigest()


def status(services: Services) -> Status:
    """How it is now. Never fails: without its database, the app says what it knew last."""
    champion = predict.champion(services)
    simulated = services.traffic.simulated()
    if champion is None:
        return Status(None, None, simulated)
    problem = None
    if champion.status == "preparing":
        problem = "it is being prepared"
    elif champion.prepared is None:
        problem = champion.reason or "it can't be served"
    return Status(champion.name, problem, simulated)
