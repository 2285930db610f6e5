# SPDX-License-Identifier: Apache-2.0
"""Captures over the real sshd: for a person, and for a key that can do nothing else."""

import io
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from device.errors import ControlError, RefusedError
from system.conftest import Pi
from system.machine import Machine

CAPTURED = (0, 3, 4)
FORCED = 'restrict,command="/usr/local/lib/passerby/forced-capture" '


@pytest.fixture(scope="module")
def forced(pi: Pi) -> str:
    """An ssh host whose key is bound to captures, as scripts/forced-capture documents it."""
    key, public = pi.door.key("forced")
    line = FORCED + public
    pi.machine.run("tee", "-a", "/home/pi/.ssh/authorized_keys", stdin=line + "\n")
    pi.door.host("pi-forced", "pi", key)
    return "pi-forced"


def check(done: subprocess.CompletedProcess[bytes], said: bytes) -> None:
    assert done.returncode in CAPTURED, done.stderr
    answer = json.loads(said)
    assert answer["error"] is None
    assert answer["file"] == "replay of /srv/doorway.zip"


def test_a_person_may_capture_and_ask(pi: Pi) -> None:
    done = pi.door.ssh("pi", "passerby capture --json")
    check(done, done.stdout)
    assert pi.door.ssh("pi", "passerby status").returncode == 0


@pytest.mark.parametrize("verb", ["status", "capture"])
def test_who_is_not_in_the_group_is_told_of_it(pi: Pi, verb: str) -> None:
    """And looks through no camera beside the daemon."""
    if pi.machine.run("id", "stranger", check=False).returncode:
        pi.machine.run("useradd", "--create-home", "stranger")
    done = pi.machine.run("runuser", "-u", "stranger", "--", "passerby", verb, check=False)
    assert done.returncode == ControlError.exit_status
    assert "sudo usermod -aG passerby stranger, then log in anew" in done.stderr
    assert not done.stdout


def test_the_still_comes_over_the_line(pi: Pi) -> None:
    done = pi.door.ssh("pi", "passerby capture --json --still - --wait-face 30")
    check(done, done.stderr)
    assert json.loads(done.stderr)["faces"]
    assert Image.open(io.BytesIO(done.stdout)).size == (640, 480)


@pytest.mark.parametrize("host", ["pi", "pi-forced"])
def test_the_script_brings_answer_and_still(pi: Pi, forced: str, host: str, tmp_path: Path) -> None:
    still = tmp_path / "still.jpg"
    done = pi.script("capture", host, "--json", "--still", str(still), "--wait-face", "30")
    assert done.returncode in (0, 4), done.stderr
    assert json.loads(done.stdout)["faces"]
    assert Image.open(still).format == "JPEG"
    assert list(tmp_path.iterdir()) == [still]
    plain = pi.script("capture", host)
    assert plain.returncode in CAPTURED
    assert "replay of /srv/doorway.zip" in plain.stdout


def test_the_script_leaves_nothing_where_it_fails(pi: Pi, tmp_path: Path) -> None:
    done = pi.script("capture", "nobody@pi", "--still", str(tmp_path / "still.jpg"))
    assert done.returncode == 255
    assert done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [(), ("-oProxyCommand=id",), ("pi", "--wait-face", "1;id"), ("pi", "--sti"), ("pi", "x")],
)
def test_the_script_refuses_words_of_its_own(pi: Pi, words: tuple[str, ...]) -> None:
    done = pi.script("capture", *words)
    assert done.returncode == 2
    assert "expected: scripts/capture HOST" in done.stderr


def test_the_forced_key_captures(pi: Pi, forced: str) -> None:
    done = pi.door.ssh(forced, "passerby capture --json --wait-face 30")
    check(done, done.stdout)


