# SPDX-License-Identifier: Apache-2.0
"""The evidence folder: the same file names after every run, see training/report/contents.py."""
