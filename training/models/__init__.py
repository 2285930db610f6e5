# SPDX-License-Identifier: Apache-2.0
"""Architectures: one file each, chosen by name with typed settings."""
