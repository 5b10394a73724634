"""The platforms that the settings know, each recognised by a variable that it sets itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Platform:
    """The differences of a platform from a server of one's own.

    Timeouts of Heroku's router are in gunicorn.conf.py: they hold everywhere.
    """

    trusted_proxies: int = 0  # in front of every process; the default of TRUSTED_PROXIES
    keeps_disk: bool = True  # False: a process starts with a fresh disk
    redis_is_self_signed: bool = False

    def adapt_redis_url(self, url: str) -> str:
        """REDIS_URL without a check of the certificate, unless the URL itself asks for one."""
        if not self.redis_is_self_signed:
            return url
        if not url.startswith("rediss://") or "ssl_cert_reqs=" in url:
            return url
        return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=none"


OWN_SERVER = Platform()
HEROKU = Platform(trusted_proxies=1, keeps_disk=False, redis_is_self_signed=True)


def detect_platform(environ: Mapping[str, str]) -> Platform:
    """The platform that this environment is of."""
    return HEROKU if environ.get("DYNO") else OWN_SERVER
