"""Write docs/metrics.md, every metric of `/metrics`, from the catalog."""

from pathlib import Path

from affiliate.search.site_counts import CLICK_RESULTS, POOLS, REASONS, ROUTES, TIERS
from affiliate.web.metrics.catalog import METRICS, Metric
from affiliate.web.metrics.figures import MAX_AGE_SECONDS, WAIT_SECONDS

FILE = Path(__file__).parents[1] / "docs/metrics.md"
HEAD = f"""\
# Metrics

With `METRICS_TOKEN`, the site has `/metrics` for Prometheus, or for anything that reads its text \
format; without the token there is no such address. This page is generated from the code \
(`make metrics`).

1. `python3 -c "import secrets; print(secrets.token_urlsafe(32))"` makes a token: set \
`METRICS_TOKEN`, and write the same to the file `token` beside \
[prometheus.yml](../deploy/prometheus/prometheus.yml).
2. Give Prometheus the address of each host, past the load balancer: a host counts what its own \
processes do, and a CDN must not answer for it. Rules for alerts are in \
[alerts.yml](../deploy/prometheus/alerts.yml).
3. In Grafana, Dashboards, New, Import: [dashboard.json](../deploy/prometheus/dashboard.json).

`curl -H "Authorization: Bearer $METRICS_TOKEN" https://pictures.example/metrics` shows what \
Prometheus gets.

- Each process counts in a file of its own in `DATA_DIR/metrics`. The sums of all go out, \
whichever process answers; a killed process loses nothing, and its successor goes on, after a \
restart too.
- A scrape calls no agency, and waits {WAIT_SECONDS:.0f} s at most for cache and ledger. What \
was not read for {MAX_AGE_SECONDS:.0f} s is left out, and `affiliate_part_up` is 0.
- Answers by tier are those of the desk's page of the cache: searches of visitors, added up every \
10 seconds. Crawlers, embeds of chosen pictures and other pages count as responses alone.
- Labels have fixed values: no word, address or name of a visitor is in any.

| metric | kind | labels | |
|---|---|---|---|
"""
LABELS = {
    "route": ROUTES,
    "code": ("1xx to 5xx",),
    "tier": tuple(TIERS.values()),
    "result": CLICK_RESULTS,
    "reason": REASONS,
    "pool": POOLS,
    "part": ("cache", "ledger"),
    "process": ("the number of its file, from 0",),
    "agency": ("an agency that is set up",),
    "window": ("second, minute, hour, day",),
    "network": ("a network whose sales were imported",),
    "rule": ("the first word of an [alert](alerts.md)",),
    "version": ("that of `affiliate`",),
}
"""The values of each label."""


def build_content() -> str:
    """Return the page's text."""
    rows = [_format_row(metric) for metric in METRICS]
    used = {label for metric in METRICS for label in metric.labels}
    labels = [f"- `{name}`: {', '.join(LABELS[name])}" for name in LABELS if name in used]
    return HEAD + "\n".join([*rows, "", "Values of labels:", "", *labels, ""])


def _format_row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    needs = f" Needs the {metric.part}." if metric.part else ""
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help}{needs} |"


if __name__ == "__main__":
    FILE.write_text(build_content())
