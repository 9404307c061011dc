"""Archives with the same bytes on each run: sorted entries, one time, no owners."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import zipfile
from pathlib import Path

LEVEL = 9
EXECUTABLE = 0o755
READABLE = 0o644
LINUX = 3


def mode_of(path: Path) -> int:
    """Returns the permissions of an entry, whatever the umask was."""
    return EXECUTABLE if path.stat().st_mode & 0o100 else READABLE


def write_zip(target: Path, files: dict[str, Path], epoch: int) -> None:
    """Writes a zip file. `files` has the path of each entry inside the archive."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, time.gmtime(epoch)[:6])
            entry.create_system = LINUX
            entry.external_attr = (0o100000 | mode_of(path)) << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, LEVEL)


def write_tar(target: Path, files: dict[str, Path | bytes], epoch: int) -> None:
    """Writes a tar.gz file. `files` has the path of each entry inside the archive; bytes are a file's contents."""
    with (
        target.open("wb") as file,
        # Without a name and a time in its head.
        gzip.GzipFile("", "wb", LEVEL, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.mtime = epoch
            entry.mode = READABLE if isinstance(content, bytes) else mode_of(content)
            data = content if isinstance(content, bytes) else content.read_bytes()
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
