"""The operators' console: it shows what there is, safely and cheaply, and changes nothing."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streams.admin import shown
from streams.admin.readonly import ROWS_PER_PAGE
from streams.domain.scopes import Scope
from streams.models import ApiKey, Consumer, ConsumerGroup, Plate, Stream

KINDS = ["plate", "apikey", "stream", "consumergroup", "consumer"]
PASSWORD = "correct horse"

ODD = "nul\0<b>&\u202e{{ 7 }}"
ODD_AS_SHOWN = r"nul\x00&lt;b&gt;&amp;\u202e{{ 7 }}"
HEBREW = "שלום"


@dataclass(frozen=True)
class Rows:
    """One row of each kind."""

    plate: Plate
    apikey: ApiKey
    stream: Stream
    consumergroup: ConsumerGroup
    consumer: Consumer


def make_rows(plate: str, name: str) -> Rows:
    tenant = Plate.objects.create(name=plate)
    key = ApiKey.objects.create(
        plate=tenant,
        name=name.replace("\0", ""),
        scope=Scope.WRITE,
        prefix=f"plt_{plate}",
        digest=hashlib.sha256(plate.encode()).digest(),
    )
    stream = Stream.objects.create(
        plate=tenant, key=name, length=3, last_generated_ms=2**64 - 1, last_generated_seq=7
    )
    group = ConsumerGroup.objects.create(
        plate=tenant, stream=stream, name=name, last_delivered_ms=1526919030474
    )
    consumer = Consumer.objects.create(
        plate=tenant, group=group, name=name, seen_at=1526919030474, pending_count=2
    )
    return Rows(tenant, key, stream, group, consumer)


@pytest.fixture
def rows(db: None) -> Rows:
    """A plate's rows."""
    return make_rows("acme", "events")


