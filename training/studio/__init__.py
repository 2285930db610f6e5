# SPDX-License-Identifier: Apache-2.0
"""The Streamlit page over the training verbs: upload, look, train, judge, predict, ship.

The page's own process never loads TensorFlow: whatever takes longer than a glance is one of the
verbs of `python -m training`, run as a process of its own (training/studio/jobs.py), and all state
is files in one folder (training/studio/home.py). A rerun, a closed tab or a killed page loses
nothing.
"""
