# SPDX-License-Identifier: Apache-2.0
"""The workstation side: datasets, training, quantisation, evidence and bundles. TensorFlow lives here only."""
