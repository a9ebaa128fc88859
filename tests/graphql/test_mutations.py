"""What every mutation keeps: once, wholly or not at all, in order, and refused in plain words."""

import asyncio
import json
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest

from iuran.core.clock import WIB
from iuran.core.database.pool import Pool
from iuran.core.identifiers import Sex
from iuran.graphql.compiler.answers import CompiledReads
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from tests.builders import a_nik
from tests.graphql.conftest import Frontend, Insured, code_of
from tests.graphql.wishes import PROBLEM, wish, wished

BIRTH = datetime(1990, 5, 17, tzinfo=WIB).date()
KEY = "0f8e8d7e-one-wish"


def a_person(*, relation: str = "HEAD", name: str = "SEKAR CONTOH") -> dict[str, Any]:
    return {
        "nik": a_nik(BIRTH, Sex.FEMALE),
        "name": name,
        "birthDate": BIRTH.isoformat(),
        "sex": "FEMALE",
        "relation": relation,
    }


def a_new_family() -> dict[str, Any]:
    return {
        "familyCardNumber": "9900000000001234",
        "careClass": "II",
        "participants": [a_person(), a_person(relation="CHILD", name="ANAK CONTOH")],
    }


async def families(pool: Pool) -> int:
    count: int = await pool.fetchval("SELECT count(*) FROM family")
    return count


async def test_a_family_is_registered_with_an_account_for_each_member(
    frontend: Frontend,
) -> None:
    result = await wished(
        frontend,
        "registerFamily",
        a_new_family(),
        "replayed family { familyCardNumber membership { state careClass } "
        "participants { name virtualAccount { number } } }",
    )

    assert result["__typename"] == "RegisterFamilyPayload"
    assert result["replayed"] is False
    assert result["family"]["familyCardNumber"] == "9900000000001234"
    assert result["family"]["membership"] == {"state": "PENDING", "careClass": "II"}
    assert [one["name"] for one in result["family"]["participants"]] == [
        "SEKAR CONTOH",
        "ANAK CONTOH",
    ]
    assert all(one["virtualAccount"]["number"] for one in result["family"]["participants"])


async def test_the_same_wish_again_changes_nothing_and_answers_the_same(
    frontend: Frontend, pool: Pool
) -> None:
    given = {"idempotencyKey": KEY, **a_new_family()}
    first = await wished(frontend, "registerFamily", given, "replayed family { id }")

    again = await wished(frontend, "registerFamily", given, "replayed family { id }")

    assert again == {**first, "replayed": True}
    assert await families(pool) == 1


async def test_dates_and_months_are_replayed_as_they_were(
    frontend: Frontend, insured: Insured
) -> None:
    given = {
        "idempotencyKey": KEY,
        "membershipId": insured.keys["membership"],
        "person": a_person(relation="SPOUSE"),
    }
    first = await wished(frontend, "addMember", given, "firstMonth participant { name }")

    again = await wished(frontend, "addMember", given, "firstMonth participant { name }")

    assert first == again
    assert first["firstMonth"] == "2026-01"
    assert first["participant"] == {"name": "SEKAR CONTOH"}


