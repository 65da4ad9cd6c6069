"""The benchmark. `python -m bench` lists its studies and runs them.

The packages `alone`, `noop` and `peers` are programs under test: `targets` starts them as servers
of their own.
"""
