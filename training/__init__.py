# SPDX-License-Identifier: Apache-2.0
"""The workstation side: datasets, training, evidence, bundles. TensorFlow lives here only."""
