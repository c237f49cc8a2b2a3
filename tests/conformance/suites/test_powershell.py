"""The calls of the ServiceNow PowerShell module, made again: sessions, queries, pages, records, files, the cart, exports."""

from datetime import datetime, timedelta, timezone

import pytest
import requests

OPERATORS = {"-eq": "=", "-ne": "!=", "-like": "LIKE", "-notlike": "NOT LIKE", "-in": "IN", "-notin": "NOT IN",
             "-lt": "<", "-le": "<=", "-gt": ">", "-ge": ">=", "-startswith": "STARTSWITH", "-endswith": "ENDSWITH",
             "-between": "BETWEEN", "=''": "ISEMPTY", "!=''": "ISNOTEMPTY"}
JOINS = {"and": "^", "or": "^OR", "group": "^NQ"}


def generated(value):
    """A moment as the module writes it: a script of the server."""
    if isinstance(value, datetime):
        return value.strftime("javascript:gs.dateGenerate('%Y-%m-%d','%H:%M:%S')")
    return str(value)


def query(*filters, sort=("opened_at", "desc")):
    written = ""
    for item in filters:
        if isinstance(item, str):
            written += JOINS[item]
        else:
            field, operator, *values = item
            written += field + OPERATORS[operator] + "@".join(generated(value) for value in values)
    order = ("ORDERBYDESC" if sort[1] == "desc" else "ORDERBY") + sort[0]
    return f"{written}^{order}" if written else order


class Session:
    """A session of the module: how it asks, pages, and judges answers."""

    def __init__(self, url, auth=None, token=None, version=""):
        self.url, self.version, self.http = url, version, requests.Session()
        self.http.auth = auth
        if token:
            self.http.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method, leaf, namespace="now", values=None, params=None):
        address = f"{self.url}/api/{namespace}{self.version}{leaf}"
        headers = {"Content-Type": "application/json"}
        answer = self.http.request(method, address, params=params, json=values, headers=headers)
        if method == "DELETE":
            assert answer.status_code == 204, answer.text
            return None
        assert answer.ok and answer.content, answer.text
        return answer

    def records(self, method, leaf, namespace="now", values=None, params=None):
        content = self.ask(method, leaf, namespace, values, params).json()
        result = content.get("result", content)
        return result if isinstance(result, list) else [result]

    def find(self, table, *filters, first=10, skip=0, fields=None, display="true", total=False, **more):
        params = {"sysparm_display_value": display, "sysparm_limit": first, "sysparm_query": query(*filters, **more)}
        if skip:
            params["sysparm_offset"] = skip
        if fields:
            params["sysparm_fields"] = ",".join(fields)
        answer = self.ask("GET", f"/table/{table}", params=params)
        records = answer.json()["result"]
        if total:
            count = int(answer.headers["X-Total-Count"])
            for offset in range(skip + first, count, first):
                records += self.ask("GET", f"/table/{table}", params={**params, "sysparm_offset": offset}).json()["result"]
            assert len(records) + skip == count
        return records


@pytest.fixture(params=["", "/v1", "/v2"], ids=["newest", "v1", "v2"])
def any_version(request, office):
    return Session(office.url, (office.user, office.password), version=request.param)


@pytest.fixture
def session(office):
    return Session(office.url, (office.user, office.password))


class TestSessions:
    def test_every_version_answers(self, any_version):
        assert any_version.find("incident", first=3, fields=["number"])[0]["number"].startswith("INC")

    @pytest.mark.parametrize("grant", ["password", "client_credentials"])
    def test_a_token_works(self, office, grant):
        form = {"grant_type": grant, "client_id": office.client_id, "client_secret": office.client_secret}
        if grant == "password":
            form |= {"username": office.user, "password": office.password}
        token = requests.post(f"{office.url}/oauth_token.do", data=form).json()
        assert token["token_type"] == "Bearer" and isinstance(token["expires_in"], int)
        assert Session(office.url, token=token["access_token"]).find("incident", first=1)
        if grant == "password":
            renewed = requests.post(f"{office.url}/oauth_token.do", data={
                "grant_type": "refresh_token", "client_id": office.client_id, "client_secret": office.client_secret,
                "refresh_token": token["refresh_token"]}).json()
            assert Session(office.url, token=renewed["access_token"]).find("incident", first=1)


