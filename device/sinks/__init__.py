# SPDX-License-Identifier: Apache-2.0
"""Sinks: one file per place where results go."""
