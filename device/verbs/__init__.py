# SPDX-License-Identifier: Apache-2.0
"""Verbs: one file per command of `passerby`; each is loaded only when it is asked for."""
