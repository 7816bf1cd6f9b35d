"""Reads this machine's settings (Debian mirror, certificates, proxies, pip, npm, Go); it keeps none of them."""

import json
import os
import re
from pathlib import Path

from ops.console import OpsError, capture

OS_RELEASE = Path("/etc/os-release")
APT_DIRECTORY = Path("/etc/apt")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


Source = tuple[str, list[str]]
"""A package source: its address and its suites."""


def os_release() -> dict[str, str]:
    """Fields of /etc/os-release; empty on a system without it."""
    if not OS_RELEASE.exists():
        return {}
    pairs = (line.split("=", 1) for line in OS_RELEASE.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {key: value.strip().strip('"') for key, value in pairs}


def is_debian() -> bool:
    return os_release().get("ID") == "debian"


def is_root() -> bool:
    return os.geteuid() == 0


def apt_sources() -> list[Source]:
    """Every binary source that apt is set up with, from one-line and deb822 files."""
    files = [APT_DIRECTORY / "sources.list", *sorted((APT_DIRECTORY / "sources.list.d").glob("*"))]
    found: list[Source] = []
    for file in files:
        if file.suffix == ".sources":
            found += _deb822(file.read_text(encoding="utf-8"))
        elif file.suffix == ".list" and file.exists():
            found += _one_line(file.read_text(encoding="utf-8"))
    return found


def _deb822(text: str) -> list[Source]:
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = {
            key.strip().lower(): value.strip()
            for key, _, value in (line.partition(":") for line in stanza.splitlines() if not line.startswith("#"))
        }
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            suites = fields.get("suites", "").split()
            found += [(uri, suites) for uri in fields.get("uris", "").split()]
    return found


def _one_line(text: str) -> list[Source]:
    found = re.findall(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)", text, re.MULTILINE)
    return [(uri, [suite]) for uri, suite in found]


def debian_mirror() -> str:
    """The mirror of Debian's own archive that this machine uses.

    A machine may list third parties too: the right one is the source whose suites name the machine's release.
    """
    codename = os_release().get("VERSION_CODENAME", "")
    for uri, suites in apt_sources():
        if codename and codename in suites:
            return uri.rstrip("/")
    raise OpsError(
        f"No package mirror: no source under {APT_DIRECTORY} names the release {codename or '(unknown)'!r}; "
        "expected Debian's own archive there. Put it back, run `apt-get update` and try again."
    )


def debian_security_mirror() -> str | None:
    codename = os_release().get("VERSION_CODENAME", "")
    return next((uri.rstrip("/") for uri, suites in apt_sources() if f"{codename}-security" in suites), None)


def debian_source(uri: str, suites: str) -> str:
    """Of Debian's own archive, as apt reads it; its keyring has the keys of the newest releases too."""
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    return f"Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\nSigned-By: {keyring}\n"


def ca_bundle() -> Path | None:
    """The certificates that this machine trusts, its own additions included."""
    named = os.environ.get("SSL_CERT_FILE", "")
    return next((path for path in (Path(named), CA_BUNDLE) if str(path) != "." and path.is_file()), None)


def proxies() -> dict[str, str]:
    return {name: os.environ[name] for name in PROXY_VARIABLES if os.environ.get(name)}


def pip_configuration() -> str:
    """A pip.conf with the index settings that pip has on this machine, whatever file or variable they come from."""
    wanted = ("index-url", "extra-index-url", "trusted-host", "proxy", "default-timeout", "timeout")
    settings: dict[str, str] = {}
    for file in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"):
        if file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                key, _, value = line.partition("=")
                if key.strip() in wanted:
                    settings[key.strip()] = value.strip()
    for key in wanted:
        named = os.environ.get(f"PIP_{key.upper().replace('-', '_')}")
        if named:
            settings[key] = named
    return "[global]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())


def npm_configuration() -> str:
    """An npmrc with where npm gets packages from on this machine, whatever file or variable says so."""
    wanted = re.compile(r"(@[\w.-]+:)?registry\s*=|//|(https-)?proxy\s*=|noproxy\s*=|strict-ssl\s*=")
    lines: list[str] = []
    for file in (Path("/etc/npmrc"), Path("/usr/etc/npmrc"), Path.home() / ".npmrc"):
        if file.is_file():
            lines += [line for line in file.read_text(encoding="utf-8").splitlines() if wanted.match(line.strip())]
    lines += [f"registry={value}" for name, value in os.environ.items() if name.lower() == "npm_config_registry"]
    return "".join(f"{line}\n" for line in lines)


def go_environment() -> dict[str, str]:
    """GOPROXY, GONOSUMDB and their like where this machine sets them; empty means Go's own defaults."""
    names = ("GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE", "GONOPROXY")
    settings = {name: os.environ[name] for name in names if os.environ.get(name)}
    changed = capture(["go", "env", "-json", "-changed"], timeout=20)
    if changed.returncode == 0 and changed.stdout.strip():
        values: dict[str, str] = json.loads(changed.stdout)
        settings.update({name: values[name] for name in names if values.get(name)})
    return settings


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
