#!/bin/sh
# Install a Java runtime for the tests of Spark. Without permission, those tests are skipped.
set -eu
if command -v java >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing default-jre-headless"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq default-jre-headless >/dev/null
    exit 0
fi
echo "The tests of Spark are skipped: they need Java 17 or newer on the PATH." >&2
echo "  Debian, Ubuntu: sudo apt-get install default-jre-headless" >&2
