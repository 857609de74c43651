# A local image around a binary built outside: make image.
#
# Official images are built by the release workflow, which has its own Dockerfile.

# Any base will do that has CA certificates and a /tmp for everyone: the binary
# is static.
ARG BASE=gcr.io/distroless/static-debian12:nonroot
FROM ${BASE}

# Filled in by the builder from --platform.
ARG TARGETOS
ARG TARGETARCH
# With a mode of its own, as a strict umask would leave it to root alone.
COPY --chmod=0755 dist/${TARGETOS}_${TARGETARCH}/baton-privx /baton-privx
# What the licences of its parts want passed on with a binary.
COPY --chmod=0644 LICENSE NOTICE THIRD_PARTY_LICENSES /licenses/

# The base's may be closed to all users but its own, and the container may be run
# as any user.
WORKDIR /
# By number, so that Kubernetes can check runAsNonRoot.
USER 65532:65532
ENTRYPOINT ["/baton-privx"]
