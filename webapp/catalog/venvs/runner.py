"""Prepare a model in its own environment: three short processes, and a build where it is needed.

The first reads the model's files, the second asks the model in its environment, confined as code,
and the third checks the answers. None of them loads anything of the model here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from webapp.catalog.digest import model_digest
from webapp.catalog.limits import PrepareLimits
from webapp.catalog.prepared import Facts, write_prepared
from webapp.catalog.venvs.build import BuildError, Environment, Environments
from webapp.catalog.venvs.requirements import Requirements
from webapp.catalog.venvs.uv import STOPPED, StoppedError
from webapp.confinement.confine import Confinement
from webapp.limited_process import ChildResult, run_child

_PLAN, _ENTRY, _OUTCOME = (f"webapp.catalog.venvs.{name}" for name in ("plan", "entry", "outcome"))
_OF_PYTHON = ("lib", "lib64", "share", "bin")  # below the folder of the environment's Python


@dataclass(frozen=True)
class OwnRunner:
    """Prepares models in their own environments."""

    environments: Environments
    limits: PrepareLimits
    here: Callable[..., ChildResult]  # (folder, place, chosen class): for imported tables
    is_stopped: Callable[[], bool] = lambda: False

    def run(self, folder: Path, place: Path, *choice: str) -> ChildResult:
        """Write a prepared version of the model, or a refusal with its reason, to ``place``."""
        around = Confinement((str(folder.absolute()),), str(place.parent.absolute()))
        paths = [str(folder.absolute()), str(place.absolute())]
        first = self._run(_PLAN, [*paths, *self.limits.flags], around)
        if not first.ok or not first.output:
            return first
        values = json.loads(first.output)
        if "here" in values:
            return self.here(folder, place, *choice)
        try:
            environment = self.environments.get(
                Requirements(**values["requirements"]), self.is_stopped
            )
        except StoppedError:
            return ChildResult(b"", STOPPED)
        except BuildError as error:
            write_prepared(place, Facts(model_digest(folder), reason=str(error), transient=True))
            return ChildResult(b"")
        answers = self._ask(folder, place.parent / "home", values["plan"], environment)
        if not answers.ok:
            return answers
        stdin = json.dumps(asdict(environment)).encode() + b"\n" + answers.output
        choosing = ("--positive", choice[0]) if choice else ()
        return self._run(_OUTCOME, [*paths, *choosing], around, stdin)

    def _ask(
        self, folder: Path, home: Path, plan: dict[str, object], environment: Environment
    ) -> ChildResult:
        """Ask the model in its environment."""
        home.mkdir(exist_ok=True)
        prefix = Path(environment.prefix)
        readable = [str(folder.absolute()), environment.packages]
        readable += [str(prefix / name) for name in _OF_PYTHON]
        confinement = Confinement(tuple(readable), str(home.absolute()), starts=environment.python)
        stdin = json.dumps(plan | {"packages": [environment.packages]}).encode()
        return self._run(_ENTRY, [environment.python], confinement, stdin)

    def _run(
        self, module: str, arguments: Sequence[str], confinement: Confinement, stdin: bytes = b""
    ) -> ChildResult:
        return run_child(
            module,
            arguments,
            seconds=self.limits.seconds,
            megabytes=self.limits.megabytes,
            stdin=stdin,
            is_stopped=self.is_stopped,
            confinement=confinement,
        )
