# SPDX-License-Identifier: Apache-2.0
"""One module per verb of `python -m training`: HELP, add_arguments(parser) and run(args)."""
