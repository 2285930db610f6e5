# SPDX-License-Identifier: Apache-2.0
"""Tests of the appliance as a whole: the real systemd, sshd, scripts and units."""
