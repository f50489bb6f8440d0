"""The route of `/metrics`, which exists with `METRICS_TOKEN` alone."""

import hmac
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Flask, Response, request

from affiliate.services import Services
from affiliate.web.metrics.exposition import CONTENT_TYPE, format_samples
from affiliate.web.metrics.figures import MetricFigures

SCHEME: Final = "bearer"
"""The scheme of Prometheus' ``authorization``; names of schemes may have capitals."""


def register(app: Flask, services: Services) -> None:
    """Add the route where the settings have a token."""
    secret = services.config.metrics_token
    if secret is None:
        return
    token = secret.reveal().encode()
    figures = MetricFigures(services)
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def show_metrics() -> Response:
        """Show all metrics to whoever sends the token; no cache may keep them."""
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME or not hmac.compare_digest(sent.strip().encode(), token):
            response = Response("Send the token of METRICS_TOKEN.\n", mimetype="text/plain")
            response.status_code = HTTPStatus.UNAUTHORIZED
            response.headers["WWW-Authenticate"] = "Bearer"
        else:
            response = Response(format_samples(figures.collect()), content_type=CONTENT_TYPE)
        response.headers["Cache-Control"] = "no-store"
        return response

    app.register_blueprint(blueprint)
