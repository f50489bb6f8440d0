"""Files of platforms name existing settings and commands, and hold what each platform needs.

The rules are those of the platforms' documents, each named beside its test.
"""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped] # one call
from flask.testing import FlaskClient

from affiliate.agencies import AGENCIES
from affiliate.agencies.site_config import load_site_config
from affiliate.cli.platform_commands import PLATFORMS
from affiliate.config.setting_table import AGENCY_SETTINGS, SETTINGS, get_setting_prefix
from tests.support.deploy_files import MAX_END_SECONDS, TEXT, check_document, closed
from tests.support.processes import ROOT

HEALTH_PATH: Final = "/healthz"


def read_json(name: str) -> Any:
    return json.loads((ROOT / name).read_text())


RENDER: Final = yaml.safe_load((ROOT / "render.yaml").read_text())
FLY: Final = tomllib.loads((ROOT / "fly.toml").read_text())
HEROKU: Final = read_json("app.json")
RAILWAY: Final = read_json("railway.json")
DOKKU: Final = read_json("deploy/dokku-app.json")


def iter_known_settings() -> Iterator[str]:
    yield from (setting.name for setting in SETTINGS)
    for name, kind in AGENCIES.items():
        sets = [*kind.credentials, *kind.options, kind.buyer]
        own = [*(key for names in sets for key in names), *(one.name for one in AGENCY_SETTINGS)]
        yield from (get_setting_prefix(name) + key for key in own)


KNOWN_SETTINGS: Final = frozenset(iter_known_settings())


def test_heroku_reads_app_json() -> None:
    """https://devcenter.heroku.com/articles/app-json-schema; Heroku makes the secrets."""
    variable = closed(description=TEXT, value=TEXT, required={"type": "boolean"}, generator=TEXT)
    schema = closed(
        "name env formation addons",
        name={"type": "string", "maxLength": 30},
        description=TEXT,
        keywords={"type": "array", "items": TEXT},
        success_url=TEXT,
        env={"type": "object", "additionalProperties": variable},
        formation=closed(web=closed("quantity", quantity={"const": 1}, size={"const": "basic"})),
        addons={"type": "array", "items": TEXT},
        buildpacks={"type": "array", "items": closed("url", url={"const": "heroku/python"})},
    )
    check_document(HEROKU, schema)
    env = HEROKU["env"]
    assert env.keys() <= KNOWN_SETTINGS
    generated = {name for name, variable in env.items() if variable.get("generator") == "secret"}
    assert generated == {"SECRET_KEY", "OWNER_PASSWORD"}
    values = {name: variable["value"] for name, variable in env.items() if "value" in variable}
    assert values == {"REDIS_SELF_SIGNED": "1", "TRUSTED_PROXIES": "1"}
    assert {addon.partition(":")[0] for addon in HEROKU["addons"]} == {
        "heroku-postgresql",  # DATABASE_URL
        "heroku-redis",  # REDIS_URL
    }


def test_the_python_version_is_a_minor_one() -> None:
    """Buildpacks then take its newest security release; the packages are made for it."""
    version = (ROOT / ".python-version").read_text().strip()
    assert re.fullmatch(r"3\.\d+", version)
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert int(version[2:]) >= int(required.removeprefix(">=3."))


def test_render_reads_the_blueprint() -> None:
    """https://render.com/docs/blueprint-spec: types, commands, and values from other services."""
    variable = {
        "oneOf": [
            closed("key value", key=TEXT, value=TEXT),
            closed("key generateValue", key=TEXT, generateValue={"const": True}),
            closed("key sync", key=TEXT, sync={"const": False}),
            closed("key fromDatabase", key=TEXT, fromDatabase=closed(name=TEXT, property=TEXT)),
            closed(
                "key fromService",
                key=TEXT,
                fromService=closed(
                    "type name", type=TEXT, name=TEXT, property=TEXT, envVarKey=TEXT
                ),
            ),
        ]
    }
    run = {
        "name": TEXT,
        "runtime": {"const": "python"},
        "plan": {"enum": ["starter", "standard"]},
        "buildCommand": TEXT,
        "startCommand": TEXT,
        "envVars": {"type": "array", "items": variable},
    }
    web = {
        "type": {"const": "web"},
        "preDeployCommand": TEXT,
        "healthCheckPath": {"const": HEALTH_PATH},
        "maxShutdownDelaySeconds": {"type": "integer", "minimum": MAX_END_SECONDS, "maximum": 300},
    }
    cron = {"type": {"const": "cron"}, "schedule": {"pattern": r"^\d+ \d+ \* \* \*$"}}
    cache = {
        "type": {"const": "keyvalue"},
        "name": TEXT,
        "plan": TEXT,
        "maxmemoryPolicy": {"const": "allkeys-lru"},
        "ipAllowList": {"const": []},
    }
    services = [closed(" ".join(one), **one) for one in (run | web, run | cron, cache)]
    databases = closed("name", name=TEXT, plan=TEXT, ipAllowList={"const": []})
    schema = closed(
        services={"type": "array", "items": {"oneOf": services}},
        databases={"type": "array", "items": databases},
    )
    check_document(RENDER, schema)


