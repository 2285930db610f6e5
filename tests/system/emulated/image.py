# SPDX-License-Identifier: Apache-2.0
"""The disk of the emulated Pi as a person would hand it over: Debian, sshd, picamera2, a camera.

Passerby is not on it: that is installed over SSH. What the camera shows lies in /srv/frames.
"""

import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from system.emulated import debian, packages
from system.emulated.cache import folder, key, made, run
from system.emulated.initrd import make_initrd
from system.machine import ROOT

HERE = Path(__file__).parent
_GUEST = HERE / "guest"
_STAND_INS = HERE.parent / "picamera2" / "stand_ins"
DOORWAY = ROOT / "tests" / "data" / "doorway.zip"
_SIZE = "2600M"
# Two people, long enough for a visit, and then nobody, long enough to end it. The virtual camera
# keeps all of them in the daemon's memory.
SHOWN = ("000210",) * 5 + ("000000",) * 5
_FOLDERS = (
    "opt",
    "mnt",
    "srv",
    "home",
    "root",
    "usr/local/bin",
    "usr/local/lib",
    "var/lib",
    "var/log",
)
_PAM = {
    "common-auth": "auth required pam_unix.so nullok\n",
    "common-account": "account required pam_unix.so\n",
    "common-password": "password required pam_unix.so\n",
    "common-session": "session required pam_unix.so\n",
    "common-session-noninteractive": "session required pam_unix.so\n",
}
# Jobs of a first boot that the image has done, and others that mean nothing here.
_MASKED = HERE / "masked.txt"


@dataclass(frozen=True, slots=True)
class Image:
    """A disk with the kernel that boots it and the key that opens its sshd."""

    disk: Path
    kernel: Path
    initrd: Path
    key: Path


def image() -> Image:
    """The image, built where it is not in the cache yet."""
    parts = (Path(debian.__file__), Path(packages.__file__), Path(__file__), _GUEST, _STAND_INS)
    path = made("image", key(*parts, DOORWAY, _MASKED, HERE / "initrd.py"), _make)
    return Image(path / "disk.qcow2", path / "vmlinuz", path / "initrd", path / "key")


def _make(target: Path) -> None:
    extracted, modules = debian.root() / "root", packages.site_packages()
    with tempfile.TemporaryDirectory(dir=folder(), prefix="scratch-") as scratch:
        tree = Path(scratch) / "root"
        run("cp", "-a", extracted, tree)
        version = debian.kernel_version(tree)
        shutil.move(tree / "boot" / f"vmlinuz-{version}", target / "vmlinuz")
        make_initrd(tree, target / "initrd", Path(scratch) / "initrd")
        dist = tree / "usr/lib/python3/dist-packages"
        shutil.copytree(modules, dist, dirs_exist_ok=True)
        _configure(tree)
        _add_camera(tree, dist)
        debian.compile_python(tree)
        _add_keys(tree, target / "key")
        run("chown", "-R", "0:0", tree / "etc", tree / "root", tree / "srv", dist)
        raw = Path(scratch) / "disk"
        run("mkfs.ext4", "-q", "-m", "0", "-L", "root", "-d", tree, raw, _SIZE)
        run("qemu-img", "convert", "-O", "qcow2", raw, target / "disk.qcow2")


def _configure(tree: Path) -> None:
    """What the packages' scripts would have done."""
    for name in ("passwd", "group"):
        shutil.copy(tree / f"usr/share/base-passwd/{name}.master", tree / "etc" / name)
    (tree / "etc/shadow").write_text("root:*:20000:0:99999:7:::\n")
    (tree / "etc/shadow").chmod(0o640)
    run("systemd-sysusers", f"--root={tree}")
    for name, text in _PAM.items():
        (tree / "etc/pam.d" / name).write_text(text)
    for name, real in (("awk", "mawk"), ("sh", "bash")):
        (tree / "usr/bin" / name).symlink_to(real)
    shutil.copy(tree / "usr/share/openssh/sshd_config", tree / "etc/ssh/sshd_config")
    shutil.copy(tree / "usr/share/libc-bin/nsswitch.conf", tree / "etc/nsswitch.conf")
    (tree / "etc/environment").touch()
    certificates = sorted((tree / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    bundle = tree / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_text("".join(one.read_text() for one in certificates))  # pip starts with it
    libraries = tree / "usr/lib/aarch64-linux-gnu"
    for name in ("blas/libblas.so.3", "lapack/liblapack.so.3"):
        (libraries / Path(name).name).symlink_to(name)
    for name in (*_FOLDERS, "tmp", "var/tmp"):
        (tree / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "var/tmp"):
        (tree / name).chmod(0o1777)
    units = tree / "etc/systemd/system"
    (units / "multi-user.target.wants").mkdir(parents=True, exist_ok=True)
    (units / "default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    for name in _MASKED.read_text().split():
        (units / name).symlink_to("/dev/null")
    ssh = units / "multi-user.target.wants" / "ssh.service"
    ssh.symlink_to("/usr/lib/systemd/system/ssh.service")
    (tree / "etc/hostname").write_text("pi\n")
    (tree / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    shutil.copytree(_GUEST, tree, dirs_exist_ok=True)
    for name in ("etc", "var"):
        (tree / name / ".updated").touch()


def _add_camera(tree: Path, dist: Path) -> None:
    """The virtual camera, and what lets the unmodified picamera2 run on it."""
    shutil.copy(_STAND_INS / "sitecustomize.py", tree / "etc/python3.13/sitecustomize.py")
    shutil.copy(_STAND_INS / "pykms.py", dist)
    pipeline = tree / "usr/share/libcamera/pipeline/virtual"
    pipeline.mkdir(parents=True, exist_ok=True)
    text = (_STAND_INS / "virtual.yaml").read_text()
    (pipeline / "virtual.yaml").write_text(text.replace('"/frames"', '"/srv/frames"'))
    frames = tree / "srv/frames"
    frames.mkdir()
    with zipfile.ZipFile(DOORWAY) as doorway:
        for number, name in enumerate(SHOWN):
            picture = doorway.read(f"frames/{name}.jpg")
            (frames / f"{number:03}.jpg").write_bytes(picture)


def _add_keys(tree: Path, key: Path) -> None:
    """The host's key for sshd, and one of ours that it knows."""
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "emulated", "-f")
    run(*words, tree / "etc/ssh/ssh_host_ed25519_key")
    run(*words, key)
    known = tree / "root/.ssh"
    known.mkdir(mode=0o700)
    (tree / "root").chmod(0o700)
    shutil.copy(key.with_suffix(".pub"), known / "authorized_keys")
