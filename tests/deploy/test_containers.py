"""The files of containers hold what engines and platforms need, each rule beside its reason.

By hand they passed hadolint 2.15, ``docker compose config`` 5.6 and the schema of the Compose
Specification, which are too large for a test.
"""

import re
from typing import Any, Final

import yaml  # type: ignore[import-untyped] # one call

from affiliate.config.setting_table import SETTINGS
from tests.support.deploy_files import MAX_END_SECONDS, TEXT, check_document, closed
from tests.support.dockerfile import is_sent, iter_steps, read_context, read_stages
from tests.support.processes import ROOT

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STAGES: Final = read_stages()
LAST: Final = {step.name: step for step in STAGES[-1]}
COMPOSE: Final = yaml.safe_load((ROOT / "compose.yml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, Any]] = COMPOSE["services"]
TEXTS: Final = {"type": "array", "items": TEXT, "minItems": 1}
SECONDS: Final = {"type": "string", "pattern": "^[0-9]+s$"}


def test_the_base_is_pinned_to_a_version_and_slim() -> None:
    steps = [step for step in iter_steps(DOCKERFILE) if step.name == "ARG"]
    arguments = dict(step.text.split("=", 1) for step in steps)
    assert re.fullmatch(r"3\.\d+-slim-[a-z]+", arguments["PYTHON"])
    assert [stage[0].words[0] for stage in STAGES] == ["python:${PYTHON}"] * 2


def test_packages_come_as_wheels_with_the_hashes_of_the_lock_file() -> None:
    (install,) = (step.text for stage in STAGES for step in stage if "pip install" in step.text)
    options = install.partition("pip install")[2].partition("&&")[0].split()
    assert {"--require-hashes", "--no-cache-dir"} <= set(options)
    assert options[options.index("--only-binary") + 1] == ":all:"
    assert options[options.index("--requirement") + 1] == "/requirements.txt"


def test_the_site_is_process_1_of_a_user_by_number() -> None:
    """Kubernetes checks a number alone; group 0 is what OpenShift gives to users of its choice."""
    assert LAST["USER"].text == "10001:0"
    assert LAST["CMD"].words == ["python", "app.py"]
    assert LAST["HEALTHCHECK"].text.startswith('CMD ["python", "-IS", ')
    assert set(LAST["HEALTHCHECK"].options) == {
        *("interval", "timeout", "start-period", "start-interval", "retries")
    }
    assert not {"ENTRYPOINT", "SHELL", "STOPSIGNAL"} & LAST.keys()


def test_every_platform_takes_the_file() -> None:
    """Railway refuses VOLUME; mounts and here-documents need BuildKit, which not all have."""
    names = {step.name for stage in STAGES for step in stage}
    assert names <= set("FROM COPY RUN ENV WORKDIR USER EXPOSE HEALTHCHECK CMD".split())
    assert not [step for stage in STAGES for step in stage if step.options.keys() & {"mount"}]
    assert "<<" not in DOCKERFILE


def test_the_context_is_what_the_image_copies() -> None:
    """No key, no history and no data of a checkout reaches the engine that builds."""
    copies = [step for step in STAGES[0] if step.name == "COPY"]
    copied = [name for step in copies for name in step.words[:-1]]
    sent = read_context()
    assert [path for path in sent if not path.startswith(tuple(copied))] == []
    assert all(any(path.startswith(name) for path in sent) for name in copied)
    unwanted = ".env .env.local .git/config instance/ledger.db .venv/bin/python tests/conftest.py"
    compiled = " affiliate/__pycache__/logs.cpython-313.pyc translations/de/LC_MESSAGES/messages.po"
    assert [path for path in (unwanted + compiled).split() if is_sent(path)] == []


def test_compose_has_no_unknown_key() -> None:
    """https://github.com/compose-spec/compose-spec; the keys in use, as a closed schema."""
    check = closed(
        "test interval timeout retries start_period start_interval",
        test=TEXTS,
        interval=SECONDS,
        timeout=SECONDS,
        retries={"const": 3},
        start_period=SECONDS,
        start_interval=SECONDS,
    )
    healthy = closed("condition", condition={"const": "service_healthy"})
    service = closed(
        "image restart read_only cap_drop security_opt init logging networks stop_grace_period",
        image=TEXT,
        build={"const": "."},
        user=TEXT,
        command=TEXTS,
        env_file={"const": ".env"},
        environment={"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        volumes=TEXTS,
        tmpfs=TEXTS,
        networks={"type": "array", "items": {"enum": ["front", "back"]}},
        ports=TEXTS,
        shm_size=TEXT,
        depends_on={"type": "object", "additionalProperties": healthy},
        healthcheck=check,
        stop_grace_period=SECONDS,
        restart={"const": "unless-stopped"},
        read_only={"const": True},
        cap_drop={"const": ["ALL"]},
        cap_add={"const": ["NET_BIND_SERVICE"]},
        security_opt={"const": ["no-new-privileges:true"]},
        init={"const": True},
        logging={"const": {"driver": "local"}},
    )
    services = {"type": "object", "additionalProperties": service}
    whole = {"name": TEXT, "services": services, "networks": {}, "volumes": {}}
    schema = closed("name services networks volumes", **whole)
    document = {name: part for name, part in COMPOSE.items() if not name.startswith("x-")}
    check_document(document, schema)


def test_services_wait_for_what_can_be_healthy() -> None:
    needs = {name: [*service.get("depends_on", {})] for name, service in SERVICES.items()}
    assert needs == {"site": ["postgres", "redis"], "postgres": [], "redis": [], "caddy": ["site"]}
    able = {name for name, service in SERVICES.items() if "healthcheck" in service} | {"site"}
    assert {name for names in needs.values() for name in names} <= able


def test_images_of_others_have_a_version() -> None:
    """A database never jumps over a major version by a mere pull."""
    images = [service["image"] for name, service in SERVICES.items() if name != "site"]
    assert all(re.search(r":\d+(\.\d+)?-[a-z]+$", image) for image in images), images


def test_only_the_proxy_has_a_capability_and_ports() -> None:
    for name, service in SERVICES.items():
        assert ("cap_add" in service, "ports" in service) == (name == "caddy", name == "caddy")
    assert COMPOSE["networks"]["back"] == {"internal": True}
    inside = {name for name, service in SERVICES.items() if service["networks"] == ["back"]}
    assert inside == {"postgres", "redis"}


def test_the_end_of_the_site_has_its_time() -> None:
    """An engine kills after the grace period, which a purchase under way may need."""
    assert int(SERVICES["site"]["stop_grace_period"].removesuffix("s")) > MAX_END_SECONDS


def test_the_site_gets_settings_that_exist() -> None:
    own, proxy = (SERVICES[name]["environment"] for name in ("site", "caddy"))
    assert own.keys() <= {setting.name for setting in SETTINGS}
    assert proxy["SITE_UPSTREAMS"] == proxy["SITE_UPSTREAMS_AGAIN"] == f"site:{own['PORT']}"
    assert own["TRUSTED_PROXIES"] == 1
    caddyfile = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    assert proxy.keys() == set(re.findall(r"\{\$(\w+):", caddyfile))


def test_volumes_are_named() -> None:
    named = {mount.split(":")[0] for service in SERVICES.values() for mount in service["volumes"]}
    assert {name for name in named if not name.startswith("./")} == COMPOSE["volumes"].keys()
    assert all((ROOT / name).is_file() for name in named if name.startswith("./"))


def test_a_missing_password_stops_compose() -> None:
    asked = re.findall(r"\$\{(\w+)(:\?)?", (ROOT / "compose.yml").read_text(encoding="utf-8"))
    assert {name for name, _ in asked} == {"POSTGRES_PASSWORD", "SITE_URL"}
    assert all(mark for _, mark in asked)
