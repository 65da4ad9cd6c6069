"""The column types that Django does not have."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup
from django.db.models.sql.compiler import SQLCompiler


class UnsignedField(models.Field):  # type: ignore[type-arg]
    """An unsigned 64-bit integer: `numeric(20,0)` in the database, int in Python."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric(20,0)"

    def from_db_value(self, value: Any, *_: Any) -> int | None:
        return None if value is None else int(value)


class NameField(models.Field):  # type: ignore[type-arg]
    """A name that users choose: any Unicode text, stored as UTF-8 and compared by bytes."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "bytea"

    def from_db_value(self, value: Any, *_: Any) -> str | None:
        return None if value is None else bytes(value).decode()

    def get_prep_value(self, value: Any) -> bytes | None:
        return value.encode() if isinstance(value, str) else value


@NameField.register_lookup
class NameContains(Lookup):
    """`name__contains`: whether the name contains these bytes. Upper and lower case differ."""

    lookup_name = "contains"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        name, name_parameters = self.process_lhs(compiler, connection)
        part, part_parameters = self.process_rhs(compiler, connection)
        return f"position({part} IN {name}) > 0", (*part_parameters, *name_parameters)


class VerbatimJsonField(models.TextField):  # type: ignore[type-arg]
    """JSON text, stored unchanged in a `json` column (`jsonb` would rewrite it)."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "json"

    def from_db_value(self, value: Any, *_: Any) -> Any:
        return value
