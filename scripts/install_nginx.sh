#!/bin/sh
# Install nginx and openssl for the tests behind nginx. Without permission, those tests are skipped.
set -eu
if command -v nginx >/dev/null && command -v openssl >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing nginx and openssl"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nginx-light openssl >/dev/null
    exit 0
fi
echo "Tests behind nginx are skipped: sudo apt-get install nginx openssl"
