#!/bin/sh
# Install Chromium and its driver for the browser tests. Without permission, print how to.
set -eu
driver=$(command -v chromedriver || true)
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -n "$driver" ] && [ -n "$browser" ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing chromium and chromium-driver"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null
    # The same without windows and menus is quicker; not every release of Debian has it
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium-headless-shell >/dev/null 2>&1 ||
        true
    exit 0
fi
echo "The browser tests need Chromium and ChromeDriver on the PATH." >&2
echo "  Debian, Ubuntu: sudo apt-get install chromium chromium-driver" >&2
echo "  macOS:          brew install --cask chromium && brew install chromedriver" >&2
exit 1
