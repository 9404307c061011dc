"""`make dist`: writes the files of a release into dist/, for each processor that Rust can compile for here.

Usage: python infra/tools/dist [arm64|x86_64 ...]. Needs Python, Rust and `.local/tools`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import archives
import inventory
import licences
import local_bundle
import sbom
import source
import template

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DIST = ROOT / "dist"
BUILT = ROOT / "target" / "dist"
TRIPLES = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
PROGRAMS = ("bitrelay", "simulator")


def main(words: list[str]) -> int:
    """Builds the release for the processors, or for all that Rust can compile for. Returns the exit code."""
    if unknown := set(words) - TRIPLES.keys():
        print(f"error: a processor is arm64 or x86_64, not {', '.join(unknown)}", file=sys.stderr)
        return 2
    processors = words or [processor for processor in TRIPLES if can_compile_for(processor)]
    release = source.read(ROOT)
    print(f"bitrelay {release.release} for {' and '.join(processors)}", flush=True)
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    crates = inventory.crates(ROOT)
    notices = licences.write(release, crates)
    (DIST / f"bitrelay-{release.version}.cdx.json").write_bytes(sbom.write(release, crates))
    (DIST / f"bitrelay-{release.version}-licences.txt").write_bytes(notices)
    text = (ROOT / "template.yaml").read_text()
    packaged = template.package(text, release.version, release.release)
    (DIST / f"bitrelay-{release.version}.yaml").write_text(packaged)
    for processor in processors:
        built_for(processor, release, template.functions(text), notices)
    sums()
    return 0


def can_compile_for(processor: str) -> bool:
    """True if Rust's standard library for the processor is installed. Nothing is fetched."""
    words = ["rustc", "--print", "target-libdir", "--target", TRIPLES[processor]]
    folder = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    return any(Path(folder).glob("libstd-*"))


def built_for(processor: str, release: source.Source, names: list[str], notices: bytes) -> None:
    """Compiles for one processor, and writes its archives."""
    folder = BUILT / processor
    environment = os.environ | {
        "BITRELAY_RELEASE": release.release,
        "SOURCE_DATE_EPOCH": str(release.epoch),
    }
    subprocess.run([HERE / "compile.sh", folder, processor], check=True, env=environment)
    functions = {name: folder / "functions" / name / "bootstrap" for name in names}
    programs = {name: folder / "programs" / name / "bootstrap" for name in PROGRAMS}
    for name, path in functions.items():
        target = DIST / template.zip_name(name, release.version, processor)
        archives.write_zip(target, {"bootstrap": path}, release.epoch)
    command = {"bitrelay": programs["bitrelay"], "LICENSE": ROOT / "LICENSE", "licences.txt": notices}
    write_folder(f"bitrelay-{release.version}-linux-{processor}", command, release.epoch)
    bundle = local_bundle.files(release, functions, programs, processor)
    write_folder(f"bitrelay-local-{release.version}-{processor}", bundle | {"licences.txt": notices}, release.epoch)


def write_folder(name: str, files: dict[str, Path | bytes], epoch: int) -> None:
    """Writes a tar.gz file with one folder of its own name."""
    archives.write_tar(
        DIST / f"{name}.tar.gz", {f"{name}/{path}": content for path, content in files.items()}, epoch
    )


def sums() -> None:
    """Writes SHA256SUMS in the form of sha256sum, and prints each file with its size."""
    lines = []
    for path in sorted(DIST.iterdir()):
        lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
        print(f"{path.stat().st_size:>12,}  dist/{path.name}")
    (DIST / "SHA256SUMS").write_text("".join(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
