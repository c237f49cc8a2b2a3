"""The requests of n8n's ServiceNow node: its resources and operations, and how it pages."""

import math

import pytest

PAGE = 100


@pytest.fixture
def node(office, http):
    return Node(office.url, http)


class Node:
    """What the node does with HTTP."""

    def __init__(self, url, http):
        self.url, self.http = url, http

    def ask(self, method, resource, body=None, query=None, **more):
        query = {name: value for name, value in (query or {}).items() if name != "limit"}
        more = more or ({"json": body} if body else {})
        answer = self.http.request(method, f"{self.url}/api{resource}", params=query, **more)
        answer.raise_for_status()
        return answer

    def result(self, method, resource, body=None, query=None):
        return self.ask(method, resource, body, query).json()["result"]

    def all(self, resource, query=None):
        query = {**(query or {}), "sysparm_limit": PAGE}
        answer = self.ask("GET", resource, query=query)
        items, quantity = answer.json()["result"], int(answer.headers["x-total-count"])
        # Rounded as JavaScript rounds: a half goes up, so a last page may be asked for that has nothing.
        iterations = math.floor(quantity / PAGE + 0.5) + (1 if quantity % PAGE else 0)
        for iteration in range(1, iterations):
            items += self.result("GET", resource, query={**query, "sysparm_offset": iteration * PAGE})
        return items, quantity


class TestPages:
    @pytest.mark.parametrize("table", ["cmdb_ci", "sys_user", "sys_dictionary", "incident", "syslog"])
    def test_all_of_a_table_come_once(self, node, table):
        items, quantity = node.all(f"/now/table/{table}", {"sysparm_fields": "sys_id"})
        assert len({item["sys_id"] for item in items}) == len(items) == quantity

    def test_a_page_beyond_the_end_is_an_empty_list(self, node):
        query = {"sysparm_limit": PAGE, "sysparm_offset": 100_000}
        assert node.result("GET", "/now/table/incident", query=query) == []


class TestChoices:
    """What the node offers in its drop-downs."""

    def test_tables_and_columns_are_offered(self, node):
        tables = node.result("GET", "/now/doc/table/schema")
        assert {"label": "Incident", "value": "incident"} in tables
        query = {"sysparm_query": "name=incident", "sysparm_fields": "column_label,element"}
        columns = node.result("GET", "/now/table/sys_dictionary", query=query)
        assert {"caller_id", "problem_id"} <= {column["element"] for column in columns}
        assert all(column["column_label"] for column in columns if column["element"])

    def test_services_items_groups_and_roles_are_offered(self, node):
        for table, fields, known in [
            ("cmdb_ci_service", "name,sys_id", "Email"),
            ("cmdb_ci", "sys_id,name,sys_class_name", "lnx001"),
            ("sys_user_group", "sys_id,name", "Network"),
            ("sys_user_role", "sys_id,name", "itil"),
        ]:
            offered, _ = node.all(f"/now/table/{table}", {"sysparm_fields": fields})
            assert known in {item["name"] for item in offered}, table
            assert set(offered[0]) == set(fields.split(","))

    def test_the_members_of_a_group_are_offered(self, node):
        group = node.result("GET", "/now/table/sys_user_group", query={"sysparm_query": "name=Network"})[0]
        members, _ = node.all("/now/table/sys_user_grmember", {"sysparm_query": f"group={group['sys_id']}^"})
        users = [node.result("GET", f"/now/table/sys_user/{member['user']['value']}") for member in members]
        assert "david.loo" in {user["user_name"] for user in users}

    @pytest.mark.parametrize("element, known", [
        ("category", "network"), ("state", "6"), ("close_code", "Duplicate"), ("hold_reason", "1"),
    ])
    def test_choices_of_an_incident_are_offered(self, node, element, known):
        query = {"sysparm_fields": "label,value", "sysparm_query": f"element={element}^name=incident"}
        offered, _ = node.all("/now/table/sys_choice", query)
        assert known in {choice["value"] for choice in offered}

    def test_subcategories_depend_on_the_category(self, node):
        query = {"sysparm_query": "name=incident^element=subcategory^dependent_value=network"}
        offered, _ = node.all("/now/table/sys_choice", query)
        assert {"vpn", "dns"} <= {choice["value"] for choice in offered}
        assert "mouse" not in {choice["value"] for choice in offered}


class TestIncident:
    def test_one_is_created_got_changed_listed_and_deleted(self, node):
        more = {"impact": 2, "urgency": 2, "contact_type": "phone", "category": "network"}
        made = node.result("POST", "/now/table/incident", {"short_description": "By n8n", **more})
        address = f"/now/table/incident/{made['sys_id']}"
        assert (made["short_description"], made["impact"], made["priority"]) == ("By n8n", "2", "3")
        query = {"sysparm_fields": "number,state,caller_id", "sysparm_display_value": "true"}
        assert node.result("GET", address, query=query)["state"] == "New"
        changed = node.result("PATCH", address, {"state": 2, "description": "More"})
        assert (changed["state"], changed["description"]) == ("2", "More")
        query = {"sysparm_query": f"number={made['number']}", "sysparm_limit": 50}
        assert len(node.result("GET", "/now/table/incident", query=query)) == 1
        assert node.ask("DELETE", address).status_code == 204

    def test_display_values_and_links_are_as_asked(self, node):
        query = {"sysparm_query": "caller_idISNOTEMPTY", "sysparm_limit": 1}
        for display, link, shape in [("all", "false", {"display_value", "link", "value"}), ("all", "true", {"display_value", "value"}), ("true", "false", {"display_value", "link"}), ("false", "false", {"link", "value"})]:
            asked = {**query, "sysparm_display_value": display, "sysparm_exclude_reference_link": link}
            row = node.result("GET", "/now/table/incident", query=asked)[0]
            assert set(row["caller_id"]) == shape, (display, link)


class TestUsers:
    def test_one_is_created_found_by_name_changed_and_deleted(self, node):
        body = {"user_name": "n8n.made", "first_name": "N", "last_name": "Eight", "email": "n8n@example.com", "active": True}
        made = node.result("POST", "/now/table/sys_user", body)
        address = f"/now/table/sys_user/{made['sys_id']}"
        query = {"sysparm_query": "user_name=n8n.made", "sysparm_limit": 1}
        assert node.result("GET", "/now/table/sys_user", query=query)[0]["sys_id"] == made["sys_id"]
        assert node.result("PATCH", address, {"building": "B1"})["building"] == "B1"
        assert node.ask("DELETE", address).status_code == 204


class TestAttachments:
    def test_a_file_is_uploaded_found_downloaded_and_deleted(self, node, incident):
        query = {"table_name": "incident", "table_sys_id": incident["sys_id"], "file_name": "data.bin"}
        content = bytes(range(256)) * 8
        sent = node.ask("POST", "/now/attachment/file", query=query, data=content, headers={"Content-Type": "image/png"})
        made = sent.json()["result"]
        assert (made["file_name"], made["content_type"], made["size_bytes"]) == ("data.bin", "image/png", "2048")
        listed, quantity = node.all("/now/attachment", {"sysparm_query": f"table_name=incident^table_sys_id={incident['sys_id']}"})
        assert quantity == 1 and listed[0]["sys_id"] == made["sys_id"]
        address = f"/now/attachment/{made['sys_id']}"
        assert node.result("GET", address)["hash"] == made["hash"]
        assert node.ask("GET", f"{address}/file").content == content
        assert node.ask("DELETE", address).status_code == 204
