# SPDX-License-Identifier: Apache-2.0
"""A small initrd made by hand: busybox, and this machine's few modules."""

import lzma
import shutil
from pathlib import Path

from system.emulated.cache import run
from system.emulated.debian import kernel_version

_MODULES = ("virtio_blk", "ext4", "virtio_net", "virtio_gpu", "virtio_rng")
_FOLDERS = ("bin", "proc", "sys", "dev", "mnt", "modules")
_INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mode=rw
for word in $(cat /proc/cmdline); do case $word in ro) mode=ro ;; esac; done
for module in /modules/*.ko; do insmod "$module"; done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 600 ]; do sleep 0.1; tries=$((tries + 1)); done
mount -t ext4 -o $mode /dev/vda /mnt || exec sh
for place in dev sys proc; do mount --move /$place /mnt/$place; done
exec switch_root /mnt /sbin/init
"""


def make_initrd(tree: Path, target: Path, scratch: Path) -> None:
    """Write the initrd for the kernel of the root `tree` to `target`."""
    for name in _FOLDERS:
        (scratch / name).mkdir(parents=True)
    shutil.copy(tree / "usr/bin/busybox", scratch / "bin/busybox")
    for number, module in enumerate(_in_order(tree)):
        plain = scratch / "modules" / f"{number:03}-{module.name.removesuffix('.xz')}"
        plain.write_bytes(lzma.decompress(module.read_bytes()))
    init = scratch / "init"
    init.write_text(_INIT)
    init.chmod(0o755)
    names = "\n".join(str(path.relative_to(scratch)) for path in sorted(scratch.rglob("*")))
    with_names = names.encode() + b"\n"
    run(
        *("sh", "-c", 'cd "$1" && cpio -o -H newc --quiet | gzip -1 >"$2"', "initrd"),
        *(scratch, target.resolve()),
        stdin=with_names,
    )


def _in_order(tree: Path) -> list[Path]:
    """The modules with all that they need, each after what it needs."""
    found: dict[Path, None] = {}
    for name in _MODULES:
        words = ("-d", tree, "-S", kernel_version(tree), "--show-depends", name)
        for line in run("modprobe", *words).splitlines():
            kind, _, path = line.strip().partition(" ")
            if kind == "insmod":
                found[Path(path.strip())] = None
    return list(found)
