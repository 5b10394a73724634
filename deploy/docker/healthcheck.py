"""Does the server in this container answer? For HEALTHCHECK, as a slim image has no curl."""

import os
import sys
import urllib.request

ADDRESS = f"http://127.0.0.1:{os.environ.get('PORT') or 8050}/healthz"

try:
    urllib.request.urlopen(ADDRESS, timeout=4).close()
except OSError as error:
    sys.exit(f"{ADDRESS}: {error}")
