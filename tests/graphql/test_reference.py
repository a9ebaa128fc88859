"""The schema reference: whole, safe, and within its own address."""

import re

from iuran.graphql.reference import reference
from iuran.graphql.schema import executable_schema
from tests.graphql.conftest import Frontend


async def test_the_page_is_served_and_loads_nothing_from_elsewhere(frontend: Frontend) -> None:
    page = await frontend.client.get("/graphql/reference")
    names = re.findall(r'(?:src|href)="\.\./([^"]+)"', page.text)
    loaded = [await frontend.client.get("/" + name) for name in names]

    assert page.status_code == 200
    assert page.text == reference()
    assert "unsafe" not in page.headers["content-security-policy"]
    assert not re.search(r'<style|\son\w+="|https?://[^<\s]*"', page.text)
    assert len(names) == 2
    assert all(file.status_code == 200 for file in loaded)


def test_every_field_of_every_type_stands_on_it() -> None:
    page = reference()
    types = {n: t for n, t in executable_schema().type_map.items() if not n.startswith("__")}
    fields = {name for kind in types.values() for name in getattr(kind, "fields", ())}

    assert {name for name in fields if f"<dt><code>{name}</code>" not in page} == set()
    assert re.findall(r'<section id="(\w+)">', page)[0] == "Query"


def test_every_link_leads_to_something() -> None:
    page = reference()
    linked = set(re.findall(r'href="#(\w+)"', page))
    explained = set(re.findall(r'<section id="(\w+)">', page))

    assert linked
    assert linked <= explained


def test_names_in_descriptions_are_set_as_code() -> None:
    page = reference()

    assert "Give either this or <code>last</code>." in page
    assert "`" not in page
