"""Modules that are imported when a test first asks them for something.

Each process of a test run collects every file. MLflow, Databricks' SDK and SciPy's statistics are half of what that costs,
and few tests need them.
"""

import importlib
import warnings


class Late:
    """Stands for the module of that name."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str):
        # which pytest looks for in everything that it finds in a file
        if attribute == "_mock_name" or attribute.startswith("__"):
            raise AttributeError(attribute)
        with warnings.catch_warnings():
            # of the import; in tests they would be errors
            warnings.simplefilter("ignore")
            module = importlib.import_module(self._name)
        return getattr(module, attribute)
