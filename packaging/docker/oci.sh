#!/usr/bin/env bash
# An OCI image without a container engine: one layer with a static binary, from a
# toolchain with a musl target. Usage: oci.sh FOLDER [BINARY]
#
# Without BINARY it is built (`rustup target add x86_64-unknown-linux-musl`). Skopeo,
# buildah and podman read the folder: `podman run --rm oci:FOLDER check x.bpf.o`.
set -euo pipefail
out=${1:?folder}
cd "$(dirname "$0")/../.."
if [ $# -gt 1 ]; then
    binary=$2
else
    cargo build --release --locked --bin bpfassay --target x86_64-unknown-linux-musl
    binary=target/x86_64-unknown-linux-musl/release/bpfassay
fi
blobs=$out/blobs/sha256
mkdir -p "$blobs"
# put FILE: takes a blob in; its digest and size are what refers to it.
put() { digest=$(sha256sum "$1" | cut -d' ' -f1); size=$(stat -c %s "$1"); mv "$1" "$blobs/$digest"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
install -m 755 "$binary" "$work/bpfassay"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$work/layer.tar" bpfassay
diff=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
gzip -n9 "$work/layer.tar"
put "$work/layer.tar.gz"
layer="{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:$digest\",\"size\":$size}"
printf '{"architecture":"amd64","os":"linux","config":{"User":"65534:65534","Entrypoint":["/bpfassay"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$diff" > "$work/config"
put "$work/config"
config="{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:$digest\",\"size\":$size}"
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' "$config" "$layer" > "$work/manifest"
put "$work/manifest"
printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s}]}' "$digest" "$size" > "$out/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' > "$out/oci-layout"
echo "$out: sha256:$digest"
