"""pysnow, the client most Python scripts were written with, unmodified."""

import pysnow
import pytest
import requests

ADMIN = "6816f79cc0a8016401c5a33be04be441"


@pytest.fixture
def client(office):
    with pysnow.Client(host=office.host, user=office.user, password=office.password) as client:
        yield client


@pytest.fixture
def incidents(client):
    return client.resource(api_path="/table/incident")


class TestQuery:
    def test_one_record_is_got_by_a_dictionary(self, client):
        users = client.resource(api_path="/table/sys_user")
        assert users.get(query={"user_name": "admin"}).one()["sys_id"] == ADMIN

    def test_none_and_several_are_told_apart(self, incidents):
        with pytest.raises(pysnow.exceptions.NoResults):
            incidents.get(query={"number": "INC9999999"}).one()
        assert incidents.get(query={"number": "INC9999999"}).one_or_none() is None
        with pytest.raises(pysnow.exceptions.MultipleResults):
            incidents.get(query={"active": "true"}).one()

    def test_a_built_query_is_understood(self, incidents):
        query = pysnow.QueryBuilder().field("priority").is_empty().OR().field("active").equals("true").AND()
        query = query.field("short_description").contains("portal").AND().field("number").order_descending()
        rows = incidents.get(query=query, limit=5).all()
        assert rows and all("portal" in row["short_description"].lower() for row in rows)
        numbers = [row["number"] for row in rows]
        assert numbers == sorted(numbers, reverse=True)

    def test_a_query_of_moments_is_understood(self, incidents):
        from datetime import datetime, timedelta

        now = datetime.utcnow()
        query = pysnow.QueryBuilder().field("opened_at").between(now - timedelta(days=10), now)
        rows = incidents.get(query=query).all()
        assert rows and len(rows) < len(incidents.get(query={}).all())

    def test_a_list_of_values_is_understood(self, incidents):
        rows = incidents.get(query=pysnow.QueryBuilder().field("state").equals([1, 2])).all()
        assert rows and {row["state"] for row in rows} == {"1", "2"}

    def test_fields_limit_and_offset_are_honoured(self, incidents):
        rows = incidents.get(query="ORDERBYnumber", fields=["number", "sys_id"], limit=4).all()
        assert len(rows) == 4 and set(rows[0]) == {"number", "sys_id"}
        rest = incidents.get(query="ORDERBYnumber", fields=["number"], limit=3, offset=1).all()
        assert [row["number"] for row in rest] == [row["number"] for row in rows[1:]]

    def test_pages_are_streamed(self, incidents):
        answer = incidents.get(query="ORDERBYnumber", limit=60, stream=True)
        numbers = [row["number"] for row in answer.all()]
        assert numbers == sorted(numbers) and len(numbers) == 60 <= int(answer.headers["X-Total-Count"])
        assert incidents.get(query="ORDERBYnumber", limit=60, stream=True).first()["number"] == numbers[0]

    def test_display_values_and_bare_references_come_when_asked_for(self, client):
        client.parameters.display_value = True
        client.parameters.exclude_reference_link = True
        row = client.resource(api_path="/table/incident").get(query="caller_id.user_name=abel.tuter", limit=1).one()
        assert row["caller_id"] == "Abel Tuter"

    def test_fields_of_other_records_are_walked_to(self, incidents):
        row = incidents.get(query="caller_id.user_name=abel.tuter", fields=["caller_id.email"], limit=1).one()
        assert row == {"caller_id.email": "abel.tuter@example.com"}

    def test_an_unknown_table_is_an_http_error(self, client):
        with pytest.raises(requests.HTTPError):
            client.resource(api_path="/table/no_such_table").get(query={}).all()


