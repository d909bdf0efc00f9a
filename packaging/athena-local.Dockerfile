# athena-local as a container image. The context has the program for each platform:
#
#   mkdir -p context/amd64 && cp target/wheels/athena-local context/amd64      after scripts/wheel build
#   docker build --platform linux/amd64 --file packaging/athena-local.Dockerfile --tag athena-local context
#   docker run --rm athena-local demo
#
# A program that was built on a newer system than Debian 13 does not start in it.
FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home athena
ARG TARGETARCH
COPY --chmod=755 ${TARGETARCH}/athena-local /usr/local/bin/athena-local
USER athena
WORKDIR /home/athena
ENTRYPOINT ["athena-local"]
CMD ["--help"]
