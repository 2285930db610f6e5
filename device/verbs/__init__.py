# SPDX-License-Identifier: Apache-2.0
"""Verbs: one file or folder per command of `passerby`, loaded only when it is asked for."""