class TestWrite:
    def test_a_record_is_made_changed_and_deleted(self, incidents):
        made = incidents.create(payload={"short_description": "By pysnow", "impact": "1", "urgency": "1"}).one()
        assert made["number"].startswith("INC") and made["priority"] == "1"
        changed = incidents.update(query={"sys_id": made["sys_id"]}, payload={"short_description": "Still by pysnow"})
        assert changed.one()["short_description"] == "Still by pysnow"
        assert incidents.delete(query={"sys_id": made["sys_id"]})["status"] == "record deleted"
        assert incidents.get(query={"sys_id": made["sys_id"]}).one_or_none() is None

    def test_a_state_is_written_by_number(self, incidents):
        made = incidents.create(payload={"short_description": "To be worked on"}).one()
        changed = incidents.update(query={"number": made["number"]}, payload={"state": "2"}).one()
        assert changed["state"] == "2"
        incidents.delete(query={"sys_id": made["sys_id"]})


class TestAttachments:
    def test_a_file_is_uploaded_listed_and_deleted(self, incidents, incident, tmp_path, http, office):
        path = tmp_path / "note.txt"
        path.write_text("what was seen")
        uploaded = incidents.attachments.upload(sys_id=incident["sys_id"], file_path=str(path)).one()
        assert (uploaded["file_name"], uploaded["size_bytes"]) == ("note.txt", "13")
        listed = incidents.attachments.get(sys_id=incident["sys_id"])
        assert [file["sys_id"] for file in listed] == [uploaded["sys_id"]]
        content = http.get(f"{office.url}/api/now/attachment/{uploaded['sys_id']}/file")
        assert content.text == "what was seen" and content.headers["Content-Type"].startswith("text/plain")
        incidents.attachments.delete(uploaded["sys_id"])
        assert list(incidents.attachments.get(sys_id=incident["sys_id"])) == []


class TestOther:
    def test_any_other_resource_is_asked(self, client):
        stats = client.resource(api_path="/stats/incident")
        stats.parameters.add_custom({"sysparm_count": True, "sysparm_avg_fields": "reassignment_count"})
        counted = stats.get(query="assigned_toISNOTEMPTY").one()["stats"]
        assert 0 < int(counted["count"]) < 68 and counted["avg"]["reassignment_count"].count(".") == 1

    def test_groups_are_counted(self, client):
        stats = client.resource(api_path="/stats/incident")
        stats.parameters.add_custom({"sysparm_count": True, "sysparm_group_by": "state"})
        groups = stats.get(query={}).all()
        states = {group["groupby_fields"][0]["value"] for group in groups}
        assert states >= {"1", "2", "3", "6", "7", "8"}
        assert sum(int(group["stats"]["count"]) for group in groups) >= 60

    def test_old_style_queries_work(self, client):
        old = client.query(table="incident", query={"active": "true"})
        assert old.count > 0
        assert next(old.get_multiple(limit=2))["active"] == "true"


class TestTokens:
    def test_a_token_for_a_password_works_and_is_kept(self, office):
        kept = []
        client = pysnow.OAuthClient(
            client_id=office.client_id, client_secret=office.client_secret, token_updater=kept.append, host=office.host
        )
        token = client.generate_token(office.user, office.password)
        assert token["token_type"] == "Bearer" and token["expires_in"] > 0 and token["refresh_token"]
        client.set_token(token)
        users = client.resource(api_path="/table/sys_user")
        assert users.get(query={"user_name": "admin"}).one()["sys_id"] == ADMIN
        client.set_token({**token, "expires_at": 1, "expires_in": -1})
        users = client.resource(api_path="/table/sys_user")
        assert users.get(query={"user_name": "admin"}).one()["sys_id"] == ADMIN
        assert kept and kept[-1]["access_token"]

    def test_a_wrong_password_gets_no_token(self, office):
        client = pysnow.OAuthClient(
            client_id=office.client_id, client_secret=office.client_secret, host=office.host
        )
        with pytest.raises(pysnow.exceptions.TokenCreateError):
            client.generate_token(office.user, "this is not the password")
        form = {"grant_type": "password", "client_id": office.client_id, "client_secret": office.client_secret,
                "username": office.user, "password": "this is not the password"}
        assert requests.post(f"{office.url}/oauth_token.do", data=form).status_code == 401
