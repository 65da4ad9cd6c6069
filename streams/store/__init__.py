"""All SQL of the program: one module per family of tables, which makes domain values of rows.

Above each statement stands what it gives and what it locks. Rows that a statement writes are locked
until commit; it locks others only where its sentence says so.
"""
