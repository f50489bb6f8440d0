"""The secrets in the settings, which no log line may show."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from affiliate.config.settings import Config


def iter_secrets(settings: Config) -> Iterator[str]:
    """Yield the agencies' credentials, the site's own secrets, and the passwords in addresses."""
    for agency in settings.agencies.values():
        for secret in (*agency.credentials.values(), *agency.buyer.values()):
            yield secret.reveal()
    networks = (
        settings.impact_account_sid,
        settings.impact_auth_token,
        settings.partnerize_application_key,
        settings.partnerize_user_api_key,
    )
    webhook = (settings.alert_webhook_url, settings.alert_webhook_secret)
    mail = settings.smtp_url.password if settings.smtp_url else None
    own_secrets = (settings.secret_key, settings.owner_password, settings.metrics_token)
    for own in (*own_secrets, *networks, *webhook, mail):
        if own:
            yield own.reveal()
    for address in (settings.redis_url, settings.database_url):
        yield from find_passwords(address or "")


def find_passwords(address: str) -> set[str]:
    """Return the passwords in an address, as the address spells them and as servers get them."""
    parts = urlsplit(address)
    passwords = [value for name, value in parse_qsl(parts.query) if name.endswith("password")]
    passwords += [parts.password] if parts.password else []
    return {*passwords, *map(unquote, passwords)}
