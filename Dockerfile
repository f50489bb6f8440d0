# The image of the site; docs/containers.md describes the image and its use.
# The lines work in Docker, Podman and Buildah, and need no option of BuildKit.
ARG PYTHON=3.13-slim-trixie

FROM python:${PYTHON} AS build
COPY requirements.txt /
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --disable-pip-version-check --no-cache-dir --no-compile \
    --only-binary :all: --require-hashes --requirement /requirements.txt \
 && /venv/bin/python -m pip uninstall --yes --quiet pip
COPY app.py LICENSE deploy/healthcheck.py /app/
COPY affiliate /app/affiliate
COPY static /app/static
COPY templates /app/templates
COPY translations /app/translations
# Python compiles nothing at a start, which could not keep the result; checkouts of any umask work.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv/lib /app \
 && chmod -R a+rX,go-w /app /venv

FROM python:${PYTHON}
# SQLite writes sums that are larger than its memory to a file, for which there is no /tmp.
ENV PATH=/venv/bin:$PATH HOST=0.0.0.0 PORT=8000 DATA_DIR=/data SQLITE_TMPDIR=/data
# Group 0 is for platforms that choose the user themselves, as OpenShift does. A named volume takes
# over owner and mode; there is no VOLUME, which Railway refuses.
RUN install --directory --owner 10001 --group 0 --mode 0770 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:0
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
    CMD ["python", "-IS", "healthcheck.py"]
CMD ["python", "app.py"]
