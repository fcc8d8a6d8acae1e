# The server as an image. Everything it needs at run time is in it: nothing is fetched later.
#   docker build -t segsam .
# Two stages: the toolchain builds, a slim Debian runs.

FROM swift:6.3-bookworm AS build
WORKDIR /src

# Debian packages and pinned wheels first: they change seldom, and stay in the cache of layers.
COPY bootstrap ./
COPY deps deps
RUN apt-get update && ./bootstrap && rm -rf /var/lib/apt/lists/*

# The same versions of Swift packages as here, where there is a Package.resolved.
COPY Package.swift Package.resolve[d] ./
COPY Sources Sources
RUN swift build -c release --product segsam --static-swift-stdlib \
  && install -D -m 755 .build/release/segsam /out/bin/segsam

COPY vocab /out/share/segsam/vocab
COPY prompts /out/share/segsam/prompts
COPY models /out/share/segsam/models
RUN cp -r .deps/openvino/libs /out/openvino \
  && install -D -m 644 -t /out/minilm .deps/minilm/model.safetensors .deps/minilm/vocab.txt

FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
    libzmq5 libsqlite3-0 libjson-c5 libpng16-16 libturbojpeg0 libniftiio2 libznz3 libdcmtk17 \
    libzip4 zlib1g \
    libstdc++6 libcurl4 libxml2 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --no-create-home --home-dir /var/cache/segsam segsam \
  && install -d -o segsam -m 700 /var/cache/segsam /var/lib/segsam

COPY --from=build /out /opt/segsam
ENV PATH=/opt/segsam/bin:/usr/local/bin:/usr/bin:/bin \
  SEGSAM_HOME=/opt/segsam/share/segsam \
  SEGSAM_OPENVINO_DIR=/opt/segsam/openvino \
  SEGSAM_MINILM_DIR=/opt/segsam/minilm \
  SEGSAM_CACHE_DIR=/var/cache/segsam \
  XDG_CACHE_HOME=/var/cache/segsam

USER 10001
WORKDIR /var/cache/segsam
STOPSIGNAL SIGTERM
# A heartbeat of the stream within five seconds: the program runs and its loop turns.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 \
  CMD ["segsam", "watch", "tcp://127.0.0.1:5556", "--topic", "heartbeat", "--count", "1", "--timeout", "5"]
ENTRYPOINT ["segsam"]
# Loopback unless told otherwise: compose.yaml opens it to an internal network.
CMD ["serve"]