def test_renders_services_refer_to_each_other() -> None:
    """Each reference names a service, a database or a variable that the file has."""
    names = {(one["type"], one["name"]) for one in RENDER["services"]}
    databases = {one["name"] for one in RENDER["databases"]}
    web, cron = RENDER["services"][:2]
    web_keys = {variable["key"] for variable in web["envVars"]}
    for variable in (*web["envVars"], *cron["envVars"]):
        assert variable["key"] in KNOWN_SETTINGS
        if source := variable.get("fromService"):
            assert (source["type"], source["name"]) in names
            assert source.get("envVarKey", variable["key"]) in web_keys
        if source := variable.get("fromDatabase"):
            assert source["name"] in databases
    served = {"HOST", "TRUSTED_PROXIES"}
    assert {variable["key"] for variable in cron["envVars"]} == web_keys - served


def test_fly_stops_the_site_gently_and_keeps_its_data() -> None:
    """https://fly.io/docs/reference/configuration/: SIGINT after 5 seconds is the default."""
    assert FLY["kill_signal"] == "SIGTERM"
    assert MAX_END_SECONDS < FLY["kill_timeout"] <= 300
    assert FLY["mounts"]["destination"] == FLY["env"]["DATA_DIR"]
    assert "release_command" not in FLY.get("deploy", {})  # it would run without the volume
    service = FLY["http_service"]
    assert str(service["internal_port"]) == FLY["env"]["PORT"]
    assert service["force_https"] is True
    assert [one["path"] for one in service["checks"]] == [HEALTH_PATH]
    assert FLY["env"].keys() <= KNOWN_SETTINGS
    assert FLY.keys() <= set(
        "app primary_region kill_signal kill_timeout env mounts http_service vm".split()
    )


def test_railway_overlaps_versions() -> None:
    """https://docs.railway.com/config-as-code/reference; its parser takes numbers alone."""
    deploy = closed(
        healthcheckPath={"const": HEALTH_PATH},
        healthcheckTimeout={"type": "integer", "minimum": 15},
        restartPolicyType={"enum": ["ALWAYS", "ON_FAILURE", "NEVER"]},
        overlapSeconds={"type": "integer"},
        drainingSeconds={"type": "integer", "minimum": MAX_END_SECONDS},
    )
    check_document(RAILWAY, closed("$schema deploy", deploy=deploy, **{"$schema": TEXT}))


def test_dokku_checks_a_version_before_its_requests() -> None:
    """https://dokku.com/docs/appendices/file-formats/app-json; Heroku reads no such file."""
    numbers = {name: {"type": "integer"} for name in ("attempts", "wait", "timeout")}
    web = closed(
        type={"const": "startup"},
        name=TEXT,
        description=TEXT,
        path={"const": HEALTH_PATH},
        **numbers,
    )
    cron = closed("command schedule", command=TEXT, schedule={"pattern": r"^\d+ \d+ \* \* \*$"})
    schema = closed(
        healthchecks=closed(web={"type": "array", "items": web}),
        cron={"type": "array", "items": cron},
    )
    check_document(DOKKU, schema)


def iter_commands() -> Iterator[str]:
    """Yield the commands of this site in the files, without ``flask --app app``."""
    names = "app.json render.yaml fly.toml deploy/dokku-app.json deploy/systemd/task.sh".split()
    for name in names:
        text = (ROOT / name).read_text()
        yield from re.findall(r"(?m)flask (?:--app app )?([a-z][a-z -]*[a-z])", text)
    for platform in PLATFORMS.values():
        for step in (platform.run, platform.schedule):
            yield from re.findall(r"flask --app app ([a-z][a-z -]*[a-z])", step)


@pytest.mark.parametrize("command", sorted(set(iter_commands())))
def test_the_commands_in_the_files_exist(client: FlaskClient, command: str) -> None:
    """With the options that stand there."""
    parts = shlex.split(command)
    run = client.application.test_cli_runner().invoke(args=[*parts, "--help"])
    assert run.exit_code == 0, run.output
    for option in parts:
        assert not option.startswith("--") or option in run.output


@pytest.mark.parametrize(
    ("name", "proxies"),
    [
        ("heroku", HEROKU["env"]["TRUSTED_PROXIES"]["value"]),
        ("fly", FLY["env"]["TRUSTED_PROXIES"]),
        ("render", {v["key"]: v.get("value") for v in RENDER["services"][0]["envVars"]}),
    ],
)
def test_setup_and_files_agree_on_proxies(name: str, proxies: Any) -> None:
    """Both count the same proxies of a platform."""
    number = proxies["TRUSTED_PROXIES"] if isinstance(proxies, dict) else proxies
    assert str(PLATFORMS[name].proxies) == number


def test_the_site_starts_with_what_platforms_make() -> None:
    """Heroku's secrets are 64 hexadecimal digits, Render's 32 bytes in base64."""
    for secret in (
        "4b7f0c2d9e8a6135f0d2c4b6a8e19375c3e5a7f9b1d30264860fbd97e5c3a1f2",
        "3q2+7wABjK9f4dQm1Zs8Xy0PvTn6RcLhUeWgIoAkBzM=",
    ):
        own = {"SECRET_KEY": secret, "OWNER_PASSWORD": secret, "TRUSTED_PROXIES": "2"}
        config = load_site_config({**own, "HOST": FLY["env"]["HOST"]}, ROOT)
        assert config.owner_password is not None


def test_daily_jobs_of_a_new_site_succeed(client: FlaskClient) -> None:
    """A job that fails before the owner has set anything is no alarm later on."""
    runner = client.application.test_cli_runner()
    jobs = [shlex.split(job["command"]) for job in DOKKU["cron"]]
    found = {" ".join(job[3:]): runner.invoke(args=job[3:]).exit_code for job in jobs}
    assert found == {"earnings fetch": 0, "warm": 0, "doctor --live": 0}
