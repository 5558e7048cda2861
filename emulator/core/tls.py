"""The emulator's own certificate authority, and the bundle of roots that makes clients trust it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import certifi
import trustme


@dataclass(frozen=True)
class TlsFiles:
    """PEM files. ``bundle`` holds certifi's roots and the emulator's, because ``SSL_CERT_FILE`` replaces all others."""

    certificate: Path
    key: Path
    bundle: Path


def prepare(directory: Path) -> TlsFiles:
    """The certificate authority kept in ``directory`` (made on first use), a fresh leaf for localhost, and the bundle.

    Private keys are readable by their owner only.
    """
    directory.mkdir(parents=True, exist_ok=True)
    ca_certificate, ca_key = directory / "ca.pem", directory / "ca-key.pem"
    if ca_certificate.exists() and ca_key.exists():
        ca = trustme.CA.from_pem(ca_certificate.read_bytes(), ca_key.read_bytes())
    else:
        ca = trustme.CA(organization_name="Rehearsal emulator, this computer only")
        write_private(ca_key, ca.private_key_pem.bytes())
        ca_certificate.write_bytes(ca.cert_pem.bytes())
    leaf = ca.issue_cert("localhost", "127.0.0.1", common_name="localhost")
    certificate, key, bundle = directory / "leaf.pem", directory / "leaf-key.pem", directory / "bundle.pem"
    write_private(key, leaf.private_key_pem.bytes())
    certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    bundle.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + ca.cert_pem.bytes())
    return TlsFiles(certificate, key, bundle)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
