"""The benchmark. `python -m bench` lists what it measures, and is the one way in.

The packages `alone`, `noop` and `peers` in it are programs under test: `targets` starts them as
servers of their own.
"""
