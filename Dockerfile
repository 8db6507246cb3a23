# syntax=docker/dockerfile:1
# Drover in a container: no shell, no other program, nobody's rights. Data and keys are in the volume /data.
FROM node:24-bookworm-slim AS assets
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-fund --no-audit
COPY static static
COPY views views
RUN npm run --silent build

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=assets /src/static/dist static/dist
ARG VERSION=unknown
ARG COMMIT=unknown
ARG DATE=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT -X main.committed=$DATE" -o /out/drover ./cmd/server \
 && mkdir -p /out/data && chmod 0700 /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/drover /drover
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV DROVER_DATA=/data DROVER_ADDR=:8080
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s --retries=3 CMD ["/drover", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/drover"]
CMD ["serve"]
