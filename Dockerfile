# The gateway as an image: what the lock holds and no more, no pip, no root, nothing to write but /data. docs/deploy.md runs it.
#   docker run -p 8000:8000 -v orderbridge:/data -e ORDERBRIDGE_SIGNING_KEY=... IMAGE [serve | migrate | client create ...]
# It reads /data/orderbridge.toml; `docker run --read-only` is fine.

FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/orderbridge
RUN python -m venv --without-pip /srv/venv
COPY requirements.lock ./
RUN pip --disable-pip-version-check --python /srv/venv/bin/python install --no-cache-dir --require-hashes --no-deps \
    --only-binary :all: -r requirements.lock
COPY . .
RUN /srv/venv/bin/python .ci/link.py && /srv/venv/bin/python -m compileall -q app migrations

FROM python:3.11-slim-bookworm
RUN pip --disable-pip-version-check uninstall --yes --quiet setuptools wheel pip \
    && useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin orderbridge \
    && install -d -o orderbridge -g orderbridge /data
COPY --from=build /srv /srv
ENV PATH=/srv/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ORDERBRIDGE_CONFIG=/data/orderbridge.toml
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
ENTRYPOINT ["orderbridge"]
CMD ["serve", "--host", "0.0.0.0"]
