# xtrace-catch, xtrace-exporter, and pwsh with the module. 'make docker-build' builds it, and docker-compose.yml says what it may do.

# This stage is of the image's architecture; only .NET's runtime is taken from it.
FROM mcr.microsoft.com/dotnet/sdk:10.0.401-noble AS runtime
FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0.401-noble AS sdk

# The SDK is copied into Debian, whose clang is the one that the BPF programs are tested with. It builds for each architecture on its own.
FROM --platform=$BUILDPLATFORM debian:bookworm-20260824-slim AS build
ENV PATH=/usr/share/dotnet:$PATH \
    DOTNET_CLI_TELEMETRY_OPTOUT=1 \
    DOTNET_NOLOGO=1 \
    DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
COPY --from=sdk /usr/share/dotnet /usr/share/dotnet
WORKDIR /src
COPY deps.sh ./
# Debian keeps no old versions in its archive: packages that are pinned here could not be had next month.
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ca-certificates make \
    && ./deps.sh build

# What seldom changes: the .NET runtime, and PowerShell in the version of the tool manifest.
COPY .config/dotnet-tools.json .config/
RUN version=$(sed -n 's/.*"version": "\([0-9.]*\)".*/\1/p' .config/dotnet-tools.json) \
    && dotnet tool install powershell --version "$version" --tool-path /tmp/tools \
    && mkdir -p /platform/usr/local/bin /platform/opt \
    && ln -s /usr/share/dotnet/dotnet /platform/usr/local/bin/dotnet \
    && cp -a /tmp/tools/.store/powershell/*/powershell/*/tools/net*/any/unix /platform/opt/powershell \
    && mv /platform/opt/powershell/runtimes /tmp/runtimes \
    && mkdir /platform/opt/powershell/runtimes \
    && cp -a /tmp/runtimes/unix /tmp/runtimes/linux* /platform/opt/powershell/runtimes/

COPY --from=runtime /usr/share/dotnet/dotnet /usr/share/dotnet/LICENSE.txt /usr/share/dotnet/ThirdPartyNotices.txt /platform/usr/share/dotnet/
COPY --from=runtime /usr/share/dotnet/host /platform/usr/share/dotnet/host
COPY --from=runtime /usr/share/dotnet/shared/Microsoft.NETCore.App /platform/usr/share/dotnet/shared/Microsoft.NETCore.App

COPY . .
ARG TARGETARCH
RUN make install ARCH="$TARGETARCH" PREFIX=/usr/local DESTDIR=/xtrace \
    && install -D -m 0755 -t /xtrace/usr/local/bin container/entrypoint container/health container/pwsh \
    && install -D -m 0644 -t /xtrace/opt/powershell container/profile.ps1 \
    && install -D -m 0644 -t /xtrace/usr/share/doc/xtrace LICENSE README.md

FROM debian:bookworm-20260824-slim
# 'rights' is what hands capabilities to the image's user: see container/entrypoint. As 'permitted' they may be missing: a file that
# must have them does not even start where the engine grants none, and so it is with ping.
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ca-certificates curl iputils-ping libbpf1 libcap2-bin libstdc++6 tzdata wget \
    && groupadd --gid 10001 xtrace \
    && useradd --uid 10001 --gid xtrace --create-home --shell /usr/local/bin/pwsh xtrace \
    && install -D -m 0750 -g xtrace /usr/bin/setpriv /usr/local/libexec/xtrace/rights \
    && setcap cap_bpf,cap_perfmon,cap_net_admin,cap_sys_admin=p /usr/local/libexec/xtrace/rights \
    && setcap cap_net_raw=p /usr/bin/ping \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*
COPY --from=build /platform /
COPY --from=build /xtrace /

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="XTrace" \
      org.opencontainers.image.description="Watches network flows in the Linux kernel with eBPF and reads RDMA hardware counters, as lines and as PowerShell objects" \
      org.opencontainers.image.licenses="GPL-2.0-only" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
ENV DOTNET_EnableDiagnostics=0 \
    DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \
    LANG=C.UTF-8 \
    POWERSHELL_TELEMETRY_OPTOUT=1 \
    POWERSHELL_UPDATECHECK=Off
USER xtrace
WORKDIR /home/xtrace
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 CMD ["entrypoint", "health"]
ENTRYPOINT ["entrypoint"]
