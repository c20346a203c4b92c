"""What a cluster is told of whoever scans: everything but the secrets."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from api.scan import cluster
from api.scan.find import Item, ScanError
from api.scan.sent import SECRETS, UNUSED, Sent, sent, taken, without_credentials
from api.settings import Settings
from tests.api.scan.catalogues import run

CANARY = "hunter2"
ADDRESSES = {
    "TRACKMARK_DATABASE_URL": f"postgresql+psycopg://trackmark:{CANARY}@database/trackmark",
    "TRACKMARK_TSA": f"https://us:{CANARY}@tsa.example/",
    "TRACKMARK_CREDENTIALS_TSA": f"https://{CANARY}@tsa.example/",
    "TRACKMARK_TELEMETRY_ENDPOINT": f"https://collector/v1/traces?api_key={CANARY}",
    "TRACKMARK_WITNESSES": json.dumps([f"witness+1 https://us:{CANARY}@w.example/"]),
}
OTHERS = {"AWS_SECRET_ACCESS_KEY": CANARY, "PGPASSWORD": CANARY, "TRACKMARK_NO_SETTING": CANARY}
HARMLESS = {
    "TRACKMARK_KEY_PASSPHRASE_FILE": "/run/secrets/passphrase",
    "TRACKMARK_STORE": "s3://tracks/of",
    "TRACKMARK_WATERMARK_SEARCH": "quick",
    "TRACKMARK_PUBLIC_URL": "https://trackmark.example/",
    "TRACKMARK_FINGERPRINT_FOLDER": "/ours",
}


def test_every_secret_of_the_settings_is_known_as_one() -> None:
    assert {"TRACKMARK_KEY_PASSPHRASE", "TRACKMARK_PKCS11_PIN", "TRACKMARK_RECORD_KEY"} <= SECRETS
    kinds = [str(field.annotation) for field in Settings.model_fields.values()]
    assert len(SECRETS) == sum(SecretStr.__name__ in kind for kind in kinds)


def test_no_secret_is_told_but_its_name() -> None:
    told = sent({**dict.fromkeys(SECRETS, CANARY), **ADDRESSES, **OTHERS, **HARMLESS})
    assert CANARY not in repr(told)
    assert set(told.secrets) == (SECRETS | ADDRESSES.keys()) - UNUSED
    assert told.settings == {k: v for k, v in HARMLESS.items() if not k.endswith("FOLDER")}


@pytest.mark.parametrize(
    "harmless",
    ["postgresql+psycopg://us@database/trackmark", "sqlite:////home/us/a@b.db", "sqlite:////t.db?mode=ro"],
)
def test_an_address_without_a_password_is_told(harmless: str) -> None:
    assert sent({"TRACKMARK_DATABASE_URL": harmless}).settings == {"TRACKMARK_DATABASE_URL": harmless}


@pytest.mark.parametrize(
    "telling",
    [
        "postgresql+psycopg://database/trackmark?user=us&password=hunter2",
        "postgresql+psycopg://us:hun/ter2@database/trackmark",
        "postgresql+psycopg://us:hunter2@database:no port/trackmark",
    ],
)
def test_a_password_is_found_wherever_it_stands(telling: str) -> None:
    assert sent({"trackmark_database_url": telling}) == Sent({}, ("TRACKMARK_DATABASE_URL",))


def test_an_actor_has_the_secrets_of_its_machine_where_whoever_scans_has_them_too() -> None:
    told = sent({"TRACKMARK_KEY_PASSPHRASE": "ours", "TRACKMARK_WATERMARK_SEARCH": "full"})
    machine = {
        "TRACKMARK_KEY_PASSPHRASE_FILE": "/its/own",
        "TRACKMARK_PKCS11_PIN": "of something else",
        "TRACKMARK_DATABASE_URL": "postgresql+psycopg://a:b@another/registry",
        "TRACKMARK_WATERMARK_SEARCH": "quick",
        "TRACKMARK_FINGERPRINT_FOLDER": "/its/own/disk",
    }
    assert taken(told, machine) == (
        {
            "TRACKMARK_KEY_PASSPHRASE_FILE": "/its/own",
            "TRACKMARK_WATERMARK_SEARCH": "full",
            "TRACKMARK_FINGERPRINT_FOLDER": "/its/own/disk",
        },
        [],
    )
    named = sent({"TRACKMARK_KEY_PASSPHRASE_FILE": "/shared"})
    assert taken(named, {}) == ({"TRACKMARK_KEY_PASSPHRASE_FILE": "/shared"}, [])
    assert taken(named, {"TRACKMARK_KEY_PASSPHRASE": "its"}) == ({"TRACKMARK_KEY_PASSPHRASE": "its"}, [])
    assert taken(told, {})[1] == ["TRACKMARK_KEY_PASSPHRASE"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ftp://us:hunter2@host/a.wav", "ftp://host/a.wav"),
        ("https://token@host/a.wav", "https://host/a.wav"),
        ("https://host/a.wav?X-Amz-Signature=hunter2", "https://host/a.wav"),
        ("https://host/a.wav?version=2", None),
        ("abfs://container@account.dfs.core.windows.net/a.wav", None),
        ("s3://bucket/What? key=a@b.wav", None),
        ("/folder/us:hunter2@host.wav", None),
    ],
)
def test_credentials_in_the_address_of_a_file(address: str, shown: str | None) -> None:
    assert without_credentials(address) == shown


class _Ray:
    """Ray of this process: serialises what it is given as the real one does, and keeps that."""

    def __init__(self) -> None:
        from ray import cloudpickle

        self._dump: Callable[[Any], bytes] = cloudpickle.dumps
        self.serialised: list[bytes] = []
        self.exceptions = SimpleNamespace(RayError=KeyError, RayActorError=KeyError)

    def is_initialized(self) -> bool:
        return True

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def remote(self, **_options: Any) -> Callable[[type], Any]:
        return lambda kind: SimpleNamespace(remote=lambda *given: self._actor(kind, given))

    def _actor(self, kind: type, given: tuple[Any, ...]) -> Any:
        self.serialised.append(self._dump((kind, given)))
        with pytest.MonkeyPatch.context() as environment:
            environment.setattr(cluster, "os", SimpleNamespace(environ=dict(os.environ)))
            actor = kind(*given)

        def outcome(item: Item) -> Any:
            self.serialised.append(self._dump(item))
            return SimpleNamespace(value=actor.outcome(item))

        return SimpleNamespace(outcome=SimpleNamespace(remote=_Hashed(outcome)))

    def wait(self, promised: Sequence[Any], **_options: Any) -> tuple[list[Any], list[Any]]:
        return [promised[0]], list(promised[1:])

    def get(self, promise: Any) -> Any:
        return promise.value


class _Hashed:
    """A call whose results can be keys, as Ray's can."""

    def __init__(self, call: Callable[[Item], Any]) -> None:
        self._call = call

    def __call__(self, item: Item) -> Any:
        return type("Promise", (), {"value": self._call(item).value})()


def test_what_ray_is_given_has_no_secret_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = _Ray()
    monkeypatch.setattr(cluster, "import_module", lambda _name: ray)
    for name, value in {**dict.fromkeys(SECRETS, CANARY), **ADDRESSES, **OTHERS, **HARMLESS}.items():
        monkeypatch.setenv(name, value)
    items = [Item(str(tmp_path / name), 1) for name in ("a.wav", "b.wav")]
    run(items, tmp_path / "r.csv", engine="ray", workers=2)
    assert len(ray.serialised) == 4
    assert b"/run/secrets/passphrase" in ray.serialised[0]
    assert not [one for one in ray.serialised if CANARY.encode() in one]


def test_a_scan_by_addresses_with_credentials_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = _Ray()
    monkeypatch.setattr(cluster, "import_module", lambda _name: ray)
    items = [Item(f"ftp://us:{CANARY}@host/a.wav", 1)]
    with pytest.raises(ScanError, match=r"ftp://host/a\.wav has credentials in it") as caught:
        run(items, tmp_path / "r.csv", engine="ray")
    assert CANARY not in str(caught.value) and not ray.serialised
