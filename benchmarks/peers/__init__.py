# SPDX-License-Identifier: Apache-2.0
"""Passerby beside its peers: the same pictures, one thread each, in turns, in one run."""