class TestQueries:
    def test_a_record_is_found_by_its_number(self, session):
        number = session.find("incident", first=1, fields=["number"])[0]["number"]
        found = session.find("incident", ("number", "-eq", number), fields=["sys_class_name", "sys_id", "number"])
        assert len(found) == 1 and found[0]["sys_class_name"] == "Incident"

    def test_parts_are_joined_by_and_or_and_group(self, session):
        found = session.find("incident", ("state", "-eq", "1"), "and", ("short_description", "-like", "portal"), "group",
                             ("state", "-eq", "2"), display="false", first=500)
        assert found
        assert all(row["state"] == "2" or (row["state"] == "1" and "portal" in row["short_description"].lower()) for row in found)

    @pytest.mark.parametrize("condition, holds", [
        (("impact", "-in", "1,2"), lambda row: row["impact"] in "12"),
        (("impact", "-notin", "1,2"), lambda row: row["impact"] == "3"),
        (("priority", "-le", "2"), lambda row: int(row["priority"]) <= 2),
        (("priority", "-gt", "3"), lambda row: int(row["priority"]) > 3),
        (("short_description", "-startswith", "Cannot"), lambda row: row["short_description"].startswith("Cannot")),
        (("short_description", "-endswith", "update"), lambda row: row["short_description"].endswith("update")),
        (("short_description", "-notlike", "e"), lambda row: "e" not in row["short_description"].lower()),
        (("problem_id", "!=''"), lambda row: row["problem_id"]),
        (("cmdb_ci", "=''"), lambda row: not row["cmdb_ci"]),
        (("assigned_to.name", "-like", "loo"), lambda row: row["assigned_to"]),
    ])
    def test_an_operator_finds_what_it_should(self, session, condition, holds):
        found = session.find("incident", condition, display="false", first=500)
        assert found and all(holds(row) for row in found)

    def test_moments_are_compared(self, session):
        now = datetime.now(timezone.utc)
        between = session.find("incident", ("opened_at", "-between", now - timedelta(days=20), now - timedelta(days=10)), first=500, display="false")
        since = session.find("incident", ("opened_at", "-ge", now - timedelta(days=10)), first=500, display="false")
        opened = [datetime.strptime(row["opened_at"], "%Y-%m-%d %H:%M:%S") for row in between]
        assert between and since and max(opened) < datetime.strptime(min(row["opened_at"] for row in since), "%Y-%m-%d %H:%M:%S")

    def test_rows_come_sorted(self, session):
        opened = [row["opened_at"] for row in session.find("incident", first=40, display="false")]
        assert opened == sorted(opened, reverse=True)
        numbers = [row["number"] for row in session.find("incident", first=40, sort=("number", "asc"))]
        assert numbers == sorted(numbers)

    def test_all_pages_come(self, session):
        everything = session.find("incident", first=25, total=True, fields=["sys_id"])
        assert len({row["sys_id"] for row in everything}) == len(everything)
        assert len(session.find("incident", first=25, skip=10, total=True, fields=["sys_id"])) == len(everything) - 10

    def test_display_values_are_what_people_read(self, session):
        found = session.find("incident", ("state", "-eq", "2"), "and", ("caller_id", "!=''"), first=1)[0]
        assert found["state"] == "In Progress" and found["active"] == "true"
        assert set(found["caller_id"]) == {"display_value", "link"}


class TestRecords:
    def test_an_incident_is_made_with_names_and_changed(self, session):
        made = session.records("POST", "/table/incident", values={
            "caller_id": "Abel Tuter", "short_description": "By PowerShell", "assignment_group": "network",
            "category": "network", "comments": "Begun", "cmdb_ci": "rt-mc-01", "urgency": "1"})[0]
        address = f"/table/incident/{made['sys_id']}"
        shown = session.records("GET", address, params={"sysparm_display_value": "true"})[0]
        assert shown["caller_id"]["display_value"] == "Abel Tuter"
        assert shown["assignment_group"]["display_value"] == "Network"
        changed = session.records("PATCH", address, values={"state": "2", "work_notes": "Looked at it", "assigned_to": "david.loo"})[0]
        assert changed["state"] == "2" and changed["assigned_to"]
        session.ask("DELETE", address)
        assert session.find("incident", ("number", "-eq", made["number"])) == []

    def test_a_standard_change_is_made_from_its_template(self, session):
        template = session.find("std_change_producer_version", ("name", "-startswith", "Clear BGP"), sort=("name", "asc"))[0]
        made = session.records("POST", "/table/change_request", values={
            "short_description": "From a template", "type": "Standard", "std_change_producer_version": template["sys_id"]})[0]
        assert made["number"].startswith("CHG") and made["type"] == "standard"
        task = session.records("POST", "/table/change_task", values={
            "change_request": made["sys_id"], "short_description": "Do it", "planned_start_date": "2026-03-01 10:00:00"})[0]
        assert task["number"].startswith("CTASK") and task["planned_start_date"] == "2026-03-01 10:00:00"
        session.ask("DELETE", f"/table/change_task/{task['sys_id']}")
        session.ask("DELETE", f"/table/change_request/{made['sys_id']}")

    def test_a_configuration_item_is_made_in_its_class(self, session):
        made = session.records("POST", "/table/cmdb_ci_linux_server", values={"name": "by-powershell", "os": "Debian"})[0]
        found = session.find("cmdb_ci", ("name", "-eq", "by-powershell"), sort=("name", "asc"), display="false")
        assert found[0]["sys_class_name"] == "cmdb_ci_linux_server" and found[0]["sys_id"] == made["sys_id"]
        session.ask("DELETE", f"/table/cmdb_ci/{made['sys_id']}")


