# SPDX-License-Identifier: Apache-2.0
"""boot.py FOLDER: the host's own Debian, booted by the real systemd as PID 1 of namespaces.

The root is the host's, under a layer in memory that takes every write, so the host stays as it is.
User, process, mount, host name, IPC, network and cgroup namespaces are its own; nothing but a
folder in the host's cgroup tree is shared, and that goes with it. Prints `init PID` once it is up,
ends when its standard input does. FOLDER holds `console.log`, what systemd says while it boots.

Exits with 77 and one sentence where this host does not allow such a machine.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import time
from pathlib import Path

NOT_ALLOWED = 77
_LIBC = ctypes.CDLL(None, use_errno=True)
# sched.h, sys/mount.h
_NEW_MOUNTS = 0x20000
_NEW_CGROUP, _NEW_HOST_NAME, _NEW_IPC = 0x2000000, 0x4000000, 0x8000000
_NEW_USERS, _NEW_PROCESSES, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 32, 0x1000, 0x4000, 0x40000
_NODES = ("null", "zero", "full", "random", "urandom", "tty")
_SYSTEMD = "/lib/systemd/systemd"
# Services of a host that mean nothing here and only take time.
_MASKED = (
    "systemd-udevd.service",
    "systemd-udev-trigger.service",
    "systemd-logind.service",
    "systemd-hwdb-update.service",
    "systemd-journal-catalog-update.service",
    "systemd-journal-flush.service",
    "systemd-machine-id-commit.service",
    "systemd-timesyncd.service",
    "systemd-pstore.service",
    "ldconfig.service",
    "dbus.service",
    "dbus.socket",
    "getty.target",
    "remote-fs.target",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "sys-fs-fuse-connections.mount",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "kmod-static-nodes.service",
)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def mount(source: str, target: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    done = _LIBC.mount(
        source.encode(), str(target).encode(), kind.encode(), flags, options.encode() or None
    )
    if done:
        number = ctypes.get_errno()
        raise OSError(number, f"mounting {kind or source} at {target}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    if _LIBC.unshare(flags):
        raise OSError(ctypes.get_errno(), "unshare: " + os.strerror(ctypes.get_errno()))


def die_with_parent() -> None:
    """However the caller ends, nothing of the machine outlives it (prctl(2), PR_SET_PDEATHSIG)."""
    _LIBC.prctl(1, signal.SIGKILL)


def cgroup_tree() -> Path:
    """Where this host has the unified cgroup tree."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise OSError("this host has no unified cgroup tree")


def layered_root(folder: Path) -> Path:
    """The host's root under a layer in memory."""
    root, layer = folder / "root", folder / "layer"
    mount("tmpfs", layer, "tmpfs", 0, "mode=755")
    for name in ("upper", "work"):
        (layer / name).mkdir()
    options = f"lowerdir={folder}/lower,upperdir={layer}/upper,workdir={layer}/work,userxattr"
    mount("overlay", root, "overlay", 0, options)
    return root


def kernel_places(root: Path) -> None:
    mount("proc", root / "proc", "proc")
    mount("sysfs", root / "sys", "sysfs")
    mount("cgroup2", root / "sys/fs/cgroup", "cgroup2")
    for place, mode in (("dev", 755), ("run", 755), ("tmp", 1777)):
        mount("tmpfs", root / place, "tmpfs", 0, f"mode={mode}")
    for node in _NODES:
        (root / "dev" / node).touch()
        mount(f"/dev/{node}", root / "dev" / node, "", _BIND)
    (root / "dev/pts").mkdir()
    mount("devpts", root / "dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620")
    (root / "dev/ptmx").symlink_to("pts/ptmx")
    (root / "dev/shm").mkdir()
    mount("tmpfs", root / "dev/shm", "tmpfs", 0, "mode=1777")
    # The kernel's knobs are the host's: nobody in here turns them.
    mount(str(root / "proc/sys"), root / "proc/sys", "", _BIND | _RECURSIVE)
    mount("", root / "proc/sys", "", _BIND | _REMOUNT | _READ_ONLY)


