# SPDX-License-Identifier: Apache-2.0
"""An arm64 Debian Trixie root by extraction alone, and its Python compiled by the host.

No program of the root runs while it is made, so nothing is emulated; what the packages' scripts
would have done, as far as it matters here, `configuration` does by hand.
"""

import platform
import re
import tempfile
from pathlib import Path

from system.emulated.cache import key, made, run

ARCHITECTURE = "arm64"
SUITES = "trixie trixie-backports"
_SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
_DEBIANS = """\
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
# Those of a small system, then what picamera2 imports that Debian has.
_PACKAGES = Path(__file__).with_name("packages.txt")
# libcamera 0.4 of Trixie itself cannot run the virtual pipeline; 0.7 of its backports can.
_PIN = "Package: *libcamera*\\nPin: release n=trixie-backports\\nPin-Priority: 900\\n"
# Manuals, and the software renderer that libcamera's unused image processor would load: 180 MB.
_LEFT_OUT = (
    *("usr/share/man", "usr/share/doc", "usr/share/locale", "usr/lib/*/libLLVM*"),
    *("usr/lib/*/libgallium*", "usr/lib/*/libz3.so*", "usr/lib/*/dri"),
)
# The host's own build of the root's Python: byte code is the same on every processor.
_PYTHON = (
    *("python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib"),
    *("libc6", "zlib1g", "libexpat1", "libssl3t64"),
)


def root() -> Path:
    """A folder with `root`, extracted and no more, and `python`, its Python for this host."""
    return made("root", key(Path(__file__), _PACKAGES), _extract)


def kernel_version(tree: Path) -> str:
    """The version of the kernel in a root."""
    return next((tree / "usr/lib/modules").iterdir()).name


def _sources() -> str:
    """This host's own mirror, asked for Trixie."""
    entries = _SOURCES.read_text().split("\n\n") if _SOURCES.exists() else [_DEBIANS]
    entry = next(one for one in entries if "security" not in one)
    return re.sub("^Suites:.*", f"Suites: {SUITES}", entry, flags=re.MULTILINE) + "\n"


def _extract(folder: Path) -> None:
    sources = folder / "trixie.sources"
    sources.write_text(_sources())
    sources.chmod(0o644)
    preferences = f'mkdir -p "$1/etc/apt/preferences.d"; printf "{_PIN}" >'
    run(
        "mmdebstrap",
        "--mode=root",
        "--variant=extract",
        f"--arch={ARCHITECTURE}",
        "--skip=check/qemu,cleanup/tmp",
        f'--setup-hook={preferences} "$1/etc/apt/preferences.d/libcamera"',
        "--include=" + ",".join(_PACKAGES.read_text().split()),
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=APT::Install-Recommends "false"',
        "trixie",
        folder / "root",
        sources,
    )
    # Not by dpkg's path-exclude, which would start a filter for each of 200 packages.
    for glob in _LEFT_OUT:
        run("rm", "-rf", *(folder / "root").glob(glob))
    run("depmod", "-b", folder / "root", kernel_version(folder / "root"))
    _fetch_python(folder, sources)


def _fetch_python(folder: Path, sources: Path) -> None:
    """Trixie's Python for the host's processor, out of its packages."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for place in ("lists/partial", "archives/partial"):
            (scratch / place).mkdir(parents=True)
        (scratch / "status").touch()
        own = run("dpkg", "--print-architecture").strip()
        options = (
            f"Dir::State={scratch}",
            f"Dir::State::lists={scratch}/lists",
            f"Dir::State::status={scratch}/status",
            f"Dir::Cache={scratch}",
            f"Dir::Etc::sourcelist={sources}",
            "Dir::Etc::sourceparts=-",
            f"APT::Architecture={own}",
            f"APT::Architectures={own}",
            "APT::Sandbox::User=root",
        )
        apt = ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]
        run(*apt, "update")
        run(*apt, "install", "--download-only", "--no-install-recommends", "-y", *_PYTHON)
        for package in (scratch / "archives").glob("*.deb"):
            run("dpkg-deb", "-x", package, folder / "python")


def compile_python(tree: Path) -> None:
    """Put byte code beside every module of a root, as the packages' scripts would have."""
    own = root() / "python"
    libraries = own / f"usr/lib/{platform.machine()}-linux-gnu"
    run(
        *("env", f"PYTHONHOME={own}/usr", next(libraries.glob("ld-linux-*"))),
        *("--library-path", libraries, own / "usr/bin/python3.13"),
        *("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-x", "/(tests?|idlelib|lib2to3|turtledemo|testing)/"),
        *("-s", tree, "-p", "/"),
        *(tree / "usr/lib/python3.13", tree / "usr/lib/python3"),
    )
