"""What every suite is given: the server the driver started, and ways in."""

import os
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests

ADMIN = "6816f79cc0a8016401c5a33be04be441"


@pytest.fixture(scope="session")
def office():
    url = os.environ["FIELDLINE_URL"]
    return SimpleNamespace(
        url=url,
        host=urlsplit(url).netloc,
        user=os.environ["FIELDLINE_USER"],
        password=os.environ["FIELDLINE_PASSWORD"],
        client_id=os.environ["FIELDLINE_CLIENT_ID"],
        client_secret=os.environ["FIELDLINE_CLIENT_SECRET"],
    )


@pytest.fixture(scope="session")
def http(office):
    """A plain session, to look at what a client did without that client."""
    with requests.Session() as session:
        session.auth = (office.user, office.password)
        session.headers["Accept"] = "application/json"
        yield session


@pytest.fixture
def incident(office, http):
    """An incident that is gone after the test."""
    address = f"{office.url}/api/now/table/incident"
    answer = http.post(address, json={"short_description": "Made for one test"})
    assert answer.status_code == 201, answer.text
    record = answer.json()["result"]
    yield record
    http.delete(f"{address}/{record['sys_id']}")
