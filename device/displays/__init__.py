# SPDX-License-Identifier: Apache-2.0
"""Displays: one file per screen; no screen is one of them."""
