"""zeep, which makes a client from the WSDL a table serves, unmodified and strict: an answer that the WSDL does not describe fails."""

import pytest
import requests
import zeep
from zeep.transports import Transport

ADMIN = "6816f79cc0a8016401c5a33be04be441"


@pytest.fixture(scope="session")
def client(office):
    """Makes a client of a table; its words are what the address says beside."""
    with requests.Session() as session:
        session.auth = (office.user, office.password)

        def made(table, words=""):
            return zeep.Client(f"{office.url}/{table}.do?WSDL{words}", transport=Transport(session=session))

        yield made


@pytest.fixture(scope="session")
def incidents(client):
    return client("incident").service


class TestRecords:
    def test_an_incident_is_created_read_changed_and_deleted(self, incidents, http, office):
        made = incidents.insert(short_description="No heating <urgent> & cold", description="old", impact="1", urgency="1", caller_id="admin")
        assert made.number.startswith("INC") and len(made.sys_id) == 32
        read = incidents.get(sys_id=made.sys_id)
        assert read.short_description == "No heating <urgent> & cold"
        assert (read.active, read.priority, read.caller_id) == (True, "1", ADMIN)
        assert read.reassignment_count in (None, 0)
        assert incidents.update(sys_id=made.sys_id, short_description="two\nlines", description="") == made.sys_id
        rest = http.get(f"{office.url}/api/now/table/incident/{made.sys_id}").json()["result"]
        assert (rest["short_description"], rest["description"]) == ("two\nlines", "")
        assert incidents.deleteRecord(sys_id=made.sys_id) == 1
        assert incidents.deleteRecord(sys_id=made.sys_id) == 0
        assert incidents.get(sys_id=made.sys_id).number is None

    def test_several_are_created_found_by_example_and_deleted(self, incidents):
        records = [{"short_description": "zeep many", "impact": str(impact)} for impact in (1, 2, 3)]
        made = incidents.insertMultiple(record=records)
        assert len(made) == 3 and all(one.number.startswith("INC") for one in made)
        keys = incidents.getKeys(short_description="zeep many")
        assert keys.count == 3 and set(keys.sys_id.split(",")) == {one.sys_id for one in made}
        low = incidents.getRecords(short_description="zeep many", impact="3")
        assert [one.number for one in low] == [made[2].number]
        assert incidents.deleteMultiple(short_description="zeep many") == 3
        assert not incidents.getRecords(short_description="zeep many")

    def test_a_change_of_all_records_is_refused(self, incidents):
        for example in ({}, {"__encoded_query": "no_such_field=1"}):
            with pytest.raises(zeep.exceptions.Fault, match="(without a condition|is no condition)"):
                incidents.deleteMultiple(**example)


class TestQuestions:
    def test_encoded_queries_orders_and_windows_hold(self, incidents, http, office):
        asked = {"__encoded_query": "active=true^priority<=3", "__order_by_desc": "number"}
        found = incidents.getRecords(**asked, __limit=500)
        numbers = [one.number for one in found]
        parameters = {"sysparm_query": "active=true^priority<=3^ORDERBYDESCnumber", "sysparm_fields": "number"}
        rest = http.get(f"{office.url}/api/now/table/incident", params=parameters).json()["result"]
        assert len(numbers) > 4 and numbers == [row["number"] for row in rest]
        window = incidents.getRecords(**asked, __first_row=1, __last_row=4)
        assert [one.number for one in window] == numbers[1:4]
        assert [one.number for one in incidents.getRecords(**asked, __limit=2)] == numbers[:2]

    def test_columns_can_be_left_out(self, incidents):
        (one,) = incidents.getRecords(__limit=1, __exclude_columns="short_description,caller_id")
        assert one.number and one.short_description is None and one.caller_id is None

    def test_values_are_shown_as_people_read_them_or_both(self, client):
        asked = {"__encoded_query": "caller_idISNOTEMPTY", "__limit": 1}
        (shown,) = client("incident", "&displayvalue=true").service.getRecords(**asked)
        (both,) = client("incident", "&displayvalue=all").service.getRecords(**asked)
        assert len(both.caller_id) == 32 and both.dv_caller_id == shown.caller_id
        assert both.dv_priority == shown.priority and both.priority in "12345"

    def test_figures_are_worked_out(self, incidents, http, office):
        (every,) = incidents.aggregate(COUNT="sys_id")
        rest = http.get(f"{office.url}/api/now/stats/incident", params={"sysparm_count": "true"}).json()["result"]
        assert every.count == [rest["stats"]["count"]]
        groups = incidents.aggregate(COUNT="sys_id", GROUP_BY="priority", HAVING="COUNT^*^>^1", active=True)
        assert groups and all(int(one["count"][0]) > 1 and one.priority for one in groups)


@pytest.fixture(scope="session")
def staging(http, office):
    """A table of an import set that is only known by its map."""
    tables = f"{office.url}/api/now/table"
    body = {"name": "Zeep people", "source_table": "imp_zeep", "target_table": "sys_user"}
    mapped = http.post(f"{tables}/sys_transform_map", json=body).json()["result"]["sys_id"]
    for source, target in (("u_user_id", "user_name"), ("u_full_name", "name")):
        body = {"map": mapped, "source_field": source, "target_field": target, "coalesce": source == "u_user_id"}
        assert http.post(f"{tables}/sys_transform_entry", json=body).status_code == 201
    return "imp_zeep"


class TestImportSets:
    def test_a_row_becomes_a_record(self, client, staging, http, office):
        service = client(staging).service
        made = service.insert(u_user_id="zora.zeep", u_full_name="Zora Zeep")
        assert (made.status, made.table, made.display_value) == ("inserted", "sys_user", "Zora Zeep")
        person = http.get(f"{office.url}/api/now/table/sys_user/{made.sys_id}").json()["result"]
        assert person["user_name"] == "zora.zeep"
        rows = [{"u_user_id": "zora.zeep", "u_full_name": "Zora Zeep"}, {"u_user_id": "zac.zeep", "u_full_name": "Zac"}]
        again = service.insertMultiple(record=rows)
        assert [one.status for one in again] == ["ignored", "inserted"]
        assert again[0].status_message == "No field values changed"


class TestRefusals:
    def test_what_does_not_fit_is_a_fault_with_a_reason(self, incidents):
        with pytest.raises(zeep.exceptions.Fault, match="impact") as refused:
            incidents.insert(short_description="x", impact="9")
        assert refused.value.code == "soap:Client"
        with pytest.raises(zeep.exceptions.Fault, match="doesn't exist"):
            incidents.update(sys_id="0" * 32, short_description="x")

    def test_nobody_is_answered_without_credentials(self, office):
        with pytest.raises(requests.HTTPError, match="401"):
            zeep.Client(f"{office.url}/incident.do?WSDL")

    def test_every_table_has_a_wsdl_that_can_be_read(self, client, http, office):
        tables = http.get(f"{office.url}/api/now/doc/table/schema").json()["result"]
        names = [table["value"] for table in tables]
        assert len(names) > 50
        for name in names:
            assert "getRecords" in client(name).service._operations, name