@pytest.fixture
def console(db: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


def staff_who_may(*permissions: str) -> Client:
    user = User.objects.create(username="staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def list_url(kind: str) -> str:
    return f"/admin/streams/{kind}/"


def detail_url(kind: str, rows: Rows) -> str:
    return f"{list_url(kind)}{getattr(rows, kind).pk}/change/"


def page(response: Any) -> str:
    assert response.status_code == 200, response
    return str(response.content.decode())


def listed(response: Any) -> list[Any]:
    page(response)
    return [row.pk for row in response.context["cl"].result_list]


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that runs meanwhile."""
    run: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield run
    run.extend(query["sql"] for query in captured.captured_queries)


# Signing in


def test_it_sends_strangers_to_the_login_page(db: None) -> None:
    response = Client().get("/admin/")

    assert response.status_code == 302
    assert response["Location"] == "/admin/login/?next=/admin/"
    assert "Plates" in page(Client().get(response["Location"]))


def test_it_lets_a_superuser_in_with_the_form(rows: Rows) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    client = Client(enforce_csrf_checks=True)
    client.get("/admin/login/")
    form = {
        "username": "root",
        "password": PASSWORD,
        "csrfmiddlewaretoken": client.cookies["csrftoken"].value,
        "next": "/admin/",
    }

    response = client.post("/admin/login/", form)

    assert (response.status_code, response["Location"]) == (302, "/admin/")
    home = page(client.get("/admin/"))
    for kind in KINDS:
        assert list_url(kind) in home


def test_it_refuses_a_form_without_a_csrf_token(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "root"})

    assert response.status_code == 403


@pytest.mark.parametrize("kind", KINDS)
def test_it_shows_strangers_nothing(kind: str, rows: Rows) -> None:
    for url in (list_url(kind), detail_url(kind, rows)):
        assert Client().get(url).status_code == 302


def test_a_member_of_staff_sees_what_is_permitted(rows: Rows) -> None:
    client = staff_who_may("view_stream")

    page(client.get(list_url("stream")))
    page(client.get(detail_url("stream", rows)))
    for kind in ("plate", "apikey", "consumergroup", "consumer"):
        assert client.get(list_url(kind)).status_code == 403
        assert client.get(detail_url(kind, rows)).status_code == 403
        assert list_url(kind) not in page(client.get("/admin/"))


# Lists and pages


@pytest.mark.parametrize("kind", KINDS)
def test_it_lists_rows(kind: str, console: Client, rows: Rows) -> None:
    response = console.get(list_url(kind))

    assert listed(response) == [getattr(rows, kind).pk]
    assert detail_url(kind, rows) in page(response)


@pytest.mark.parametrize("kind", KINDS)
def test_it_shows_a_row(kind: str, console: Client, rows: Rows) -> None:
    assert "acme" in page(console.get(detail_url(kind, rows)))


def test_it_shows_ids_and_instants_as_people_read_them(console: Client, rows: Rows) -> None:
    assert "18446744073709551615-7" in page(console.get(list_url("stream")))
    assert "1526919030474-0" in page(console.get(list_url("consumergroup")))
    consumers = page(console.get(list_url("consumer")))
    assert "2018-05-21 16:10:30.474 UTC" in consumers
    assert "never" in consumers


def test_it_says_in_words_what_is_not_there(console: Client, rows: Rows) -> None:
    assert "never" in page(console.get(detail_url("consumer", rows)))
    assert "unknown" in page(console.get(detail_url("consumergroup", rows)))
    assert "never" in page(console.get(detail_url("apikey", rows)))


def test_a_page_is_called_by_its_row_to_the_letter(console: Client, rows: Rows) -> None:
    assert "Stream events" in page(console.get(detail_url("stream", rows)))


@pytest.mark.parametrize("instant", [-(2**63), 2**63 - 1])
def test_it_shows_instants_that_no_calendar_has(instant: int) -> None:
    assert shown.unix_ms(instant, "never") == f"{instant} ms"


def test_links_lead_from_a_stream_to_its_groups_to_their_consumers(
    console: Client, rows: Rows
) -> None:
    make_rows("other", "events")
    to_groups = f"plate__id__exact={rows.plate.pk}&stream={rows.stream.pk}"
    to_consumers = f"plate__id__exact={rows.plate.pk}&group={rows.consumergroup.pk}"

    assert to_groups.replace("&", "&amp;") in page(console.get(list_url("stream")))
    groups = console.get(f"{list_url('consumergroup')}?{to_groups}")
    consumers = console.get(f"{list_url('consumer')}?{to_consumers}")

    assert listed(groups) == [rows.consumergroup.pk]
    assert to_consumers.replace("&", "&amp;") in page(groups)
    assert listed(consumers) == [rows.consumer.pk]


@pytest.mark.parametrize("kind", ["apikey", "stream", "consumergroup", "consumer"])
def test_it_filters_by_plate(kind: str, console: Client, rows: Rows) -> None:
    make_rows("other", "events")

    response = console.get(f"{list_url(kind)}?plate__id__exact={rows.plate.pk}")

    assert listed(response) == [getattr(rows, kind).pk]


def test_it_finds_plates_to_filter_by(console: Client, rows: Rows) -> None:
    make_rows("other", "events")
    query = "app_label=streams&model_name=stream&field_name=plate&term=acm"

    response = console.get(f"/admin/autocomplete/?{query}")

    assert response.json() == {
        "results": [{"id": str(rows.plate.pk), "text": "acme"}],
        "pagination": {"more": False},
    }


@pytest.mark.parametrize("kind", ["stream", "consumergroup", "consumer"])
@pytest.mark.parametrize("part", ["invoices", "oic", "invoices/ü", "nvoices/%C3%BC"])
def test_it_finds_names_by_a_part(kind: str, part: str, console: Client, rows: Rows) -> None:
    wanted = make_rows("other", "invoices/ü")

    response = console.get(f"{list_url(kind)}?q={part}")

    assert listed(response) == [getattr(wanted, kind).pk]


@pytest.mark.parametrize("part", ["INVOICES", "%25", "_", "x", "%00", "%FF"])
def test_it_finds_no_names_that_do_not_hold_the_part(
    part: str, console: Client, rows: Rows
) -> None:
    response = console.get(f"{list_url('stream')}?q={part}")

    assert listed(response) == []


@pytest.mark.parametrize("stream", ["x", "99999999", "%C2%B2", 10**30])
def test_a_stream_that_is_none_has_no_groups(stream: object, console: Client, rows: Rows) -> None:
    assert listed(console.get(f"{list_url('consumergroup')}?stream={stream}")) == []


@pytest.mark.parametrize("query", ["p=0", "p=1001", "p=x", "plate__id__exact=x", "nonsense=1"])
def test_it_starts_over_when_the_query_is_nonsense(query: str, console: Client, rows: Rows) -> None:
    response = console.get(f"{list_url('stream')}?{query}", follow=True)

    assert response.status_code == 200
    assert "Stream" in response.content.decode()


def test_it_says_which_keys_are_of_use(console: Client, rows: Rows) -> None:
    past = timezone.now() - timedelta(seconds=1)
    for number, fields in enumerate([{"expires_at": past}, {"revoked_at": past}]):
        ApiKey.objects.create(
            plate=rows.plate, scope="read", prefix="plt_x", digest=bytes([number]), **fields
        )

    text = page(console.get(list_url("apikey")))

    assert all(state in text for state in ("Active", "Expired", "Revoked"))


def test_it_says_which_keys_a_disabled_plate_refuses(console: Client, rows: Rows) -> None:
    Plate.objects.update(is_enabled=False)
    assert "Plate disabled" in page(console.get(list_url("apikey")))


# Names


@pytest.mark.parametrize("kind", ["stream", "consumergroup", "consumer"])
def test_it_shows_odd_names_and_lets_none_act(kind: str, console: Client, db: None) -> None:
    odd = make_rows("odd", ODD)

    for url in (list_url(kind), detail_url(kind, odd)):
        text = page(console.get(url))
        assert ODD_AS_SHOWN in text
        assert "\0" not in text
        assert "\u202e" not in text
        assert "<b>" not in text


def test_it_shows_odd_names_in_filters(console: Client, db: None) -> None:
    odd = make_rows("odd", ODD)

    text = page(console.get(f"{list_url('consumergroup')}?stream={odd.stream.pk}"))

    assert "\0" not in text
    assert "<b>" not in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain", "plain"),
        ("two words", "two words"),
        ("", '""'),
        (HEBREW, HEBREW),
        ("\n\t\x7f", r"\n\t\x7f"),
        ("\\x00", r"\\x00"),
        ("a\u00a0b", r"a\xa0b"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_a_name_is_shown_so_that_no_other_looks_the_same(name: str, text: str) -> None:
    assert shown.plain(name) == text


def test_the_direction_of_a_name_does_not_spread(console: Client, db: None) -> None:
    make_rows("odd", HEBREW)

    assert f"<bdi>{HEBREW}</bdi>" in page(console.get(list_url("stream")))


@pytest.mark.parametrize(("length", "is_whole"), [(40, True), (41, False)])
def test_a_list_shortens_names(length: int, is_whole: bool, console: Client, db: None) -> None:
    rows = make_rows("long", "n" * length)

    assert (f">{'n' * length}<" in page(console.get(list_url("stream")))) is is_whole
    assert f">{'n' * length}<" in page(console.get(detail_url("stream", rows)))


# Cost


def add_rows(plate: Plate, count: int) -> None:
    """So many more of each kind, every one in a stream and group of its own."""
    for number in range(count):
        make_rows(f"{plate.name}-{number}", f"{plate.name}-{number}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_costs_the_same_statements_however_many_rows(
    kind: str, console: Client, rows: Rows
) -> None:
    console.get(list_url(kind))
    with statements() as for_one:
        page(console.get(list_url(kind)))
    add_rows(rows.plate, 20)
    with statements() as for_many:
        assert len(listed(console.get(list_url(kind)))) == 21

    # The session, the user, the rows.
    assert len(for_many) == len(for_one) == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("query", ["", "?q=e", "?plate__id__exact=1", "?p=2", "?all="])
def test_it_counts_nothing(kind: str, query: str, console: Client, rows: Rows) -> None:
    with statements() as run:
        console.get(f"{list_url(kind)}{query}")
        page(console.get(detail_url(kind, rows)))

    assert [statement for statement in run if "COUNT(" in statement.upper()] == []


def test_pages_know_their_neighbours(console: Client, rows: Rows) -> None:
    Stream.objects.bulk_create(
        Stream(plate=rows.plate, key=f"f-{number:03}") for number in range(2 * ROWS_PER_PAGE - 1)
    )

    pages = [console.get(f"{list_url('stream')}?p={number}") for number in (1, 2, 3)]

    assert [len(listed(response)) for response in pages] == [ROWS_PER_PAGE, ROWS_PER_PAGE, 0]
    links = [
        [f'href="?p={number}"' in page(response) for number in (1, 2, 3)] for response in pages
    ]
    # The last page is full, and still knows that it is the last.
    assert links[:2] == [[False, True, False], [True, False, False]]


def links_to_pages(response: Any) -> list[int]:
    return [int(number) for number in re.findall(r'href="\?p=(\d+)"', page(response))]


# Nothing can be changed


@pytest.mark.parametrize("kind", KINDS)
def test_it_changes_nothing(kind: str, console: Client, rows: Rows) -> None:
    row = getattr(rows, kind)
    before = type(row).objects.values().get()
    urls = [
        f"{list_url(kind)}add/",
        f"{list_url(kind)}{row.pk}/delete/",
        detail_url(kind, rows),
    ]

    answers = [console.post(url, {"name": "x", "post": "yes"}) for url in urls]
    console.post(list_url(kind), {"action": "delete_selected", "_selected_action": [row.pk]})

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert console.get(urls[0]).status_code == 403
    assert console.get(urls[1]).status_code == 403
    assert type(row).objects.values().get() == before


# Secrets


def test_digests_never_appear(console: Client, rows: Rows) -> None:
    digest = bytes(rows.apikey.digest)
    urls = [list_url("apikey"), detail_url("apikey", rows), f"{list_url('apikey')}?q=plt"]

    with statements() as run:
        texts = [page(console.get(url)) for url in urls]

    for text in texts:
        assert rows.apikey.prefix in text
        assert digest.hex() not in text
        assert repr(digest) not in text
    assert [statement for statement in run if '"digest"' in statement] == []


@pytest.mark.parametrize(
    ("kind", "lookup"),
    [
        ("apikey", "digest"),
        ("apikey", "digest__startswith"),
        ("plate", "api_keys__digest__startswith"),
        ("stream", "plate__api_keys__digest__startswith"),
    ],
)
def test_keys_cannot_be_searched_by_digest(
    kind: str, lookup: str, console: Client, rows: Rows
) -> None:
    assert console.get(f"{list_url(kind)}?{lookup}=x").status_code == 400


# The operators


def test_a_superuser_makes_operators(console: Client) -> None:
    page(console.get("/admin/auth/user/"))
    page(console.get("/admin/auth/group/add/"))
    response = console.post(
        "/admin/auth/user/add/",
        {
            "username": "operator",
            "usable_password": "true",
            "password1": "a long enough one",
            "password2": "a long enough one",
        },
    )

    assert response.status_code == 302
    assert User.objects.filter(username="operator").exists()
