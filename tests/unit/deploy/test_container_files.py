"""The files of deploy/ for containers agree with the app, with the image and with one another."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.container import DOCKERFILE
from tests.support.dockerfile import parse
from webapp.settings import ROOT, Settings

DOCKER = ROOT / "deploy" / "docker"
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = sorted((KUBERNETES / "overlays").iterdir())
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
APP = ("migrate", "web", "worker")
USER = next(i.value for i in parse(DOCKERFILE.read_text("utf-8")) if i.name == "USER")
NAMES = {setting.name.upper() for setting in fields(Settings)} | {"AWS_REGION"}
GUNICORN = (ROOT / "gunicorn.conf.py").read_text("utf-8")


class Template(yaml.SafeLoader):
    """Reads a template of CloudFormation: its functions come as their arguments."""


def _arguments(loader: Template, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


Template.add_multi_constructor("!", _arguments)


def of_gunicorn(name: str) -> int:
    match = re.search(rf"^{name} = (\d+)", GUNICORN, re.M)
    assert match
    return int(match[1])


def grace() -> int:
    return of_gunicorn("graceful_timeout")


def manifests(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.yaml")):
        if file.name not in ("kustomization.yaml", "patch.yaml"):
            yield from yaml.safe_load_all(file.read_text("utf-8"))


def pods() -> list[tuple[str, dict[str, Any]]]:
    return [
        (manifest["metadata"]["name"], manifest["spec"]["template"]["spec"])
        for folder in (KUBERNETES / "base", *OVERLAYS)
        for manifest in manifests(folder)
        if "template" in manifest.get("spec", {})
    ]


def resources() -> dict[str, dict[str, Any]]:
    text = (ROOT / "deploy" / "ecs" / "template.yaml").read_text("utf-8")
    return {name: r["Properties"] for name, r in yaml.load(text, Template)["Resources"].items()}


def tasks() -> dict[str, dict[str, Any]]:
    return {
        name: resource["ContainerDefinitions"][0]
        for name, resource in resources().items()
        if "ContainerDefinitions" in resource
    }


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_a_service_of_compose_can_do_little_and_is_pinned(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert name in APP or re.search(r":\d+\.\d+", service["image"])
    assert name in APP or service["healthcheck"]["test"][0] == "CMD"
    assert service["logging"] == {"driver": "local"}
    assert all(":mode=1777" in at for at in service.get("tmpfs", []))


def test_compose_sets_settings_and_asks_for_its_secrets() -> None:
    text = (DOCKER / "compose.yaml").read_text("utf-8")
    examples = (DOCKER / "example.env").read_text("utf-8")
    assert set(re.findall(r"\$\{([A-Z_]+):\?", text)) == set(
        re.findall(r"^(?!API_TOKEN)([A-Z_]+)=", examples, re.M)
    )
    for name in APP:
        assert set(COMPOSE["services"][name]["environment"]) <= NAMES
        assert COMPOSE["services"][name]["stop_grace_period"] == "30s"


def test_compose_starts_servers_when_the_tables_are_there() -> None:
    assert (
        COMPOSE["services"]["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    )
    # The temporary server that makes the folder listens at the socket alone.
    assert "--host=127.0.0.1" in COMPOSE["services"]["postgres"]["healthcheck"]["test"]
    assert "-e" in COMPOSE["services"]["redis"]["healthcheck"]["test"]
    for name in ("web", "worker"):
        needs = COMPOSE["services"][name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
        assert needs["redis"]["condition"] == "service_healthy"
    volumes = {v.split(":")[0] for s in COMPOSE["services"].values() for v in s["volumes"]}
    assert volumes == set(COMPOSE["volumes"])
    assert not any(word.startswith("models") for word in COMPOSE["services"]["postgres"]["volumes"])


def test_compose_builds_the_image_once() -> None:
    services = COMPOSE["services"]
    assert [name for name in services if "build" in services[name]] == ["migrate"]
    assert len({services[name]["image"] for name in APP}) == 1


@pytest.mark.parametrize(("name", "pod"), pods(), ids=[name for name, _ in pods()])
def test_a_pod_is_restricted(name: str, pod: dict[str, Any]) -> None:
    about = pod["securityContext"]
    assert (about["runAsNonRoot"], f"{about['runAsUser']}:{about['runAsGroup']}") == (True, USER)
    assert about["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert_restricted(container)
        assert {m["mountPath"] for m in container["volumeMounts"]} == {"/var/lib/everycase", "/tmp"}


def assert_restricted(container: dict[str, Any]) -> None:
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.name)
def test_a_patch_has_fields_that_there_are(overlay: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes_validate import utils  # 1.5 s, which workers without this test save

    patch = yaml.safe_load((overlay / "patch.yaml").read_text("utf-8"))
    for container in patch["spec"]["template"]["spec"].get("initContainers", []):
        assert_restricted(container)
    whole = utils.schema_contents
    monkeypatch.setattr(utils, "schema_contents", lambda *of: without_required(whole(*of)))
    utils.validate(patch, "1.34.0", strict=True)
    patch["spec"]["strategie"] = {}
    with pytest.raises(utils.ValidationError, match="strategie"):
        utils.validate(patch, "1.34.0", strict=True)


def test_lint_finds_a_kind_that_there_is_not(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    broken = tmp_path / "deploy/kubernetes/overlays/production/autoscaler.yaml"
    broken.write_text(broken.read_text("utf-8").replace("kind: HorizontalPod", "kind: VerticalPod"))
    lint = ["sh", tmp_path / "scripts/lint_deploy.sh", Path(sys.executable).parent]
    process = subprocess.run(lint, capture_output=True, text=True)
    assert process.returncode == 1
    assert "VerticalPodAutoscaler" in process.stderr


def without_required(schema: Any) -> Any:
    """The schema for a part of a manifest: what is there must be right, but may be little."""
    if isinstance(schema, list):
        return [without_required(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: without_required(value) for key, value in schema.items()}
    return {k: v for k, v in rest.items() if k != "required" or not isinstance(v, list)}


def test_a_web_pod_gets_the_time_that_it_takes_to_stop() -> None:
    pod = dict(pods())["everycase-web"]
    before = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > before + grace()


def test_manifests_select_pods_that_there_are() -> None:
    every = [m for folder in (KUBERNETES / "base", *OVERLAYS) for m in manifests(folder)]
    labels = [
        m["spec"]["template"]["metadata"]["labels"]
        for m in every
        if "template" in m.get("spec", {})
    ]
    for manifest in every:
        spec = manifest.get("spec", {})
        selector = spec.get("selector", spec.get("podSelector", {}))
        selector = selector.get("matchLabels", selector)
        assert any(selector.items() <= pod_labels.items() for pod_labels in labels), manifest[
            "metadata"
        ]
    autoscaler = next(m for m in every if m["kind"] == "HorizontalPodAutoscaler")
    assert autoscaler["spec"]["scaleTargetRef"]["name"] in dict(pods())


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.name)
def test_an_overlay_names_what_there_is(overlay: Path) -> None:
    kustomization = yaml.safe_load((overlay / "kustomization.yaml").read_text("utf-8"))
    names = [*kustomization["resources"], *(patch["path"] for patch in kustomization["patches"])]
    assert all((overlay / name).exists() for name in names)
    assert {p.name for p in overlay.glob("*.yaml")} == {
        "kustomization.yaml",
        *(name for name in names if name.endswith(".yaml")),
    }
    patch_text = yaml.safe_load((overlay / "patch.yaml").read_text("utf-8"))
    base = {(m["kind"], m["metadata"]["name"]) for m in manifests(KUBERNETES / "base")}
    assert (patch_text["kind"], patch_text["metadata"]["name"]) in base
    literals = [
        word for generator in kustomization["configMapGenerator"] for word in generator["literals"]
    ]
    assert {word.partition("=")[0] for word in literals} <= NAMES
    secrets = (overlay / "secrets.env.example").read_text("utf-8")
    assert set(re.findall(r"^(\w+)=", secrets, re.M)) <= NAMES
    assert "secrets.env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.parametrize("name", ["WebTask", "WorkerTask", "MigrateTask"])
def test_a_task_of_ecs_can_do_little_and_sets_settings(name: str) -> None:
    task = tasks()[name]
    assert (task["User"], task["ReadonlyRootFilesystem"]) == (USER, True)
    assert task["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert {m["ContainerPath"] for m in task["MountPoints"]} == {"/var/lib/everycase", "/tmp"}
    assert {pair["Name"] for pair in task["Environment"] + task["Secrets"]} <= NAMES
    assert not {pair["Name"] for pair in task["Environment"]} & {
        setting.name.upper() for setting in fields(Settings) if setting.metadata["secret"]
    }


def test_ecs_migrates_with_a_new_image_before_servers_get_it() -> None:
    images = {name: task["Image"] for name, task in tasks().items()}
    assert images == {"WebTask": "Image", "WorkerTask": "Image", "MigrateTask": "MigrateImage"}


def test_ecs_begins_with_nothing_and_leaves_the_number_of_servers_to_the_autoscaler() -> None:
    # A service that waits for tables would never be stable, so the stack would be rolled back.
    assert resources()["Web"]["DesiredCount"] == ["Idle", 0, "AWS::NoValue"]
    assert resources()["Worker"]["DesiredCount"] == ["Idle", 0, 1]
    assert resources()["Scaling"]["MinCapacity"] == "LeastTasks"


def test_the_load_balancer_gives_idle_connections_up_before_gunicorn_does() -> None:
    settings = {
        pair["Key"]: pair["Value"] for pair in resources()["Balancer"]["LoadBalancerAttributes"]
    }
    assert int(settings["idle_timeout.timeout_seconds"]) < of_gunicorn("keepalive")


def test_ecs_kubernetes_and_compose_run_the_same_commands() -> None:
    compose = {name: COMPOSE["services"][name].get("command") for name in APP}
    ecs = {name.removesuffix("Task").lower(): task.get("Command") for name, task in tasks().items()}
    kubernetes = {
        name.removeprefix("everycase-"): pod["containers"][0].get("command") for name, pod in pods()
    }
    assert compose == ecs == kubernetes
    assert tasks()["WebTask"]["StopTimeout"] > grace()
