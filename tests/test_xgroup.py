"""XGROUP (XGROUP-1 to XGROUP-15)."""

from typing import Any

import pytest

from tests.api import Api
from tests.builders import add_numbered
from tests.entry_ids import BADID

pytestmark = pytest.mark.django_db

REQUIRES_KEY = (
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use"
    " the MKSTREAM option to create an empty stream automatically."
)
INTEGER = "ERR value is not an integer or out of range"


def group(api: Api, name: str = "g") -> dict[str, Any]:
    (found,) = [info for info in api.run("XINFO", "GROUPS", "k") if info["name"] == name]
    return dict(found)


def sub_syntax(subcommand: str) -> str:
    return (
        f"ERR unknown subcommand or wrong number of arguments for '{subcommand}'. Try XGROUP HELP."
    )


class TestCreate:
    def test_it_makes_a_group_at_an_id_or_at_the_end_xgroup_1_xgroup_4(self, api: Api) -> None:
        add_numbered(api, "k", 3)
        assert api.run("XGROUP", "CREATE", "k", "end", "$") == "OK"
        assert api.run("XGROUP", "CREATE", "k", "start", "0") == "OK"
        assert api.run("XGROUP", "CREATE", "k", "beyond", "9") == "OK"
        places = [
            (info["name"], info["last-delivered-id"]) for info in api.run("XINFO", "GROUPS", "k")
        ]
        assert places == [("beyond", "9-0"), ("end", "3-0"), ("start", "0-0")]

    def test_a_new_group_has_nothing_xgroup_7(self, api: Api) -> None:
        add_numbered(api, "k", 1)
        api.run("XGROUP", "CREATE", "k", "g", "$")
        assert group(api) == {
            "name": "g", "consumers": 0, "pending": 0, "last-delivered-id": "1-0",
            "entries-read": None, "lag": 0,
        }  # fmt: skip

    @pytest.mark.parametrize(("given", "shown"), [("3", 3), ("0", 0), ("-1", None), ("99", 99)])
    def test_it_takes_the_read_counter_xgroup_7_xgroup_8(
        self, api: Api, given: str, shown: int | None
    ) -> None:
        add_numbered(api, "k", 1)
        api.run("XGROUP", "CREATE", "k", "g", "$", "ENTRIESREAD", given)
        assert group(api)["entries-read"] == shown

    def test_options_come_in_any_order_and_repeat_xgroup_1(self, api: Api) -> None:
        words = ("MKSTREAM", "ENTRIESREAD", "5")
        assert api.run("XGROUP", "CREATE", "k", "g", "$", *words) == "OK"
        assert api.run("XGROUP", "create", "k", "h", "$", "entriesread", "5", "mkstream") == "OK"
        assert (
            api.run("XGROUP", "CREATE", "k", "i", "$", "MKSTREAM", "MKSTREAM", "MKSTREAM") == "OK"
        )

    def test_mkstream_makes_an_empty_stream_xgroup_6(self, api: Api) -> None:
        assert api.run("XGROUP", "CREATE", "k", "g", "7-7", "MKSTREAM") == "OK"
        info = api.run("XINFO", "STREAM", "k")
        assert (info["length"], info["last-generated-id"]) == (0, "0-0")
        assert group(api)["last-delivered-id"] == "7-7"
        assert api.run("XGROUP", "CREATE", "k", "h", "$", "MKSTREAM") == "OK"

    @pytest.mark.parametrize("text", ["-", "+", ">", "1-*", "abc", ""])
    def test_a_bad_id_makes_neither_group_nor_stream_xgroup_4(self, api: Api, text: str) -> None:
        assert api.refusal("XGROUP", "CREATE", "k", "g", text, "MKSTREAM") == BADID
        assert api.refusal("XINFO", "STREAM", "k") == "ERR no such key"

    def test_a_name_is_taken_only_once_xgroup_5(self, api: Api) -> None:
        api.run("XGROUP", "CREATE", "k", "g", "$", "MKSTREAM")
        busy = "BUSYGROUP Consumer Group name already exists"
        assert api.refusal("XGROUP", "CREATE", "k", "g", "$") == busy
        assert api.refusal("XGROUP", "CREATE", "k", "g", "abc") == BADID

    @pytest.mark.parametrize(
        ("words", "refusal"),
        [
            (("k", "g"), "ERR wrong number of arguments for 'xgroup|create' command"),
            (("k", "g", "$", "NONE"), sub_syntax("CREATE")),
            (("k", "g", "$", "ENTRIESREAD"), sub_syntax("CREATE")),
            (("k", "g", "$", "ENTRIESREAD", "x"), INTEGER),
            (("k", "g", "$", "ENTRIESREAD", "-2"),
             "ERR value for ENTRIESREAD must be positive or -1"),
            (("k", "g", "abc"), REQUIRES_KEY),
            (("k", "g", "$", *["MKSTREAM"] * 4), sub_syntax("CREATE")),
        ],
    )  # fmt: skip
    def test_it_checks_in_redis_order_xgroup_2_xgroup_3(
        self, api: Api, words: tuple[str, ...], refusal: str
    ) -> None:
        assert api.refusal("XGROUP", "CREATE", *words) == refusal


