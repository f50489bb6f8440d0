"""The text format of Prometheus, version 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from affiliate.web.metrics.catalog import METRICS

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    """A value of a metric with the values of its labels; ``suffix`` is that of a histogram's."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float
    suffix: str = ""


def build_sample(name: str, value: float, **labels: str) -> Sample:
    """Return a sample of a counter or gauge."""
    return Sample(name, tuple(labels.items()), value)


def build_histogram(
    name: str, bounds: Sequence[float], counts: Sequence[float], total: float, **labels: str
) -> Iterator[Sample]:
    """Yield the samples of a histogram; ``counts`` has one number more than there are bounds."""
    own = tuple(labels.items())
    texts = [*map(_format_number, bounds), "+Inf"]
    for bound, count in zip(texts, accumulate(counts), strict=True):
        yield Sample(name, (*own, ("le", bound)), count, "_bucket")
    yield Sample(name, own, total, "_sum")
    yield Sample(name, own, sum(counts), "_count")


def format_samples(samples: Iterable[Sample]) -> str:
    """Return the samples as text, those of a metric together, behind its help and its type."""
    by_name: dict[str, list[Sample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    lines: list[str] = []
    for metric in METRICS:
        if own := by_name.pop(metric.name, None):
            lines += (f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}")
            lines += map(_format_sample, own)
    if by_name:
        raise ValueError(f"metrics that the catalog lacks: {', '.join(by_name)}")
    return "\n".join([*lines, ""])


def _format_sample(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_escape(value)}"' for name, value in sample.labels)
    braces = f"{{{labels}}}" if labels else ""
    return f"{sample.name}{sample.suffix}{braces} {_format_number(sample.value)}"


def _format_number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
