"""The requests of Ansible's servicenow.itsm collection, made again: its client, tables, files, CMDB relations, catalogue."""

import hashlib
import time
from urllib.parse import parse_qsl, quote, urlencode

import pytest
import requests

LONGEST_ADDRESS = 2048


class Ansible:
    """How the collection signs in, asks, pages, and judges answers."""

    def __init__(self, host, login):
        self.host, self.login, self.http = host, login, requests.Session()

    def request(self, method, path, query=None, data=None, **more):
        address = f"{self.host}/{quote(path.strip('/'))}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", **self.login(), **more.pop("headers", {})}
        return self.http.request(method, address, json=data, headers=headers, **more)

    def get(self, path, query=None):
        if len(f"{self.host}/{path}?{urlencode(query or {})}") > LONGEST_ADDRESS:
            answer = self.request("POST", "api/now/tinyurl", data={"url": f"{self.host}/{path}?{urlencode(query)}"})
            assert answer.status_code in (200, 201), answer.text
            query = {"sysparm_tiny": dict(parse_qsl(answer.json()["result"].split("?", 1)[1]))["sysparm_tiny"]}
        answer = self.request("GET", path, query)
        assert answer.status_code in (200, 404), answer.text
        return answer

    def write(self, method, path, data, query=None):
        query = {"sysparm_exclude_reference_link": "true", **(query or {})}
        answer = self.request(method, path, query, data)
        assert answer.status_code in ((200, 201) if method == "POST" else (200,)), answer.text
        return answer.json()["result"]

    def delete(self, path):
        assert self.request("DELETE", path).status_code == 204

    def all(self, path, query=None, batch=1000):
        base = {"sysparm_exclude_reference_link": "true", **(query or {}), "sysparm_limit": batch}
        records, offset, total = [], 0, 1
        while offset < total:
            answer = self.get(path, {**base, "sysparm_offset": offset})
            records += answer.json()["result"]
            total, offset = int(answer.headers["x-total-count"]), offset + batch
        return records

    def one(self, table, **query):
        records = self.all(f"api/now/table/{table}", query)
        assert len(records) == 1, (table, query, len(records))
        return records[0]


def basic(office):
    password = requests.auth._basic_auth_str(office.user, office.password)
    return lambda: {"Authorization": password}


@pytest.fixture
def ansible(office):
    return Ansible(office.url, basic(office))


class TestSignIn:
    @pytest.mark.parametrize("grant", ["password", "client_credentials"])
    def test_a_token_is_fetched_and_sent(self, office, grant):
        form = {"grant_type": grant, "client_id": office.client_id, "client_secret": office.client_secret}
        form |= {"username": office.user, "password": office.password} if grant == "password" else {}
        answer = requests.post(f"{office.url}/oauth_token.do", data=form, headers={"Accept": "application/json"})
        assert answer.status_code == 200 and int(answer.json()["expires_in"]) > 60
        token = answer.json()["access_token"]
        assert Ansible(office.url, lambda: {"Authorization": f"Bearer {token}"}).one("sys_user", user_name="admin")

    def test_a_token_that_is_no_longer_good_is_401(self, office):
        stale = Ansible(office.url, lambda: {"Authorization": "Bearer no-such-token"})
        assert stale.request("GET", "api/now/table/incident").status_code == 401


class TestTables:
    def test_all_pages_come(self, ansible):
        few = ansible.all("api/now/table/incident", {"sysparm_fields": "sys_id"}, batch=23)
        assert len({record["sys_id"] for record in few}) == len(few) >= 60

    def test_records_are_found_by_what_people_call_them(self, ansible):
        for table, query in [("sys_user", {"user_name": "admin"}), ("sys_user_group", {"name": "Network"}),
                             ("cmdb_ci", {"name": "lnx001"}),
                             ("std_change_producer_version", {"name": "Clear BGP sessions on a Cisco router - 1"})]:
            assert len(ansible.one(table, **query)["sys_id"]) == 32

    def test_names_and_labels_are_accepted_as_conditions(self, ansible):
        abel = ansible.one("sys_user", user_name="abel.tuter")["sys_id"]
        closed = ansible.all("api/now/table/incident", {"state": "closed"})
        assert closed and all(record["state"] == "7" for record in closed)
        called = ansible.all("api/now/table/incident", {"caller_id": "abel.tuter"})
        assert called and all(record["caller_id"] == abel for record in called)

    def test_a_long_query_has_a_short_name(self, ansible):
        numbers = [record["number"] for record in ansible.all("api/now/table/incident")]
        query = "^OR".join(f"number={number}" for number in (numbers * 3)[:200])
        assert len(query) > LONGEST_ADDRESS
        found = ansible.get("api/now/table/incident", {"sysparm_query": query, "sysparm_limit": 500}).json()["result"]
        assert {record["number"] for record in found} == set(numbers)


