# watcher in a container: how to run it stands in docs/docker.md. Two stages: only the finished
# environment comes into the image, no compiler and no source.
FROM python:3.13-slim-trixie AS build

WORKDIR /source
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/watcher
# The libraries first, in the versions that the tests ran with: a change of the code leaves this
# layer as it is.
COPY pyproject.toml requirements.lock ./
RUN python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; print(*project["dependencies"], *project["optional-dependencies"]["postgres"], sep="\n")' > needed \
    && /opt/watcher/bin/pip install --constraint requirements.lock --requirement needed
COPY README.md LICENSE ./
COPY watcher watcher
RUN /opt/watcher/bin/pip install --no-deps . \
    && /opt/watcher/bin/python -m compileall -q /opt/watcher/lib


FROM python:3.13-slim-trixie

# Thai names in pictures need FriBiDi, Chinese words and names a font; of that package's four files
# pictures use one. Debian keeps one version of a package only: none is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libfribidi0 fonts-noto-cjk \
    && find /usr/share/fonts/opentype/noto -type f ! -name NotoSansCJK-Regular.ttc -delete \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 watcher \
    && useradd --system --uid 10001 --gid watcher --home-dir /data --shell /usr/sbin/nologin watcher \
    && install --directory --owner watcher --group watcher --mode 700 /data
COPY --from=build /opt/watcher /opt/watcher

# Secrets are files, named as the rule file names them: /run/secrets/SLACK_URL for ${SLACK_URL}.
ENV PATH=/opt/watcher/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CREDENTIALS_DIRECTORY=/run/secrets \
    WATCHER_RULES=/etc/watcher/rules.yaml \
    WATCHER_DB=/data/watcher.db

USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
STOPSIGNAL SIGTERM
# The first minutes may go into a migration of the database.
HEALTHCHECK --interval=1m --timeout=15s --start-period=15m --retries=3 \
    CMD ["watcher", "health"]
ENTRYPOINT ["watcher"]
CMD ["run"]
