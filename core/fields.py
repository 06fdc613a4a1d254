"""Text columns that sort and compare by code point on every engine, as MLflow's own SQLite store does."""

from django.db import models


class CodePointMixin:
    """Adds COLLATE "C" on PostgreSQL; SQLite's default collation, BINARY, already is by code point."""

    def db_parameters(self, connection):
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


class CodePointCharField(CodePointMixin, models.CharField):
    pass


class CodePointTextField(CodePointMixin, models.TextField):
    pass