class TestIncident:
    def test_one_goes_through_its_life(self, ansible):
        caller = ansible.one("sys_user", user_name="abel.tuter")["sys_id"]
        made = ansible.write("POST", "api/now/table/incident", {
            "state": "1", "caller_id": caller, "short_description": "By Ansible", "impact": "3", "urgency": "3"})
        address = f"api/now/table/incident/{made['sys_id']}"
        assert (made["state"], made["caller_id"], made["hold_reason"]) == ("1", caller, "")
        assert ansible.write("PATCH", address, {"state": "2"})["state"] == "2"
        held = ansible.write("PATCH", address, {"state": "3", "hold_reason": "3"})
        assert (held["state"], held["hold_reason"]) == ("3", "3")
        done = ansible.write("PATCH", address, {"state": "6", "close_code": "Solution provided", "close_notes": "Done"})
        assert (done["state"], done["close_code"]) == ("6", "Solution provided")
        closed = ansible.write("PATCH", address, {"state": "7"})
        assert (closed["state"], closed["active"]) == ("7", "false")
        ansible.delete(address)
        assert ansible.get(address).status_code == 404

    def test_what_is_as_it_was_is_told_from_what_changed(self, ansible):
        made = ansible.write("POST", "api/now/table/incident", {"short_description": "Twice the same"})
        again = ansible.one("incident", number=made["number"])
        assert {name: again[name] for name in made if not name.startswith("sys_")} == \
            {name: value for name, value in made.items() if not name.startswith("sys_")}
        ansible.delete(f"api/now/table/incident/{made['sys_id']}")


class TestProblemAndChange:
    def test_a_problem_is_made_and_moved_on(self, ansible):
        made = ansible.write("POST", "api/now/table/problem", {"short_description": "By Ansible", "impact": "2", "urgency": "2"})
        address = f"api/now/table/problem/{made['sys_id']}"
        user = ansible.one("sys_user", user_name="problem.manager")["sys_id"]
        moved = ansible.write("PATCH", address, {"state": "102", "assigned_to": user})
        assert (made["state"], moved["state"], moved["assigned_to"]) == ("101", "102", user)
        task = ansible.write("POST", "api/now/table/problem_task", {"problem": made["sys_id"], "short_description": "Look"})
        assert (task["state"], task["problem"]) == ("151", made["sys_id"])
        ansible.delete(f"api/now/table/problem_task/{task['sys_id']}")
        ansible.delete(address)

    def test_a_change_is_made_from_a_template_with_its_task(self, ansible):
        template = ansible.one("std_change_producer_version", name="Patch a Linux server")["sys_id"]
        group = ansible.one("sys_user_group", name="Hardware")["sys_id"]
        made = ansible.write("POST", "api/now/table/change_request", {
            "type": "standard", "std_change_producer_version": template, "short_description": "By Ansible", "state": "-5",
            "category": "2", "priority": "4", "risk": "4", "impact": "3", "assignment_group": group, "on_hold": "false"})
        assert (made["type"], made["state"], made["assignment_group"]) == ("standard", "-5", group)
        address = f"api/now/table/change_request/{made['sys_id']}"
        assert ansible.write("PATCH", address, {"state": "-2"})["state"] == "-2"
        task = ansible.write("POST", "api/now/table/change_task", {
            "change_request": made["sys_id"], "change_task_type": "implementation", "short_description": "Do it",
            "planned_start_date": "2026-03-01 08:00:00", "planned_end_date": "2026-03-01 09:00:00"})
        assert (task["change_task_type"], task["planned_end_date"]) == ("implementation", "2026-03-01 09:00:00")
        ansible.delete(f"api/now/table/change_task/{task['sys_id']}")
        ansible.delete(address)


