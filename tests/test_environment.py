# SPDX-License-Identifier: Apache-2.0
"""scripts/environment.sh: when an environment is kept, brought up to date, or made anew."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from daemons import ROOT

# A Python that makes an environment of stubs: no network, and what pip was asked for is on record.
STUB = f"""#!/bin/sh
if [ "$1 $2" != "-m venv" ]; then exec {sys.executable} "$@"; fi
mkdir -p "$3/bin"
ln -s {sys.executable} "$3/bin/python"
printf '#!/bin/sh\necho "$@" >>{{calls}}\n' >"$3/bin/pip"
chmod +x "$3/bin/pip"
printf 'version = %s\nexecutable = %s\n' {platform.python_version()} {{executable}} >"$3/pyvenv.cfg"
"""


class Checkout:
    """A folder with the script, a Python of stubs, and what pip was asked to install."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.python = folder / "python"
        executable = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        self.python.write_text(STUB.format(calls=self.calls, executable=executable))
        self.python.chmod(0o755)
        (folder / "scripts").mkdir()
        shutil.copy(ROOT / "scripts/environment.sh", folder / "scripts")
        (folder / "pyproject.toml").write_text("")
        self.cfg = folder / ".venv" / "pyvenv.cfg"
        self.mark = folder / ".venv" / "mark"

    def make(self, extras: str = "litert", *, named: bool = True) -> str:
        """Make the environment; what was said. `mark` tells afterwards whether it is a new one."""
        given = {"PYTHON": str(self.python)} if named else {}
        done = subprocess.run(
            ["bash", "-c", f". scripts/environment.sh; environment .venv {extras}"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], **given},
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    @property
    def installed(self) -> int:
        return len(self.calls.read_text().splitlines())


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    made.make()
    made.mark.touch()
    return made


def test_the_same_wish_again_costs_nothing(checkout: Checkout) -> None:
    assert checkout.make() == ""
    assert checkout.installed == 1
    assert checkout.mark.exists()


def test_another_wish_brings_it_up_to_date(checkout: Checkout) -> None:
    checkout.make("litert,plot")
    assert checkout.installed == 2
    assert checkout.mark.exists()


@pytest.mark.parametrize(("key", "value"), [("version", "3.10.0"), ("executable", "/opt/python")])
def test_another_python_makes_it_anew(checkout: Checkout, key: str, value: str) -> None:
    lines = checkout.cfg.read_text().splitlines()
    lines = [f"{key} = {value}" if line.startswith(key) else line for line in lines]
    checkout.cfg.write_text("\n".join(lines) + "\n")
    # Who asks for no Python in particular takes what is there.
    assert checkout.make(named=False) == ""
    assert "made with another Python" in checkout.make()
    assert not checkout.mark.exists()
    assert checkout.installed == 2


def test_one_that_does_not_run_any_more_is_made_anew(checkout: Checkout) -> None:
    python = checkout.folder / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert "made anew" in checkout.make()
    assert not checkout.mark.exists()
