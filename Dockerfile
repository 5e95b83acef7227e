# The worker's image; `rewake dispatch` and `rewake topics create` run from it too. Every package by its hash.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/rewake
COPY requirements-worker.lock ./
RUN /opt/rewake/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-worker.lock
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY triggers triggers
COPY feeds feeds
COPY streams streams
RUN /opt/rewake/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/rewake rewake
COPY --from=build /opt/rewake /opt/rewake
ENV PATH=/opt/rewake/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    REWAKE_RULES=/etc/rewake/shops \
    REWAKE_PRODUCTS_STORE=/var/lib/rewake/products \
    REWAKE_HTTP_HOST=0.0.0.0 \
    REWAKE_HTTP_PORT=8080 \
    REWAKE_LOG_FORMAT=json
WORKDIR /var/lib/rewake
USER rewake
EXPOSE 8080
# ready: it owns its partitions and has read their rows. A restart of the group takes a while: hence the start period.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"REWAKE_HTTP_PORT\"]}/readyz', timeout=2)"]
ENTRYPOINT ["rewake"]
CMD ["worker"]
