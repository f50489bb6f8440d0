"""Settings of a site, read and checked by the rules of the existing agencies."""

from collections.abc import Collection, Container, Iterator, Mapping
from pathlib import Path

from affiliate.agencies import AGENCIES
from affiliate.config import passwords
from affiliate.config.loading import load_config
from affiliate.config.setting_table import get_setting_prefix
from affiliate.config.settings import AgencySettings, Config
from affiliate.domain.affiliate_links import describe_id_fault


def load_site_config(
    environ: Mapping[str, str], folder: Path, file_names: Collection[str] = ()
) -> Config:
    """Return the settings in variables, checked against the existing agencies.

    Relative paths start at ``folder``; ``file_names`` are the variables of a file alone.

    Raises:
        ConfigError: names every wrong or missing setting at once.
    """
    try:
        return load_config(
            environ,
            {name: kind.credentials for name, kind in AGENCIES.items()},
            {name: kind.buyer for name, kind in AGENCIES.items()},
            {name: kind.options for name, kind in AGENCIES.items()},
            check=_iter_agency_faults,
            folder=folder,
            file_names=file_names,
        )
    finally:
        passwords.forget_lists()  # server processes live long


def _iter_agency_faults(
    settings: Mapping[str, AgencySettings], on: Container[str]
) -> Iterator[str]:
    """Yield the faults in settings of agencies, by the rules of agencies and their networks."""
    for name, own in settings.items():
        kind, prefix = AGENCIES[name], get_setting_prefix(name)
        template = own.affiliate_link or kind.link_template
        if own.affiliate_id and (fault := describe_id_fault(template, own.affiliate_id)):
            yield f"{prefix}AFFILIATE_ID must be {fault}."
        if name not in on:
            continue
        if kind.account and kind.account not in on:
            words = "which is not on; name it in AGENCIES too."
            yield f"{name} uses the key of {kind.account}, {words}"
        credentials = {key: secret.reveal() for key, secret in own.credentials.items()}
        yield from (f"{prefix}{fault}." for fault in kind.find_setting_faults(credentials))
