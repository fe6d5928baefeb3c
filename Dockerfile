# The bot as a container: docs/operation.md says how to run it, compose.yaml runs it.
#
# Two stages: what is needed to install stays in the first one. Every package is of the version, and has the hash, that
# deploy/requirements.lock names (`make lock` writes it). Whoever wants the base image to the byte, too, puts
# its digest behind the name: python:3.13-slim-trixie@sha256:...
FROM python:3.13-slim-trixie AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/bot
WORKDIR /src
COPY deploy/requirements.lock deploy/
RUN /opt/bot/bin/pip install --require-hashes --only-binary :all: -r deploy/requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY chatbot chatbot
COPY trading trading
COPY storage storage
RUN /opt/bot/bin/pip install --no-deps --no-build-isolation . \
    && /opt/bot/bin/pip uninstall --yes setuptools pip


FROM python:3.13-slim-trixie

LABEL org.opencontainers.image.title="kalshi-chatops" \
      org.opencontainers.image.description="A trading bot for the Kalshi prediction exchange that you run from your phone" \
      org.opencontainers.image.licenses="MIT"

# 1000 is who most people are on their own machine; compose.yaml takes another one.
RUN groupadd --gid 1000 bot \
    && useradd --uid 1000 --gid bot --no-create-home --home-dir /config --shell /usr/sbin/nologin bot \
    && install --directory --owner=bot --group=bot --mode=700 /config /data
COPY --from=build /opt/bot /opt/bot

# What stands here wins over /config/.env, so that data never lands in the container itself.
ENV PATH=/opt/bot/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/config DATA_DIR=/data

# .env, the key and the strategies' file are read in /config; all that is written is in /data and /tmp.
USER 1000:1000
WORKDIR /config
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s --retries=3 CMD ["kalshi-chatops", "health"]
ENTRYPOINT ["kalshi-chatops"]
CMD ["run", "--no-terminal"]
