"""The SBOM (CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/) of a release.

Made here and not by cargo-cyclonedx: that takes minutes to compile, writes a file beside each of the workspace's twenty
manifests, and puts a random serial number into each. Here one file names the artefacts that contain each crate.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any
from urllib.parse import quote

from inventory import Crate
from source import Source

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "bitrelay")


def purl(name: str, version: str) -> str:
    """Returns the package URL of a crate (https://github.com/package-url/purl-spec)."""
    return f"pkg:cargo/{name}@{quote(version, safe='.-')}"


def write(source: Source, crates: list[Crate]) -> bytes:
    """Returns the document as JSON."""
    root = f"bitrelay@{source.version}"
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, source.release)}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(source.epoch)),
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "bitrelay",
                "version": source.version,
                "licenses": [{"expression": "Apache-2.0"}],
                "properties": [{"name": "bitrelay:release", "value": source.release}],
            },
        },
        "components": [_component(crate) for crate in crates],
        "dependencies": [
            {"ref": root, "dependsOn": [purl(crate.name, crate.version) for crate in crates if not crate.checksum]},
            *(
                {"ref": purl(crate.name, crate.version), "dependsOn": [purl(*key) for key in crate.needs]}
                for crate in crates
            ),
        ],
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def _component(crate: Crate) -> dict[str, Any]:
    reference = purl(crate.name, crate.version)
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": reference,
        "name": crate.name,
        "version": crate.version,
        "purl": reference,
        "licenses": [{"expression": crate.licence}],
        "properties": [{"name": "bitrelay:artefact", "value": name} for name in crate.artefacts],
    }
    if crate.checksum:
        component["hashes"] = [{"alg": "SHA-256", "content": crate.checksum}]
    if crate.repository:
        component["externalReferences"] = [{"type": "vcs", "url": crate.repository}]
    return component