async def test_a_change_whose_answer_cannot_be_read_is_not_made(
    frontend: Frontend, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error means that nothing was done: the same wish may be sent again."""
    given = {"idempotencyKey": KEY, **a_new_family()}
    sent = {"query": wish("registerFamily", "family { id }"), "variables": {"input": given}}
    headers = frontend.headers(Role.BRANCH_OFFICER)

    async def time_out(*_: object, **__: object) -> None:
        raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")

    with monkeypatch.context() as patched:
        patched.setattr(CompiledReads, "payload", time_out)
        answer = await frontend.client.post("/graphql", json=sent, headers=headers)
    nothing = await families(pool)
    again = await wished(frontend, "registerFamily", given, "replayed")

    assert answer.json()["data"] == {"registerFamily": None}
    assert code_of(answer.json()) == "TIMEOUT"
    assert (nothing, again["replayed"]) == (0, False)


async def test_an_answer_is_read_before_others_see_the_change(
    frontend: Frontend, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nothing that others do can show in it."""
    seen_by_others: list[int] = []
    read = CompiledReads.payload

    async def looking(*given: Any, **named: Any) -> bytes:  # noqa: ANN401 - handed on
        seen_by_others.append(await families(pool))
        return await read(*given, **named)

    monkeypatch.setattr(CompiledReads, "payload", looking)
    result = await wished(
        frontend, "registerFamily", a_new_family(), "family { participants { name } }"
    )

    assert seen_by_others == [0]
    assert [one["name"] for one in result["family"]["participants"]] == [
        "SEKAR CONTOH",
        "ANAK CONTOH",
    ]


async def test_a_key_stands_for_one_input(frontend: Frontend, pool: Pool) -> None:
    given = {"idempotencyKey": KEY, **a_new_family()}
    await wished(frontend, "registerFamily", given)

    other = await wished(frontend, "registerFamily", {**given, "careClass": "III"})

    assert other["__typename"] == "IdempotencyKeyReused"
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await families(pool) == 1


async def test_a_key_belongs_to_who_sent_it(frontend: Frontend, insured: Insured) -> None:
    given = {"idempotencyKey": KEY, "membershipId": insured.keys["membership"], "careClass": "II"}

    his = await wished(
        frontend,
        "changeCareClass",
        given,
        role=Role.PARTICIPANT,
        family_id=insured.family_id,
    )
    officers = await wished(frontend, "registerFamily", {"idempotencyKey": KEY, **a_new_family()})

    assert his["code"] == "CLASS_CHANGE_TOO_EARLY"
    assert officers["__typename"] == "RegisterFamilyPayload"


async def test_two_at_once_have_one_effect(frontend: Frontend, pool: Pool) -> None:
    given = {"idempotencyKey": KEY, **a_new_family()}

    results = await asyncio.gather(
        *(wished(frontend, "registerFamily", given, "replayed family { id }") for _ in range(6))
    )

    assert {result["family"]["id"] for result in results} == {results[0]["family"]["id"]}
    assert sorted(result["replayed"] for result in results) == [False, *[True] * 5]
    assert await families(pool) == 1


async def test_a_refusal_is_not_remembered(frontend: Frontend, insured: Insured) -> None:
    """Nothing happened under the key, so it may stand for what is wished instead."""
    given = {"idempotencyKey": KEY, "membershipId": insured.keys["membership"], "careClass": "III"}
    first = await wished(frontend, "changeCareClass", given)

    again = await wished(frontend, "changeCareClass", {**given, "careClass": "II"})

    assert first["__typename"] == "TooEarly"
    assert again["__typename"] == "TooEarly"


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with blanks in it", "dengan-huruf-é"])
async def test_a_key_of_the_wrong_form_is_told(frontend: Frontend, key: str) -> None:
    result = await wished(frontend, "registerFamily", {"idempotencyKey": key, **a_new_family()})

    assert result["__typename"] == "InvalidInput"
    assert result["path"] == ["input", "idempotencyKey"]


async def test_problems_tell_their_values(frontend: Frontend, insured: Insured) -> None:
    document = wish("changeCareClass").replace(
        PROBLEM, f"{PROBLEM} ... on TooEarly {{ possibleFrom }}"
    )
    given = {
        "idempotencyKey": KEY,
        "membershipId": insured.keys["membership"],
        "careClass": "II",
    }

    result = (await frontend.data(document, input=given))["changeCareClass"]

    assert result["possibleFrom"] == "2026-12-06"
    assert "2026-12-06" in result["message"]
    assert result["path"] == ["input"]


@pytest.mark.parametrize(
    ("accepts", "begins"),
    [("id-ID,id;q=0.9,en;q=0.8", "Kelas rawat"), ("en-GB", "a change"), ("", "a change")],
)
async def test_problems_speak_the_language_that_is_asked_for(
    frontend: Frontend, insured: Insured, accepts: str, begins: str
) -> None:
    given = {"idempotencyKey": KEY, "membershipId": insured.keys["membership"], "careClass": "II"}

    answer = await frontend.client.post(
        "/graphql",
        json={"query": wish("changeCareClass"), "variables": {"input": given}},
        headers={**frontend.headers(Role.BRANCH_OFFICER), "accept-language": accepts},
    )

    assert answer.json()["data"]["changeCareClass"]["message"].startswith(begins)


async def test_several_are_done_one_after_another_and_each_by_itself(
    frontend: Frontend, pool: Pool
) -> None:
    """The second is refused for what the first did, and takes nothing of it back."""
    first = {"idempotencyKey": "key-number-1", **a_new_family()}
    document = (
        "mutation ($first: RegisterFamilyInput!, $second: RegisterFamilyInput!) {"
        " a: registerFamily(input: $first) { __typename }"
        f" b: registerFamily(input: $second) {{ __typename {PROBLEM} }}"
        " c: registerFamily(input: $first) { ... on RegisterFamilyPayload { replayed "
        "family { familyCardNumber } } } }"
    )

    data = await frontend.data(
        document, first=first, second={**first, "idempotencyKey": "key-number-2"}
    )

    assert data["a"] == {"__typename": "RegisterFamilyPayload"}
    assert data["b"]["code"] == "ALREADY_REGISTERED"
    assert data["c"] == {"replayed": True, "family": {"familyCardNumber": "9900000000001234"}}
    assert await families(pool) == 1


async def test_a_mutation_by_get_is_refused_and_nothing_is_done(
    frontend: Frontend, pool: Pool
) -> None:
    answer = await frontend.client.get(
        "/graphql",
        params={
            "query": wish("registerFamily"),
            "variables": json.dumps({"input": {"idempotencyKey": KEY, **a_new_family()}}),
        },
        headers=frontend.headers(Role.BRANCH_OFFICER),
    )

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert await families(pool) == 0


async def test_a_token_for_reading_changes_nothing(frontend: Frontend, pool: Pool) -> None:
    token = frontend.issuer.issue(Role.BRANCH_OFFICER, scope="iuran:read")

    answer: httpx.Response = await frontend.client.post(
        "/graphql",
        json={
            "query": wish("registerFamily"),
            "variables": {"input": {"idempotencyKey": KEY, **a_new_family()}},
        },
        headers={"authorization": f"Bearer {token}"},
    )

    assert answer.status_code == 403
    assert code_of(answer.json()) == "SCOPE_MISSING"
    assert await families(pool) == 0


async def test_forbidden_looks_like_missing(frontend: Frontend, insured: Insured) -> None:
    given = {"idempotencyKey": KEY, "careClass": "II"}
    stranger: dict[str, Any] = {"role": Role.PARTICIPANT, "family_id": 987_654}

    forbidden = await wished(
        frontend,
        "changeCareClass",
        {**given, "membershipId": insured.keys["membership"]},
        **stranger,
    )
    missing = await wished(
        frontend,
        "changeCareClass",
        {**given, "membershipId": id_of("Membership", 555, 1)},
        **stranger,
    )

    assert forbidden == missing
    assert missing["__typename"] == "NotFound"


async def test_an_id_of_another_kind_is_told(frontend: Frontend, insured: Insured) -> None:
    result = await wished(
        frontend, "changeCareClass", {"membershipId": insured.keys["family"], "careClass": "II"}
    )

    assert result["__typename"] == "InvalidInput"
    assert result["path"] == ["input", "membershipId"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"name": " "}, ["input", "participants", "1", "name"]),
        ({"email": "nobody"}, ["input", "participants", "1", "email"]),
        ({"phone": "belum ada"}, ["input", "participants", "1", "phone"]),
        ({"birthDate": "2026-01-06"}, ["input", "participants", "1", "birthDate"]),
    ],
)
async def test_a_problem_leads_to_the_person_that_it_is_about(
    frontend: Frontend, wrong: dict[str, str], path: list[str]
) -> None:
    given = a_new_family()
    given["participants"][1] |= wrong

    result = await wished(frontend, "registerFamily", given)

    assert result["path"] == path


async def test_a_person_who_is_registered_already_is_pointed_at(frontend: Frontend) -> None:
    known, given = a_new_family(), a_new_family()
    await wished(frontend, "registerFamily", known, "replayed")
    given["familyCardNumber"] = "9900000000001235"
    given["participants"][1]["nik"] = known["participants"][0]["nik"]

    result = await wished(frontend, "registerFamily", given)

    assert result["code"] == "ALREADY_REGISTERED"
    assert result["path"] == ["input", "participants", "1", "nik"]


async def test_a_problem_of_a_person_within_an_input_leads_there(
    frontend: Frontend, insured: Insured
) -> None:
    person = a_person(relation="CHILD") | {"email": "nobody"}
    given = {"membershipId": insured.keys["membership"], "person": person}

    result = await wished(frontend, "addMember", given)

    assert result["path"] == ["input", "person", "email"]
