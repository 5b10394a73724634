"""Real nginx for tests: the very site of ``deploy/server``, on ports of loopback."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from tests.support.serving import free_port, wait_until
from webapp.settings import ROOT

SITE = ROOT / "deploy" / "server" / "nginx.conf"
MISSING = [name for name in ("nginx", "openssl") if shutil.which(name) is None]
needs_nginx = pytest.mark.skipif(
    bool(MISSING), reason=f"apt-get install {' '.join(MISSING)}: it is not on this machine"
)


@dataclass(frozen=True)
class Nginx:
    """A running nginx: its two ports, and the folder with its logs."""

    http: int
    https: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """A line for each request."""
        return (self.folder / "access.log").read_text()

    def connect(self, client: str = "127.0.0.1", timeout: float = 30) -> HTTPSConnection:
        """A connection from one of loopback's addresses; whoever made the certificate is us."""
        return HTTPSConnection(
            "127.0.0.1",
            self.https,
            timeout=timeout,
            context=_trusting(),
            source_address=(client, 0),
        )

    def plain(self) -> HTTPConnection:
        """A connection without TLS."""
        return HTTPConnection("127.0.0.1", self.http, timeout=30)

    def use(self, ports: Sequence[int]) -> None:
        """Ask these processes from now on; requests at work are finished first."""
        site = self.folder / "site.conf"
        site.write_text(re.sub(_UPSTREAM, _servers(ports), site.read_text()))
        subprocess.run([*_command(self.folder), "-s", "reload"], check=True, capture_output=True)


_UPSTREAM = r"(?m)(^    server 127\.0\.0\.1:\d+ [^\n]*\n)+"


def _servers(ports: Sequence[int]) -> str:
    return "".join(f"    server 127.0.0.1:{p} max_fails=1 fail_timeout=5s;\n" for p in ports)


def render(site: str, folder: Path, ports: Sequence[int], http: int, https: int) -> str:
    """The site with this machine's ports and paths in place of a server's."""
    replacements = {
        "    server 127.0.0.1:8050 max_fails=1 fail_timeout=5s;\n": _servers(ports),
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl http2;\n": "",
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl": f"listen 127.0.0.1:{https} ssl",
        "/etc/letsencrypt/live/everycase.example/fullchain.pem": f"{folder}/cert.pem",
        "/etc/letsencrypt/live/everycase.example/privkey.pem": f"{folder}/key.pem",
        "/var/cache/nginx-everycase": f"{folder}/cache",
        "/var/log/nginx/everycase.log": f"{folder}/access.log",
    }
    for words, ours in replacements.items():
        assert words in site, words
        site = site.replace(words, ours)
    return site


@contextmanager
def running(folder: Path, ports: Sequence[int]) -> Iterator[Nginx]:
    """Nginx in front of processes at these ports, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    http, https = free_port(), free_port()
    _certify(folder)
    (folder / "nginx.conf").write_text(_main(folder))
    (folder / "site.conf").write_text(render(SITE.read_text(), folder, ports, http, https))
    command = _command(folder)
    check = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr
    process = subprocess.Popen([*command, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    nginx = Nginx(http, https, folder, process)
    try:
        wait_until(lambda: _listens(nginx), 20, f"nginx listens, see {folder}/error.log")
        yield nginx
    finally:
        process.terminate()
        process.wait(20)


def _listens(nginx: Nginx) -> bool:
    try:
        connection = nginx.connect()
        connection.connect()
        connection.close()
    except OSError:
        return False
    return True


def _command(folder: Path) -> list[str]:
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "error.log"]


def _main(folder: Path) -> str:
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"    {name}_temp_path {folder}/{name};\n" for name in places)
    user = "user root;\n" if os.geteuid() == 0 else ""  # a folder of tests is its owner's alone
    return (
        f"{user}worker_processes 2;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
        "events { worker_connections 512; }\n"
        f"http {{\n{temporary}    include {folder}/site.conf;\n}}\n"
    )


def _certify(folder: Path) -> None:
    """A certificate for 127.0.0.1 that we sign ourselves."""
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
    subprocess.run(["openssl", *words.split(), *names, *files], check=True, capture_output=True)


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
