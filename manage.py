#!/usr/bin/env python
"""Run a management command of Assay."""

from portal.cli import main

if __name__ == "__main__":
    main()
