# The program in an image of its own: docker build -t fragkit . && docker run --rm -v "$PWD:/media" fragkit list getmedia.mkv
FROM rust:1.95-slim-bookworm AS build
WORKDIR /fragkit
COPY Cargo.toml Cargo.lock README.md ./
COPY crates crates
COPY benches benches
COPY fuzz fuzz
RUN cargo build --release --locked --package fragkit-cli && strip target/release/fragkit

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin fragkit
COPY --from=build /fragkit/target/release/fragkit /usr/local/bin/fragkit
USER 10001
WORKDIR /media
ENTRYPOINT ["fragkit"]
CMD ["--help"]
