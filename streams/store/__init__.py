"""The only place with SQL: one module per family of tables, rows to domain values at its edge."""
