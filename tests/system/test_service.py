# SPDX-License-Identifier: Apache-2.0
"""The deployed service under the real systemd, in the real unit's whole sandbox."""

import json

from system.conftest import Pi

UNIT = "passerby.service"


def test_deployed(pi: Pi) -> None:
    print(pi.deployed.stdout, pi.deployed.stderr)
    print(pi.machine.run("systemctl", "status", UNIT, check=False).stdout)
    print(pi.machine.journal(UNIT))
    assert json.loads(pi.machine.wait_journal(UNIT, '"event":"visit"').splitlines()[-1])
