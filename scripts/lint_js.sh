#!/bin/sh
# The scripts in assets/js, checked where Node is there: style and format (Biome), types (tsc) and
# unit tests (node --test). `fix` as the argument rewrites them in the project's style instead.
# The first run installs what scripts/js/package-lock.json pins; after that no network is needed.
set -eu
cd "$(dirname "$0")/.."
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "JavaScript is not checked: that needs node and npm on the PATH." >&2
    exit 0
fi
stamp=scripts/js/node_modules/.locked
if ! cmp -s scripts/js/package-lock.json "$stamp"; then
    (cd scripts/js && npm ci --silent)
    cp scripts/js/package-lock.json "$stamp"
fi
bin=scripts/js/node_modules/.bin
if [ "${1:-}" = fix ]; then
    exec "$bin/biome" check --write --log-level=error
fi
"$bin/biome" check --error-on-warnings --log-level=error
"$bin/tsc"
node --test --test-reporter=dot tests/js/*.test.js
