"""The owner's desk as a part of the application.

The desk exists only with ``OWNER_PASSWORD``, is in English, and no cache keeps its pages. Its
cookies are signed, for ``/owner/`` alone, and invalid after a change of the password: the cookie
of the session (`owner_sessions`), and the cookie that identifies a browser after a log-in
(`login_throttle`).
"""

from importlib import import_module
from typing import Final

from flask import Flask

from affiliate.database.owner_sessions import LIFETIME
from affiliate.web.owner import login_throttle
from affiliate.web.owner.cookies import OWNER_PATH, OwnerSession
from affiliate.web.owner.health_reports import HealthReports
from affiliate.web.owner.numbers import format_money
from affiliate.web.owner.page_requests import format_moment

PAGES: Final = (
    "login",
    "overview",
    "words",
    "pictures",
    "sites",
    "places",
    "sales",
    "agencies",
    "cache",
    "licenses",
    "license_history",
    "licensing",
    "settings",
    "health",
    "alerts",
    "kept",
    "account",
    "sessions",
)
"""Modules of pages, which add their views to the blueprint of `frame`."""


def register(app: Flask) -> None:
    """Add the owner's routes and session to an app with `Services`, if a password is set.

    Only a site with a desk imports its pages.
    """
    config = app.extensions["services"].config
    if config.owner_password is None:
        return
    app.secret_key = config.secret_key.reveal()
    app.config.update(
        SESSION_COOKIE_PATH=OWNER_PATH,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LIFETIME,
    )
    app.session_interface = OwnerSession()
    app.add_template_filter(format_money, "money")
    app.add_template_filter(format_moment, "moment")
    login_throttle.register(app)
    app.extensions["health_reports"] = HealthReports(app.extensions["services"])
    for page in PAGES:
        import_module(f"affiliate.web.owner.{page}")
    app.register_blueprint(import_module("affiliate.web.owner.frame").blueprint)
    app.register_blueprint(import_module("affiliate.web.owner.alerts").links)
