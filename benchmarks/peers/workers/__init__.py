# SPDX-License-Identifier: Apache-2.0
"""One program for each entrant: it reads pictures and writes answers, and holds nothing else."""
