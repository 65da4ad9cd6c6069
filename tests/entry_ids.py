"""Entry IDs that tests share: the largest there is, and texts that are none."""

MAX = "18446744073709551615"
"""The largest value of either part."""

BADID = "ERR Invalid stream ID specified as stream command argument"
"""What is replied to a text that is no ID."""

NEVER_AN_ID = [
    "",
    "-",
    "1-",
    "-1",
    "1-1-1",
    "1--1",
    "abc",
    "1-abc",
    "3.0",
    "3 -0",
    "3-0 ",
    "0x5-0",
    "1e3",
    "1_0",
    "٣",
    "３-0",
    "++3",
    "18446744073709551616",
    "1-18446744073709551616",
    "99999999999999999999999999",
    "$",
    ">",
    "+",
    "*",
    "1-*",
    "*-*",
    "(1-0",
    "[1-0",
]
"""Texts that name no entry; some commands give one of them a meaning of its own, such as `$`."""
