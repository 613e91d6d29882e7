# SPDX-License-Identifier: Apache-2.0
"""The version, that of the program (a test compares them)."""

__version__ = "0.1.0"
