# SPDX-License-Identifier: Apache-2.0
"""The emulated Pi itself: QEMU with a serial line, a monitor, a screen, and sshd on loopback."""

import contextlib
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from system.emulated.cache import NotHereError, run
from system.emulated.image import Image
from system.emulated.qmp import Monitor
from system.machine import Machine

#: A Pi Zero 2 W has no more.
MEMORY_MEGABYTES = 512
SCREEN = (800, 480)
BOOT_SECONDS = 1200.0
_EMULATOR = "qemu-system-aarch64"


class EmulatedPi(Machine):
    """Runs in its block; at the end its plug is pulled.

    Args:
        folder: of its own; holds the overlay that takes its writes, and `serial.log`.
        image: kernel, initrd and key.
        disk: what the overlay lies on; by default the image's.
        state: a machine saved by `Monitor.save` to go on with, instead of a boot.
        command_line: further words for the kernel.
    """

    patience = 600.0

    def __init__(
        self,
        folder: Path,
        *,
        image: Image,
        disk: Path | None = None,
        state: Path | None = None,
        command_line: str = "",
    ) -> None:
        super().__init__(folder)
        self.disk = folder / "disk.qcow2"
        self.serial = folder / "serial.log"
        self.monitor: Monitor
        self._image = image
        self._below = disk or image.disk
        self._state = state
        self.command_line = command_line
        self._qemu: subprocess.Popen[bytes] | None = None
        # Unix sockets have short names.
        self._sockets = Path(tempfile.mkdtemp(prefix="pi-"))
        self._port = 0

    def __enter__(self) -> "EmulatedPi":
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.disk.exists():
            run(
                *("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2"),
                *("-b", self._below.resolve(), self.disk),
            )
        try:
            self.power_on(self._state)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.pull_plug()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def power_on(self, state: Path | None = None) -> None:
        """Boot, or go on where a saved machine stood; returns once sshd answers."""
        if shutil.which(_EMULATOR) is None:
            raise NotHereError(f"{_EMULATOR} is missing: apt-get install qemu-system-arm")
        self._port = _free_port()
        with (self.folder / "qemu.log").open("ab") as log:
            self._qemu = subprocess.Popen(
                self._emulator(state), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait_for_ssh()

    def pull_plug(self) -> None:
        """Kill QEMU as it stands: what the machine has not handed to its disk is lost."""
        if self._qemu is not None:
            if hasattr(self, "monitor"):
                self.monitor.close()
            self._qemu.kill()
            self._qemu.wait()
            self._qemu = None
        # Neither the monitor's socket nor ssh's shall be taken for the next machine's.
        for left in self._sockets.iterdir():
            with contextlib.suppress(OSError):
                left.unlink()

    def words(self, *command: str, environment: Mapping[str, str] | None = None) -> list[str]:
        """What the host calls to run `command` in the machine as root."""
        given = [f"{name}={value}" for name, value in (environment or {}).items()]
        line = shlex.join(["/usr/bin/env", "LC_ALL=C.UTF-8", *given, *command])
        return [*self.ssh_words(), "pi", line]

    def ssh_words(self, key: Path | None = None) -> list[str]:
        """How the host's ssh reaches sshd there, as root with the image's key or another."""
        options = {
            "HostName": "127.0.0.1",
            "Port": self._port,
            "User": "root",
            "IdentityFile": key or self._image.key,
            "UserKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "no",
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "LogLevel": "ERROR",
            "ConnectTimeout": 60,
        }
        if key is None:
            # One handshake serves all: it takes an emulated processor a second.
            options |= {
                "ControlMaster": "auto",
                "ControlPersist": "yes",
                "ControlPath": f"{self._sockets}/ssh-%C",
            }
        return ["ssh", "-F", "none", *(f"-o{name}={value}" for name, value in options.items())]

    def screenshot(self, path: Path) -> None:
        """Save the exact pixels of its screen as a PNG."""
        self.monitor("screendump", filename=str(path.resolve()), format="png")

    def said(self) -> str:
        """What came over the serial line so far, over all its boots."""
        return self.serial.read_text(errors="replace") if self.serial.exists() else ""

    def _wait_for_ssh(self) -> None:
        assert self._qemu is not None
        deadline = time.monotonic() + BOOT_SECONDS
        monitor = self._sockets / "monitor"
        while not monitor.exists() and self._qemu.poll() is None:
            time.sleep(0.05)
        if self._qemu.poll() is None:
            self.monitor = Monitor(monitor)
        probe = [*self.ssh_words(), "-oConnectTimeout=10", "pi", "true"]
        while subprocess.run(probe, capture_output=True, check=False).returncode:
            ended = self._qemu.poll() is not None
            log = (self.folder / "qemu.log").read_text(errors="replace")
            assert not ended, f"QEMU ended with {self._qemu.returncode}: {log[-2000:]}"
            assert time.monotonic() < deadline, f"no sshd: {self.said()[-3000:]}"
            time.sleep(1)

    def _emulator(self, state: Path | None) -> list[str]:
        width, height = SCREEN
        command_line = (
            "console=tty1 console=ttyAMA0 panic=1 loglevel=4 net.ifnames=0"
            f" systemd.show_status=false {self.command_line}"
        )
        # Writes that the machine did not flush may be lost with QEMU, as with a disk's own cache.
        drive = f"file={self.disk},if=none,id=disk,format=qcow2,cache=writeback"
        network = f"user,id=wire,restrict=on,hostfwd=tcp:127.0.0.1:{self._port}-:22"
        return [
            *(_EMULATOR, "-M", "virt", "-cpu", "cortex-a72", "-smp", "2"),
            *("-m", str(MEMORY_MEGABYTES), "-accel", "tcg,thread=multi", "-no-reboot"),
            *("-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd)),
            *("-append", command_line),
            *("-drive", drive, "-device", "virtio-blk-pci,drive=disk"),
            *("-netdev", network, "-device", "virtio-net-pci,netdev=wire,romfile="),
            *("-device", f"virtio-gpu-pci,xres={width},yres={height}"),
            *("-device", "virtio-rng-pci", "-display", "none"),
            *("-chardev", f"file,id=line,path={self.serial},append=on", "-serial", "chardev:line"),
            *("-qmp", f"unix:{self._sockets}/monitor,server=on,wait=off"),
            *([] if state is None else ["-incoming", f"exec:cat {state}"]),
        ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
