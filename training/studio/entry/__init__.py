# SPDX-License-Identifier: Apache-2.0
"""Holds the script that Streamlit runs, away from the folder `pages`, which it would guess at."""