class TestSetId:
    @pytest.mark.parametrize(
        ("text", "place"),
        [("$", "3-0"), ("0", "0-0"), ("-", "0-0"), ("2", "2-0"), ("9-9", "9-9"),
         ("+", "18446744073709551615-18446744073709551615")],
    )  # fmt: skip
    def test_it_moves_the_group_anywhere_xgroup_11(self, api: Api, text: str, place: str) -> None:
        add_numbered(api, "k", 3)
        api.run("XGROUP", "CREATE", "k", "g", "1", "ENTRIESREAD", "1")
        assert api.run("XGROUP", "SETID", "k", "g", text) == "OK"
        assert (group(api)["last-delivered-id"], group(api)["entries-read"]) == (place, None)
        api.run("XGROUP", "SETID", "k", "g", text, "ENTRIESREAD", "2")
        assert group(api)["entries-read"] == 2

    def test_it_leaves_pending_entries_and_consumers_xgroup_11(self, api: Api) -> None:
        add_numbered(api, "k", 2)
        api.run("XGROUP", "CREATE", "k", "g", "0")
        api.run("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">")
        api.run("XGROUP", "SETID", "k", "g", "0")
        assert api.run("XPENDING", "k", "g") == [2, "1-0", "2-0", [["c", "2"]]]

    @pytest.mark.parametrize(
        ("words", "refusal"),
        [
            (("k", "g"), "ERR wrong number of arguments for 'xgroup|setid' command"),
            (("k", "g", "$", "MKSTREAM"), sub_syntax("SETID")),
            (("k", "g", "$", "ENTRIESREAD", "-2"),
             "ERR value for ENTRIESREAD must be positive or -1"),
            (("none", "g", "abc"), REQUIRES_KEY),
            (("k", "no", "abc"), "NOGROUP No such consumer group 'no' for key name 'k'"),
            (("k", "g", "abc", *["ENTRIESREAD", "1"] * 2), sub_syntax("SETID")),
            (("k", "g", "abc"), BADID),
        ],
    )  # fmt: skip
    def test_it_checks_in_redis_order_xgroup_9_xgroup_10(
        self, api: Api, words: tuple[str, ...], refusal: str
    ) -> None:
        api.run("XGROUP", "CREATE", "k", "g", "$", "MKSTREAM")
        assert api.refusal("XGROUP", "SETID", *words) == refusal


class TestConsumersAndEnd:
    def test_destroy_takes_everything_of_the_group_xgroup_12(self, api: Api) -> None:
        add_numbered(api, "k", 2)
        api.run("XGROUP", "CREATE", "k", "g", "0")
        api.run("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">")
        assert api.run("XGROUP", "DESTROY", "k", "g") == 1
        assert api.run("XGROUP", "DESTROY", "k", "g") == 0
        api.run("XGROUP", "CREATE", "k", "g", "0")
        assert group(api)["pending"] == group(api)["consumers"] == 0

    def test_createconsumer_makes_one_once_xgroup_13_st_9(self, api: Api) -> None:
        api.run("XGROUP", "CREATE", "k", "g", "$", "MKSTREAM")
        assert api.run("XGROUP", "CREATECONSUMER", "k", "g", "c") == 1
        assert api.run("XGROUP", "CREATECONSUMER", "k", "g", "c") == 0
        (consumer,) = api.run("XINFO", "CONSUMERS", "k", "g")
        assert (consumer["name"], consumer["pending"], consumer["inactive"]) == ("c", 0, -1)

    def test_delconsumer_takes_its_pending_entries_xgroup_14(self, api: Api) -> None:
        add_numbered(api, "k", 3)
        api.run("XGROUP", "CREATE", "k", "g", "0")
        api.run("XREADGROUP", "GROUP", "g", "c", "COUNT", "2", "STREAMS", "k", ">")
        assert api.run("XGROUP", "DELCONSUMER", "k", "g", "c") == 2
        assert api.run("XGROUP", "DELCONSUMER", "k", "g", "c") == 0
        assert api.run("XPENDING", "k", "g") == [0, None, None, None]
        read = api.run("XREADGROUP", "GROUP", "g", "d", "STREAMS", "k", ">")
        assert [entry[0] for entry in read["k"]] == ["3-0"]

    @pytest.mark.parametrize("subcommand", ["CREATECONSUMER", "DELCONSUMER"])
    def test_they_need_stream_and_group_xgroup_3_xgroup_10(self, api: Api, subcommand: str) -> None:
        assert api.refusal("XGROUP", subcommand, "k", "g", "c") == REQUIRES_KEY
        add_numbered(api, "k", 1)
        no_group = "NOGROUP No such consumer group 'g' for key name 'k'"
        assert api.refusal("XGROUP", subcommand, "k", "g", "c") == no_group
        assert api.refusal("XGROUP", "DESTROY", "none", "g") == REQUIRES_KEY

    def test_names_are_listed_in_byte_order_gen_15(self, api: Api) -> None:
        api.run("XGROUP", "CREATE", "k", "é", "$", "MKSTREAM")
        for name in ("a", "", "Ab", "ab", "B"):
            api.run("XGROUP", "CREATE", "k", name, "$")
            api.run("XGROUP", "CREATECONSUMER", "k", "é", name)
        ordered = ["", "Ab", "B", "a", "ab"]
        assert [info["name"] for info in api.run("XINFO", "GROUPS", "k")] == [*ordered, "é"]
        assert [info["name"] for info in api.run("XINFO", "CONSUMERS", "k", "é")] == ordered

    @pytest.mark.parametrize(("command", "lines"), [("XGROUP", 17), ("XINFO", 9)])
    def test_help_is_text_xgroup_15_xinfo_1(self, api: Api, command: str, lines: int) -> None:
        text = api.run(command, "HELP")
        assert len(text) == lines
        assert command in text[0]
        assert "Subcommands are:" in text[0]
        refusal = f"ERR wrong number of arguments for '{command.lower()}|help' command"
        assert api.refusal(command, "HELP", "x") == refusal