def test_two_captures_at_once_are_both_answered(pi: Pi, forced: str) -> None:
    with ThreadPoolExecutor() as pool:
        words = "passerby capture --json --wait-face 30"
        waiting = [pool.submit(pi.door.ssh, host, words) for host in ("pi", forced)]
        for done in [one.result() for one in waiting]:
            check(done, done.stdout)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "id",
        "passerby status",
        "passerby run",
        "passerby pause",
        "passerby --settings /tmp/x capture",
        "passerby capture --settings /tmp/x",
        "passerby capture --path /etc",
        "passerby capture --forced x",
        "passerby capture --still /home/pi/left.jpg",
        "passerby capture --sti -",
        "passerby capture --json; touch /home/pi/left.jpg",
        "passerby capture --json && touch /home/pi/left.jpg",
        "passerby capture --wait-face $(touch /home/pi/left.jpg)",
        "passerby capture `touch /home/pi/left.jpg`",
        "passerby capture\ntouch /home/pi/left.jpg",
        "passerby capture --wait-face 1e9",
        "passerby capture '",
        "/usr/bin/passerby capture",
    ],
)
def test_the_forced_key_refuses_other_words(pi: Pi, forced: str, words: str) -> None:
    done = pi.door.ssh(forced, *([words] if words else []))
    assert done.returncode == RefusedError.exit_status, done
    assert b"may not ask that" in done.stderr
    assert done.stdout == b""
    assert pi.machine.run("test", "-e", "/home/pi/left.jpg", check=False).returncode == 1


def test_the_forced_key_gets_no_terminal(pi: Pi, forced: str) -> None:
    done = pi.door.ssh("-tt", "-o", "LogLevel=INFO", forced, "passerby capture --json")
    assert b"PTY allocation request failed" in done.stderr


@pytest.mark.parametrize("way", [["-W", "127.0.0.1:22"], ["-N", "-R", "0:127.0.0.1:22"]])
def test_the_forced_key_forwards_no_port(pi: Pi, forced: str, way: list[str]) -> None:
    done = pi.door.ssh("-o", "ExitOnForwardFailure=yes", *way, forced)
    assert done.returncode == 255
    assert not done.stdout.startswith(b"SSH-2.0")
    told = done.stderr.decode()
    assert "forwarding failed" in told or "prohibited" in told


def test_a_person_may_forward_where_the_forced_key_may_not(pi: Pi) -> None:
    """The check can fail: without the key's restriction sshd forwards."""
    assert pi.door.ssh("-W", "127.0.0.1:22", "pi").stdout.startswith(b"SSH-2.0")


def test_the_forced_key_opens_no_subsystem(pi: Pi, forced: str) -> None:
    """sftp is a subsystem, of which sshd makes the forced command; its words are refused."""
    done = pi.door.ssh("-s", forced, "sftp")
    assert done.returncode == RefusedError.exit_status


LEFT = "/srv/left/by-a-trick"
TRICKS = {
    "PYTHONPATH": "/srv/evil",
    "PASSERBY_SETTINGS": "/srv/evil.toml",
    "PASSERBY_DEBUG": "1",
    "RUNTIME_DIRECTORY": "/srv",
    "HOME": "/srv/evil",
    "PATH": "/srv/evil",
    "LC_ALL": "/srv/evil",
    "SSH_ORIGINAL_COMMAND": "passerby run",
}
# Each would leave something behind where a shell obeys it.
SHELL_TRICKS = {
    "BASH_ENV": f"$(touch {LEFT})",
    "ENV": f"$(touch {LEFT})",
    "SHELLOPTS": "xtrace",
    "PS4": f"$(touch {LEFT})",
}
LOADER_TRICKS = {"LD_PRELOAD": "/srv/evil.so", "LD_DEBUG": "libs", "LD_DEBUG_OUTPUT": LEFT}


@pytest.fixture
def traps(pi: Pi) -> Machine:
    """What the tricks lead to, and a folder where everybody may leave something."""
    pi.machine.write("/srv/evil/device/__init__.py", "raise SystemExit(99)\n")
    pi.machine.write("/srv/evil.toml", "[camera]\nsource = 'telescope'\n")
    pi.machine.run("rm", "-rf", "/srv/left")
    pi.machine.run("install", "-d", "-m", "1777", "/srv/left")
    return pi.machine


