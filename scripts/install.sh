#!/bin/sh
# Installs what a requirements file pins: with uv, which takes half the time, or with pip where uv can't.
# Usage: install.sh PROGRAMS FILE
set -eu
bin=$1 file=$2
cd "$(dirname "$0")/.."
uv=$(mktemp)
trap 'rm -f "$uv"' EXIT
# Its pin with the hashes, which are on the lines that follow
sed -n '/^uv==/,/[^\\]$/p' requirements-dev.txt > "$uv"

"$bin/python" -m pip install --quiet --requirement "$uv" || true
# Preparing a model is a process that writes nothing, so it would compile its libraries each time
if "$bin/python" -m uv pip install --quiet --compile-bytecode --python "$bin/python" --requirement "$file"; then
    exit
fi
echo "uv couldn't install $file, so pip does it; that takes a few minutes"
"$bin/python" -m pip install --quiet --requirement "$file"
