# Built twice over: the first stage has what builds, the second only what runs.
FROM python:3.11-slim AS build

WORKDIR /src
RUN python -m venv /opt/sugu
ENV PATH="/opt/sugu/bin:$PATH" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

# The lock first: it changes less often than the code, and its layer is kept.
COPY requirements.txt ./
RUN pip install --no-deps --require-hashes --only-binary :all: -r requirements.txt

COPY pyproject.toml README.md LICENSE ./
COPY locales locales
COPY migrations migrations
COPY service service
RUN pip install --no-deps --no-build-isolation . && python -m compileall -q /opt/sugu/lib


FROM python:3.11-slim

RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin sugu \
    && install -d -o sugu -g sugu /data

# `sugu backup` and `sugu restore` call PostgreSQL's own tools: version 17 in Debian 13, as compose.yaml.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*

COPY --from=build /opt/sugu /opt/sugu

ENV PATH="/opt/sugu/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SUGU_DATABASE_URL=sqlite:////data/sugu.db \
    SUGU_BIND_HOST=0.0.0.0

# Nothing outside /data (and a /tmp in memory) is ever written: `docker run --read-only` works.
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["sugu", "serve"]