@pytest.fixture
def accepting(pi: Pi) -> Iterator[None]:
    """An sshd that takes whatever environment a client sends, as no Debian does by itself."""
    conf = "/etc/ssh/sshd_config.d/all.conf"
    pi.machine.write(conf, "AcceptEnv *\n")
    pi.machine.run("systemctl", "reload", "ssh.service")
    yield
    pi.machine.run("rm", conf)
    pi.machine.run("systemctl", "reload", "ssh.service")


@pytest.fixture(scope="module")
def capturer(pi: Pi) -> str:
    """An ssh host with the user of its own that scripts/forced-capture advises."""
    key, public = pi.door.key("capturer")
    words = ("--create-home", "--shell", "/bin/sh", "--groups", "passerby", "capturer")
    pi.machine.run("useradd", *words)
    pi.machine.write("/home/capturer/.ssh/authorized_keys", FORCED + public + "\n")
    pi.door.host("capturer", "capturer", key)
    return "capturer"


def capture_with(pi: Pi, host: str, *tricks: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    pairs = [pair for some in tricks for pair in some.items()]
    sent = " ".join(f'{name}="{value}"' for name, value in pairs)
    return pi.door.ssh("-o", f"SetEnv={sent}", host, "passerby capture --json")


def test_environment_that_a_client_sends_changes_nothing(
    pi: Pi, forced: str, traps: Machine
) -> None:
    """Under Debian's own sshd, which refuses all that a shell or the loader would obey."""
    done = capture_with(pi, forced, TRICKS, SHELL_TRICKS, LOADER_TRICKS)
    check(done, done.stdout)
    assert b"ld.so" not in done.stderr
    assert traps.run("ls", "/srv/left").stdout == ""


@pytest.mark.usefixtures("accepting")
def test_nor_where_sshd_takes_all_of_it_and_the_key_has_a_user_of_its_own(
    pi: Pi, capturer: str, traps: Machine
) -> None:
    done = capture_with(pi, capturer, TRICKS, SHELL_TRICKS)
    check(done, done.stdout)
    assert traps.run("ls", "/srv/left").stdout == ""


@pytest.mark.usefixtures("accepting")
def test_a_user_with_bash_is_safe_by_debians_sshd_alone(
    pi: Pi, forced: str, traps: Machine
) -> None:
    """The limit that scripts/forced-capture tells of; and the checks above can fail."""
    done = capture_with(pi, forced, TRICKS)
    check(done, done.stdout)
    capture_with(pi, forced, SHELL_TRICKS)
    assert traps.run("ls", "/srv/left").stdout == LEFT.rpartition("/")[2] + "\n"


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_only_the_answer_is_the_answer(pi: Pi, words: tuple[str, ...], tmp_path: Path) -> None:
    """Not what a shell over there says of a locale that it lacks, or of itself."""
    rc = "/home/pi/.bashrc"
    pi.machine.run("cp", rc, "/srv/bashrc")
    pi.machine.write(rc, "echo a shell of many words >&2\n")
    locale = {"LANG": "tlh_XX.UTF-8", "LC_ALL": "tlh_XX.UTF-8", "LC_TIME": "tlh_XX.UTF-8"}
    still = str(tmp_path / "still.jpg")
    done = pi.script("capture", "pi", *words, "--still", still, environment=locale)
    pi.machine.run("cp", "/srv/bashrc", rc)
    assert done.returncode in CAPTURED, done.stderr
    # The one that complains is this machine's own, which lacks it as well.
    complaint = "bash: warning: setlocale: LC_ALL: cannot change locale (tlh_XX.UTF-8)\n"
    assert done.stderr == complaint + "a shell of many words\n"
    first, *others = done.stdout.splitlines()
    if words:
        assert json.loads(first)["file"] == "replay of /srv/doorway.zip"
        assert others == []
    assert "replay of /srv/doorway.zip" in first
    assert all(line.startswith("  perceived gender ") for line in others)
