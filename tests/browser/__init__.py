# SPDX-License-Identifier: Apache-2.0
"""Tests of the web pages: real servers, a real Chromium."""
