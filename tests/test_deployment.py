"""The image and the compose file: they name what is there, and give away nothing."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from api.cli import main
from api.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "deployment"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
OURS = ("server", "worker")
IMAGE = (FOLDER / "Dockerfile").read_text()
COMMANDS = [COMPOSE["services"][name]["command"] for name in OURS]


def test_every_setting_that_is_given_is_one() -> None:
    given = {name for service in OURS for name in COMPOSE["services"][service]["environment"]}
    given |= set(re.findall(r"\b(TRACKMARK_[A-Z_]+)=", IMAGE))
    ours = {name for name in given if name.startswith("TRACKMARK_")}
    assert ours
    assert {name.removeprefix("TRACKMARK_").lower() for name in ours} <= set(Settings.model_fields)
    assert given - ours == {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_the_store_that_is_named_is_the_one_that_is_there() -> None:
    given, store = COMPOSE["services"]["worker"]["environment"], COMPOSE["services"]["store"]
    bucket = Settings(store=given["TRACKMARK_STORE"]).store or ""
    assert f"/data/{bucket.removeprefix('s3://')}" in " ".join(store["command"])
    assert given["AWS_ENDPOINT_URL"] == "http://store:9000"
    assert given["AWS_SECRET_ACCESS_KEY"] == store["environment"]["MINIO_ROOT_PASSWORD"]


@pytest.mark.parametrize("command", [*COMMANDS, re.findall(r'"([^"]+)"', IMAGE.split("CMD")[1])])
def test_every_command_is_understood(command: list[str]) -> None:
    assert CliRunner().invoke(main, [*command, "--help"]).exit_code == 0
    assert CliRunner().invoke(main, [*command, "--no-such-option", "--help"]).exit_code == 2


@pytest.mark.parametrize("name", OURS)
def test_what_serves_strangers_can_change_nothing_but_its_home_and_what_it_puts_aside(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["home:/var/lib/trackmark", "scratch:/scratch"]
    assert re.search(r"\bTMPDIR=/scratch\b", IMAGE), "a file system in memory would hold long audio there"
    assert re.search(r"^USER 10001", IMAGE, re.MULTILINE)


def test_only_this_machine_reaches_the_server_and_nobody_the_database() -> None:
    services = COMPOSE["services"]
    assert [port.split(":")[0] for port in services["server"]["ports"]] == ["127.0.0.1"]
    assert not any("ports" in services[name] for name in services if name != "server")


def test_the_image_is_made_of_what_is_there_and_of_no_laboratory() -> None:
    sources = [
        source for line in re.findall(r"^COPY (.+)$", IMAGE, re.MULTILINE) for source in line.split()[:-1]
    ]
    assert all((ROOT / source).exists() for source in sources)
    assert {"core", "provenance", "detector", "api"} <= set(sources)
    assert not {"lab", "tests"} & set(sources)
    assert COMPOSE["services"]["server"]["build"]["dockerfile"] == "docs/deployment/Dockerfile"
    assert (ROOT / COMPOSE["services"]["server"]["build"]["dockerfile"]).exists()
