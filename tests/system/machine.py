# SPDX-License-Identifier: Apache-2.0
"""A machine of namespaces with the real systemd and sshd, and how to reach it."""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PATIENCE_SECONDS = 120.0
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Every namespace of it, its root and its folder, as root.
_ENTER = ("-U", "-m", "-p", "-u", "-i", "-n", "-C", "-r", "-w", "-S", "0", "-G", "0")
_NEEDED = {
    "/lib/systemd/systemd": "systemd",
    "/usr/sbin/sshd": "openssh-server",
    "/usr/bin/ssh": "openssh-client",
    "/usr/bin/nsenter": "util-linux",
    "/usr/bin/python3": "python3-venv",
}


class NoMachineError(Exception):
    """This host cannot boot such a machine; the message says why."""


def missing() -> str:
    """The Debian packages that this host would need, or nothing."""
    return " ".join(sorted({name for path, name in _NEEDED.items() if not Path(path).exists()}))


class Machine:
    """Boots in its block, and its plug is pulled at the end.

    Raises:
        NoMachineError: this host cannot boot one.
    """

    #: How long a command in it may take.
    patience = PATIENCE_SECONDS

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.init = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Machine":
        if packages := missing():
            raise NoMachineError(f"apt-get install {packages}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            ["/usr/bin/python3", str(HERE / "boot.py"), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        word, _, rest = said.partition(" ")
        if word != "init":
            self.__exit__()
            raise NoMachineError(f"no machine of namespaces here: {rest.strip() or 'boot failed'}")
        self.init = int(rest)
        self._wait_until_up()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate(timeout=PATIENCE_SECONDS)

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            done = self.run("systemctl", "is-system-running", "--wait", check=False)
            if done.stdout.strip() in ("running", "degraded"):
                return
            if self._process is not None and self._process.poll() is not None:
                raise NoMachineError(f"no machine of namespaces here: {self._refusal()}")
            assert time.monotonic() < deadline, (self.folder / "console.log").read_text()
            time.sleep(0.05)

    def _refusal(self) -> str:
        assert self._process is not None and self._process.stdout is not None
        return self._process.stdout.read().strip() or "process 1 ended at once"

    def words(self, *command: str, environment: Mapping[str, str] | None = None) -> list[str]:
        """What the host calls to run `command` in the machine as root."""
        given = [f"{name}={value}" for name, value in (environment or {}).items()]
        enter = ["nsenter", "-t", str(self.init), *_ENTER]
        return [*enter, "/usr/bin/env", "-i", f"PATH={_PATH}", "LC_ALL=C.UTF-8", *given, *command]

    def run(
        self, *command: str, check: bool = True, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in the machine as root."""
        done = subprocess.run(
            self.words(*command),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=self.patience,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def write(self, path: str, text: str, *, mode: str = "644") -> None:
        """Put a file into the machine."""
        self.run("install", "-D", "-m", mode, "/dev/stdin", path, stdin=text)

    def copy(self, source: Path, target: str) -> None:
        """Copy a file or folder of the host into the machine's own memory."""
        # The machine's root shows the host's files as they are, but for what is mounted there.
        packed = subprocess.run(
            ["tar", "-C", str(source.parent), "-c", source.name], capture_output=True, check=True
        )
        self.run("mkdir", "-p", target)
        subprocess.run(
            self.words("tar", "-C", target, "-x", "--no-same-owner"),
            input=packed.stdout,
            check=True,
        )

    def show(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit."""
        said = self.run("systemctl", "show", unit, *(f"--property={name}" for name in names)).stdout
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    def start(self, unit: str) -> None:
        """Start a unit."""
        done = self.run("systemctl", "start", unit, check=False)
        assert done.returncode == 0, self.journal(unit)

    def journal(self, unit: str) -> str:
        """What the unit wrote so far."""
        return self.run("journalctl", "--unit", unit, "--no-pager", "--output", "cat").stdout

    def wait(self, *command: str, until: str, seconds: float = 0.0) -> str:
        """What `command` said once `until` is in it, within `seconds` or the machine's patience."""
        deadline = time.monotonic() + (seconds or self.patience)
        while True:
            said = self.run(*command, check=False).stdout
            if until in said:
                return said
            assert time.monotonic() < deadline, f"{command} never said {until!r}: {said[-3000:]}"
            time.sleep(0.05)

    def wait_journal(self, unit: str, until: str) -> str:
        """The unit's journal once `until` is in it."""
        words = ("journalctl", "--unit", unit, "--no-pager", "--output", "cat")
        return self.wait(*words, until=until)


class Door:
    """The machine's sshd, with a key for each user, as the host's ssh reaches it.

    The machine's network is its own: ssh's ProxyCommand enters it. `path` is a folder whose `ssh`
    knows all that, to be put first into PATH.
    """

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.path = folder / "bin"
        self.path.mkdir(parents=True)
        self._folder = folder
        relay = self.path / "relay"
        relay.write_text(_RELAY)
        (folder / "config").write_text(
            "Host *\n"
            f"  ProxyCommand nsenter -t {machine.init} -U -n {sys.executable} {relay}\n"
            f"  UserKnownHostsFile {folder}/known_hosts\n"
            "  StrictHostKeyChecking accept-new\n  BatchMode yes\n  IdentitiesOnly yes\n"
            "  LogLevel ERROR\n  SendEnv LANG LC_*\n"  # the latter as Debian's ssh_config
        )
        ssh = self.path / "ssh"
        ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/config "$@"\n')
        ssh.chmod(0o755)

    def key(self, name: str) -> tuple[Path, str]:
        """A new key pair: the file of the private one, the line of the public one."""
        path = self._folder / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True
        )
        return path, path.with_suffix(".pub").read_text().strip()

    def host(self, alias: str, user: str, key: Path) -> None:
        """Let ssh know `alias`: that user, with that key."""
        with (self._folder / "config").open("a") as config:
            config.write(f"Host {alias}\n  User {user}\n  IdentityFile {key}\n")

    def ssh(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Call ssh with these words."""
        return subprocess.run(
            [str(self.path / "ssh"), *words],
            input=stdin,
            capture_output=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )


_RELAY = """
import os, select, socket
door = socket.create_connection(("127.0.0.1", 22))
while True:
    for ready in select.select([0, door], [], [])[0]:
        data = os.read(0, 65536) if ready == 0 else door.recv(65536)
        if not data:
            raise SystemExit
        (door.sendall if ready == 0 else lambda d: os.write(1, d))(data)
"""
