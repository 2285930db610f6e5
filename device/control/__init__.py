# SPDX-License-Identifier: Apache-2.0
"""The control socket: who serves, who answers, who asks, and the lines that they exchange.

Nothing is imported here, since a client needs neither the server nor what it answers from.
"""
