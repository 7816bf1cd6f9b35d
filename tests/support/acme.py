"""Let's Encrypt's place: Pebble, an ACME server of its makers, under the name and path that ACME clients have of it.

Two services for the overlay of a Compose project, on the network by which its gateway gets out. Pebble looks for the
gateway at port 8443, to which the engine passes the published 443 on, and for a check by HTTP where nobody listens.
"""

import json
from pathlib import Path
from typing import Any

import requests

from tests.support import parts, stack
from tests.support.authority import Authority
from tests.support.ports import free_port

NAME = "acme-v02.api.letsencrypt.org"
MANAGEMENT = "localhost"
PEBBLE = {
    "listenAddress": "0.0.0.0:14000",
    "managementListenAddress": "0.0.0.0:15000",
    "certificate": "/etc/acme/management.crt",
    "privateKey": "/etc/acme/management.key",
    "httpPort": 1,
    "tlsPort": 8443,
    "certificateValidityPeriod": 90 * 86400,
}
DIRECTORY = """
defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend directory
  bind :443 ssl crt /etc/acme/directory.pem
  http-request set-path /dir if { path /directory }
  default_backend pebble
backend pebble
  server pebble pebble:14000 ssl verify none
"""


class Acme:
    """Whoever trusts the authority takes it for Let's Encrypt; `folder` is for its files."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._folder, self._authority, self._port = folder, authority, free_port()
        for name, host in (("management", MANAGEMENT), ("directory", NAME)):
            certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
            authority.issue(host, certificate, key)
            both = certificate.read_text(encoding="utf-8") + key.read_text(encoding="utf-8")
            (folder / f"{name}.pem").write_text(both, encoding="utf-8")
        (folder / "pebble.json").write_text(json.dumps({"pebble": PEBBLE}), encoding="utf-8")
        (folder / "directory.cfg").write_text(DIRECTORY, encoding="utf-8")
        for each in folder.iterdir():
            each.chmod(0o644)  # the programs in the containers are other users

    def services(self) -> dict[str, Any]:
        """By name, in Compose's form."""
        proxy = json.loads(stack.compose("config", "--format", "json"))["services"]["socket-proxy"]["image"]
        files = [f"{self._folder}:/etc/acme:ro"]
        common = {"volumes": files, "mem_limit": "128m", "pull_policy": "never"}
        return {
            "pebble": {
                **common,
                "image": parts.image("pebble"),
                "environment": {"PEBBLE_VA_NOSLEEP": "1"},
                "networks": ["egress"],
                "ports": [f"127.0.0.1:{self._port}:15000"],
            },
            "letsencrypt": {
                **common,
                "image": proxy,
                "user": "65534:65534",
                "depends_on": ["pebble"],
                "networks": {"egress": {"aliases": [NAME]}},
                "entrypoint": ["haproxy", "-db", "-f", "/etc/acme/directory.cfg"],
            },
        }

    def root(self) -> str:
        """The certificate that a browser would have of it; another one after each start."""
        url = f"https://{MANAGEMENT}:{self._port}/roots/0"
        answer = requests.get(url, verify=str(self._authority.certificate), timeout=10)
        answer.raise_for_status()
        return answer.text