class TestAttachments:
    def test_files_are_compared_by_their_hash(self, ansible, incident):
        def upload(content):
            query = {"table_name": "incident", "table_sys_id": incident["sys_id"], "file_name": "notes.txt",
                     "content_type": "text/plain", "hash": hashlib.sha256(content).hexdigest()}
            headers = {**ansible.login(), "Accept": "application/json", "Content-type": "text/plain"}
            sent = ansible.http.post(f"{ansible.host}/api/now/attachment/file?{urlencode(query)}", data=content, headers=headers)
            assert sent.status_code == 201, sent.text
            return sent.json()["result"]

        made = upload(b"first")
        listed = ansible.all("api/now/attachment", {"table_name": "incident", "table_sys_id": incident["sys_id"]}, batch=10000)
        assert [file["hash"] for file in listed] == [made["hash"]] == [hashlib.sha256(b"first").hexdigest()]
        ansible.delete(f"api/now/attachment/{made['sys_id']}")
        assert upload(b"second")["hash"] == hashlib.sha256(b"second").hexdigest()


class TestConfigurationItems:
    def test_one_is_made_in_its_class_and_changed(self, ansible):
        made = ansible.write("POST", "api/now/table/cmdb_ci_win_server", {"name": f"by-ansible-{time.time_ns()}", "ip_address": "10.9.9.9"})
        assert made["sys_class_name"] == "cmdb_ci_win_server"
        changed = ansible.write("PATCH", f"api/now/table/cmdb_ci/{made['sys_id']}", {"environment": "Test"})
        assert changed["environment"] == "Test"
        ansible.delete(f"api/now/table/cmdb_ci/{made['sys_id']}")

    def test_relations_come_with_the_names_of_both_ends(self, ansible):
        fields = "sys_id,type.name,parent.sys_id,parent.name,parent.sys_class_name,child.sys_id,child.name,child.sys_class_name"
        relations = ansible.all("api/now/table/cmdb_rel_ci", {"sysparm_fields": fields})
        assert len(relations) >= 150
        runs = [relation for relation in relations if relation["type.name"] == "Runs on::Runs"]
        assert any(relation["child.sys_class_name"] == "cmdb_ci_linux_server" for relation in runs)
        assert all(relation["parent.name"] and relation["child.name"] for relation in relations)

    def test_instances_are_read_and_related(self, ansible):
        servers = ansible.get("api/now/cmdb/instance/cmdb_ci_linux_server", {"sysparm_limit": 5}).json()["result"]
        assert len(servers) == 5 and set(servers[0]) >= {"sys_id", "name"}
        first, second = servers[0]["sys_id"], servers[1]["sys_id"]
        address = f"api/now/cmdb/instance/cmdb_ci_linux_server/{first}"
        kind = ansible.one("cmdb_rel_type", name="Connects to::Connected by")["sys_id"]
        payload = {"source": "ServiceNow", "outbound_relations": [{"type": kind, "target": second}]}
        related = ansible.request("POST", f"{address}/relation", data=payload)
        assert related.status_code in (200, 201), related.text
        mine = [r for r in related.json()["result"]["outbound_relations"] if r["target"]["value"] == second]
        assert mine[0]["type"] == {**mine[0]["type"], "display_value": "Connects to::Connected by", "value": kind}
        assert ansible.request("DELETE", f"{address}/relation/{mine[0]['sys_id']}").status_code in (200, 204)


class TestCatalogue:
    BASE = "api/sn_sc/servicecatalog"

    def test_catalogues_categories_and_items_are_read(self, ansible):
        catalogs = {catalog["title"]: catalog for catalog in ansible.get(f"{self.BASE}/catalogs").json()["result"]}
        mine = catalogs["Service Catalog"]
        assert mine["has_items"] and mine["has_categories"]
        categories = ansible.get(f"{self.BASE}/catalogs/{mine['sys_id']}/categories").json()["result"]
        assert "Mobiles" in {category["title"] for category in categories}
        items = ansible.get(f"{self.BASE}/items", {"sysparm_catalog": mine["sys_id"], "sysparm_limit": 50}).json()["result"]
        ipad = next(item for item in items if item["name"] == "iPad")
        full = ansible.get(f"{self.BASE}/items/{ipad['sys_id']}").json()["result"]
        assert {"storage", "colour"} <= {variable["name"] for variable in full["variables"]}

    def test_an_item_is_ordered_at_once(self, ansible):
        ipad = ansible.one("sc_cat_item", name="iPad")["sys_id"]
        order = ansible.write("POST", f"{self.BASE}/items/{ipad}/order_now", {
            "sysparm_quantity": "1", "variables": {"storage": "128", "requested_for": ansible.one("sys_user", user_name="abel.tuter")["sys_id"]}})
        assert order["request_number"].startswith("REQ")
        assert ansible.one("sc_req_item", request=order["request_id"])["cat_item"] == ipad
        requested = ansible.get(f"api/now/table/sc_request/{order['request_id']}").json()["result"]
        assert requested["request_state"] == "in_process"