def own_configuration(root: Path) -> None:
    """A fresh machine's /etc and /var, as far as they matter here."""
    units = root / "etc/systemd/system"
    shutil.rmtree(units)
    units.mkdir()
    for name in _MASKED:
        (units / name).symlink_to("/dev/null")
    (units / "default.target").symlink_to("/lib/systemd/system/multi-user.target")
    for name in ("etc", "var"):
        (root / name / ".updated").touch()
    (root / "etc/fstab").write_text("")
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (root / "etc/hostname").write_text("pi\n")
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    shutil.rmtree(root / "var/log/journal", ignore_errors=True)
    for name in ("opt/passerby", "etc/passerby", "var/lib/passerby"):
        shutil.rmtree(root / name, ignore_errors=True)


def become_init(folder: Path) -> None:
    root = layered_root(folder)
    own_configuration(root)
    kernel_places(root)
    log = os.open(folder / "console.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.chroot(root)
    os.chdir("/")
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    environment = {"container": "passerby", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    words = ["systemd", "--system", "--show-status=true"]
    os.execve(_SYSTEMD, words, environment)  # noqa: S606  no shell is wanted


def namespaced(folder: Path, cgroup: Path, told: int, mapped: int) -> None:
    """The child: new namespaces, then a child of its own that is process 1 in them."""
    try:
        (cgroup / "cgroup.procs").write_text(str(os.getpid()))
        unshare(_NEW_MOUNTS)
        mount("none", Path("/"), "", _RECURSIVE | _PRIVATE)
        # Without what is mounted in it, which the kernel would not let a namespace of users layer.
        mount("/", folder / "lower", "", _BIND)
        unshare(
            _NEW_MOUNTS
            | _NEW_CGROUP
            | _NEW_HOST_NAME
            | _NEW_IPC
            | _NEW_USERS
            | _NEW_PROCESSES
            | _NEW_NETWORK
        )
        os.write(told, b"x")
        os.read(mapped, 1)
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        die_with_parent()
        init = os.fork()
        if init:
            os.waitpid(init, 0)
            os._exit(0)
        die_with_parent()
        become_init(folder)
    except OSError as error:
        say(f"refused: {error}")
    os._exit(NOT_ALLOWED)


def boot(folder: Path) -> int:
    cgroup = cgroup_tree() / f"passerby-{os.getpid()}"
    cgroup.mkdir()
    for name in ("lower", "layer", "root"):
        (folder / name).mkdir()
    ready, told = os.pipe()
    mapped, tell = os.pipe()
    child = os.fork()
    if child == 0:
        namespaced(folder, cgroup, told, mapped)
    os.close(told)
    try:
        if os.read(ready, 1) != b"x":
            return NOT_ALLOWED
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{child}/{name}").write_text("0 0 65536\n")
        os.write(tell, b"x")
        init = grandchild(child)
        say(f"init {init}")
        sys.stdin.read()
    finally:
        end(child, cgroup)
    return 0


def grandchild(child: int) -> int:
    while True:
        children = Path(f"/proc/{child}/task/{child}/children").read_text().split()
        if children:
            return int(children[0])
        if os.waitpid(child, os.WNOHANG)[0]:
            raise OSError("the machine ended before it began")
        time.sleep(0.01)


def end(child: int, cgroup: Path) -> None:
    """Pull the plug and clear the cgroups away."""
    with contextlib.suppress(OSError):
        os.kill(grandchild(child), signal.SIGKILL)
        os.waitpid(child, 0)
    for path in sorted(cgroup.rglob("*/"), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()
    with contextlib.suppress(OSError):
        cgroup.rmdir()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sys.exit(boot(Path(sys.argv[1]).resolve()))
    except OSError as error:
        say(f"refused: {error}")
        sys.exit(NOT_ALLOWED)
