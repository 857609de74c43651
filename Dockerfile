# A local image around a binary built outside:
#
#   GOOS=linux GOARCH=amd64 make build && docker build --platform linux/amd64 .
#
# Official images are built by the release workflow, which has its own Dockerfile.

# Any base will do that has CA certificates: the binary is static.
ARG BASE=gcr.io/distroless/static-debian12:nonroot
FROM ${BASE}

# Filled in by the builder from --platform.
ARG TARGETOS
ARG TARGETARCH
COPY dist/${TARGETOS}_${TARGETARCH}/baton-privx /baton-privx

# By number, so that Kubernetes can check runAsNonRoot.
USER 65532:65532
ENTRYPOINT ["/baton-privx"]
