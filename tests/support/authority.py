"""A certificate authority of the tests' own, by openssl."""

from pathlib import Path

from tests.support.stack import run

DAYS = "30"  # more than those of the certificates that Caddy makes with it, of which some hold for a week


class Authority:
    """Its certificate is root.crt in `folder`; its key is root.key, which the users of containers can read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate, self.key = folder / "root.crt", folder / "root.key"
        made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(self.key))
        run("openssl", "req", "-x509", *made, "-out", str(self.certificate), "-days", DAYS, "-subj", "/CN=A test's")
        self.key.chmod(0o644)

    def issue(self, name: str, certificate: Path, key: Path) -> None:
        """Write a new key, and a certificate of it for the name of a host."""
        asked, extensions = self.folder / "asked.csr", self.folder / "extensions"
        extensions.write_text(f"subjectAltName=DNS:{name}\n", encoding="utf-8")
        made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key))
        run("openssl", "req", *made, "-out", str(asked), "-subj", f"/CN={name}")
        by = ("-CA", str(self.certificate), "-CAkey", str(self.key), "-CAcreateserial", "-extfile", str(extensions))
        run("openssl", "x509", "-req", "-in", str(asked), *by, "-days", DAYS, "-out", str(certificate))