class TestFiles:
    def test_a_file_is_added_listed_exported_and_removed(self, session, incident):
        where = f"table_name=incident&table_sys_id={incident['sys_id']}&file_name=list.csv"
        sent = session.http.post(f"{session.url}/api/now/attachment/file?{where}", data=b"a,b\n1,2\n", headers={"Content-Type": "text/csv"})
        made = sent.json()["result"]
        filters = ("table_name", "-eq", "incident"), "and", ("table_sys_id", "-eq", incident["sys_id"])
        params = {"sysparm_query": query(*filters, sort=("sys_created_on", "asc")), "sysparm_limit": 10}
        assert [file["sys_id"] for file in session.records("GET", "/attachment", params=params)] == [made["sys_id"]]
        exported = session.ask("GET", f"/attachment/{made['sys_id']}/file")
        assert exported.content == b"a,b\n1,2\n"
        session.ask("DELETE", f"/attachment/{made['sys_id']}")


class TestCatalogue:
    def item(self, session, name):
        return session.find("sc_cat_item", ("name", "-eq", name), fields=["sys_id"], sort=("name", "asc"))[0]["sys_id"]

    def test_an_item_goes_through_the_cart_and_becomes_a_request(self, session):
        item = self.item(session, "Headset")
        values = {"sysparm_quantity": 2}
        cart = session.records("POST", f"/servicecatalog/items/{item}/add_to_cart", "sn_sc", values)[0]
        assert cart["cart_id"] and cart["items"][-1]["item_name"] == "Headset"
        assert session.records("GET", "/servicecatalog/cart", "sn_sc")[0]["cart_id"] == cart["cart_id"]
        order = session.records("POST", "/servicecatalog/cart/submit_order", "sn_sc")[0]
        ordered = session.find("sc_req_item", ("request", "-eq", order["request_id"]), display="false")
        assert order["request_number"].startswith("REQ") and ordered[0]["quantity"] == "2"

    def test_answers_are_kept_with_the_item(self, session):
        item = self.item(session, "iPad")
        user = session.find("sys_user", ("user_name", "-eq", "abel.tuter"), sort=("name", "asc"))[0]["sys_id"]
        values = {"sysparm_quantity": 1, "variables": {"storage": "256", "colour": "silver", "requested_for": user}}
        session.ask("POST", f"/servicecatalog/items/{item}/add_to_cart", "sn_sc", values)
        order = session.records("POST", "/servicecatalog/cart/submit_order", "sn_sc")[0]
        ritm = session.find("sc_req_item", ("request", "-eq", order["request_id"]))[0]["sys_id"]
        fields = ["sc_item_option.item_option_new.name", "sc_item_option.value", "sc_item_option.sys_id"]
        answers = session.find("sc_item_option_mtom", ("request_item", "-eq", ritm), fields=fields, sort=("sys_id", "asc"))
        told = {answer[fields[0]]: answer[fields[1]] for answer in answers}
        assert told["storage"] == "256" and told["colour"] == "silver"

    def test_one_line_and_the_whole_cart_are_taken_back(self, session):
        item = self.item(session, "Desk phone")
        cart = session.records("POST", f"/servicecatalog/items/{item}/add_to_cart", "sn_sc", {"sysparm_quantity": 1})[0]
        session.ask("DELETE", f"/servicecatalog/cart/{cart['items'][-1]['cart_item_id']}", "sn_sc")
        session.ask("DELETE", f"/servicecatalog/cart/{cart['cart_id']}/empty", "sn_sc")


class TestExport:
    def test_records_are_exported_as_csv(self, session):
        asked = {"sysparm_query": query(("active", "-eq", "true"), sort=("number", "asc")), "sysparm_fields": "number,state"}
        text = session.http.get(f"{session.url}/incident_list.do?CSV", params=asked).text
        lines = text.splitlines()
        assert lines[0].replace('"', "") == "number,state" and len(lines) > 20
