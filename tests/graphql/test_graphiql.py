import re
from importlib.resources import files

import pytest
from graphql import parse

from iuran.graphql.documents import Documents
from iuran.graphql.limits import Limits
from iuran.graphql.schema import executable_schema
from tests.graphql.conftest import Frontend

STATIC = files("iuran.graphql").joinpath("static")


async def test_the_page_is_public_and_loads_nothing_from_elsewhere(frontend: Frontend) -> None:
    page = await frontend.client.get("/graphiql")
    names = re.findall(r'(?:src|<link[^>]* href)="(?!data:)([^"]+)"', page.text)
    loaded = [await frontend.client.get("/" + name) for name in names]

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=", page.text)
    assert len(names) == 7
    assert all(name.startswith("graphiql/static/") for name in names)
    assert all(file.status_code == 200 for file in loaded)
    assert all(file.headers["x-content-type-options"] == "nosniff" for file in loaded)


async def test_files_are_compressed_for_those_who_can_read_it(frontend: Frontend) -> None:
    path = "/graphiql/static/graphiql.min.js"
    small = await frontend.client.get(path, headers={"accept-encoding": "gzip"})
    plain = await frontend.client.get(path, headers={"accept-encoding": "identity"})

    assert small.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert small.content == plain.content  # httpx unpacks it
    assert int(small.headers["content-length"]) < len(plain.content) / 2


@pytest.mark.parametrize("name", ["nothing.js", "..%2fhttp.py", "%2e%2e/http.py", ""])
async def test_no_other_file_is_served(frontend: Frontend, name: str) -> None:
    assert (await frontend.client.get(f"/graphiql/static/{name}")).status_code == 404


def test_the_first_query_is_valid_and_within_the_limits() -> None:
    script = STATIC.joinpath("first-query.js").read_text()
    query = script.split("FIRST_QUERY = `")[1].split("`;")[0]
    documents = Documents(executable_schema(), Limits())

    names = re.findall(r"^(?:query|subscription) (\w+)", query, re.MULTILINE)
    prepared = [
        documents.prepare(query, operation_name=name, variables={}, only_queries=False)
        for name in names
    ]

    assert len(names) == 5
    assert len(parse(query).definitions) == 6
    assert all(one.measure.cost > 0 for one in prepared)


def test_licences_travel_with_the_files() -> None:
    text = STATIC.joinpath("LICENSES.txt").read_text()

    assert text.count("Permission is hereby granted, free of charge") == 2
