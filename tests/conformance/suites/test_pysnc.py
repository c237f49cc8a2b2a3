"""PySNC, ServiceNow's own Python client, unmodified."""

import pytest
from pysnc import ServiceNowClient, exceptions
from pysnc.auth import ServiceNowClientCredentialsFlow, ServiceNowPasswordGrantFlow

ADMIN = "6816f79cc0a8016401c5a33be04be441"
ADMIN_ROLE = "2831a114c611228501d4ea6c309d626d"
PROBLEM_ADMIN = "26fbff173b331300ad3cc9bb34efc4bd"
FINANCE = "a581ab703710200044e0bfc8bcbe5de8"
NATASHA = "46c5bf6ca9fe1981010713e3ac7d3384"


@pytest.fixture
def client(office):
    client = ServiceNowClient(office.url, (office.user, office.password))
    yield client
    client.session.close()


def found(client, table, query="", **settings):
    gr = client.GlideRecord(table)
    for name, value in settings.items():
        setattr(gr, name, value)
    if query:
        gr.add_encoded_query(query)
    gr.query()
    return gr


def created(client, table="problem", **fields):
    gr = client.GlideRecord(table)
    gr.initialize()
    for name, value in fields.items():
        gr.set_value(name, value)
    assert gr.insert(), "was not inserted"
    return gr


@pytest.fixture
def problem(client):
    gr = created(client, short_description="Made for one test", description="Second Field")
    yield gr
    client.GlideRecord("problem").get(gr.sys_id) and gr.delete()


class TestQuery:
    def test_a_record_is_got_by_id_and_by_field(self, client):
        gr = client.GlideRecord("sys_user")
        assert gr.get(ADMIN) and gr.user_name == "admin"
        assert gr.get_value("name") == gr.get_display_value("name") == "System Administrator"
        gr = client.GlideRecord("sys_user")
        assert gr.get("user_name", "admin") and gr.sys_id == ADMIN

    def test_what_is_not_there_is_not_got(self, client):
        gr = client.GlideRecord("sys_user")
        assert not gr.get("bunk")
        assert not gr.get("sys_id", "bunk")
        gr = found(client, "sys_user", "sys_id=bunk")
        assert len(gr) == 0 and not gr.has_next()

    def test_conditions_are_joined_by_or(self, client):
        gr = client.GlideRecord("sys_db_object")
        gr.add_query("name", "alm_asset").add_or_condition("name", "bsm_chart")
        gr.query()
        assert gr.get_row_count() == 2

    def test_empty_and_not_empty_are_told_apart(self, client):
        everybody = found(client, "sys_user")
        gr = client.GlideRecord("sys_user")
        gr.add_null_query("name")
        gr.query()
        assert gr.get_row_count() == 0
        gr = client.GlideRecord("sys_user")
        gr.add_not_null_query("mobile_phone")
        gr.query()
        assert 0 < gr.get_row_count() < 20 < everybody.get_row_count()

    def test_a_join_counts_each_left_row_once(self, client):
        gr = client.GlideRecord("sys_user")
        gr.add_join_query("sys_user_group", join_table_field="manager").add_query("active", "true")
        gr.query()
        assert gr.get_row_count() > 1
        gr = client.GlideRecord("sys_user")
        gr.add_join_query("sys_user_has_role", join_table_field="user").add_query("role", ADMIN_ROLE)
        gr.query()
        assert 10 < len(gr) < 25

    def test_a_related_list_is_counted(self, client):
        gr = client.GlideRecord("sys_user_group")
        related = gr.add_rl_query("sys_group_has_role", "group", ">0", True)
        related.add_query("role.name", "LIKE", "admin")
        gr.query()
        assert 2 < gr.get_row_count() < 8

    def test_an_unknown_field_is_ignored_and_an_unknown_table_is_named(self, client):
        gr = client.GlideRecord("sys_user")
        gr.add_query("no_such_field", "value")
        gr.query()
        assert len(gr) > 20
        with pytest.raises(exceptions.RequestException, match="Invalid table"):
            found(client, "no_such_table")

    def test_a_long_query_still_works_and_one_too_long_is_refused_in_html(self, client):
        gr = client.GlideRecord("sys_user")
        gr.add_query("sys_id", "IN", ",".join([ADMIN] * 220))
        gr.query()
        assert len(gr) == 1
        with pytest.raises(exceptions.RequestException, match=r"^<.*html>.*"):
            client.GlideRecord("a" * 23_000).get("doesntmatter")

    def test_a_query_beyond_what_an_address_holds_goes_through_the_batch(self, client):
        gr = client.GlideRecord("sys_user")
        for _ in range(2_300):
            gr.add_query("AAAA", "BBBB")
        gr.add_query("sys_id", ADMIN)
        assert len(gr.get_encoded_query()) > 23_000
        gr.query()
        assert gr.next() and gr.sys_id == ADMIN

    def test_parents_count_their_children(self, client):
        assert found(client, "cmdb_ci").get_row_count() >= 200
        assert found(client, "sys_metadata").get_row_count() > 500
        assert found(client, "syslog").get_row_count() > 600
        work = sum(found(client, table).get_row_count() for table in ("incident", "problem", "wm_task"))
        assert found(client, "task").get_row_count() > work


class TestPages:
    def test_batches_are_fetched_until_the_limit(self, client):
        for limit in (9, 7):
            gr = found(client, "problem", fields="sys_id", batch_size=3, limit=limit)
            ids = [row.get_value("sys_id") for row in gr]
            assert len(ids) == len(set(ids)) == limit

    def test_everything_comes_once_however_small_the_batches(self, client):
        ids = [row.get_value("sys_id") for row in found(client, "incident", batch_size=17)]
        assert len(ids) == len(set(ids)) >= 60

    def test_a_record_set_can_be_gone_through_twice(self, client):
        gr = found(client, "sys_user", limit=10)
        assert sum(1 for _ in gr) == sum(1 for _ in gr) == 10

    def test_rows_come_in_the_order_asked_for(self, client):
        gr = client.GlideRecord("incident")
        gr.order_by_desc("number")
        gr.limit = 20
        gr.query()
        numbers = [row.get_value("number") for row in gr]
        assert numbers == sorted(numbers, reverse=True)


class TestFields:
    def test_only_the_fields_asked_for_come(self, client):
        gr = found(client, "sys_user", fields="sys_id,name", limit=1)
        assert gr.next() and set(gr.serialize()) == {"sys_id", "name"}

    def test_all_fields_come_when_none_is_named(self, client):
        gr = found(client, "sys_user", limit=1)
        assert len(gr.fields) > 10
        assert gr.next() and gr.active == "true" and bool(gr.active)

    def test_a_password_is_never_shown(self, client):
        gr = client.GlideRecord("sys_user")
        assert gr.get(ADMIN)
        assert gr.get_display_value("user_password") == "********"

    def test_fields_of_other_records_are_walked_to(self, client):
        gr = client.GlideRecord("sys_user")
        walked = "department,department.name,department.dept_head,department.dept_head.email"
        gr.fields = f"sys_id,active,email,{walked}"
        assert gr.get(ADMIN)
        assert gr.email == "admin@example.com"
        assert gr.department == FINANCE and gr.department.name == "Finance"
        assert gr.department.dept_head == NATASHA
        assert gr.department.dept_head.email == "natasha.ingram@example.com"

    def test_moments_are_shown_in_the_time_zone_of_who_asks(self, client):
        gr = client.GlideRecord("sys_user")
        assert gr.get(ADMIN)
        assert gr.get_value("sys_updated_on") != gr.get_display_value("sys_updated_on")
        assert gr.sys_updated_on.date_value() is not None

    def test_a_state_has_a_value_and_a_label(self, client):
        gr = found(client, "problem", "state=103", limit=1)
        assert gr.next()
        assert (gr.get_value("state"), gr.get_display_value("state")) == ("103", "Root Cause Analysis")
        both = gr.serialize(display_value="both")
        assert both["state"] == {"value": "103", "display_value": "Root Cause Analysis"}

    def test_links_lead_to_the_record(self, client, http):
        gr = found(client, "incident", "caller_idISNOTEMPTY", exclude_reference_link=False, limit=1)
        assert gr.next()
        link = gr.serialize(display_value="both", exclude_reference_link=False)["caller_id"]["link"]
        assert http.get(link).json()["result"]["sys_id"] == gr.get_value("caller_id")


class TestWrite:
    def test_a_record_is_made_changed_and_deleted(self, client, problem):
        assert len(problem.get_value("opened_by")) == 32 and problem.number.get_value().startswith("PRB")
        assert problem.get_value("opened_by") != problem.get_display_value("opened_by")
        again = client.GlideRecord("problem")
        assert again.get(problem.sys_id)
        again.short_description = "ABCDEFG0123"
        again.assigned_to = PROBLEM_ADMIN
        assert again.changes() and again.update()
        assert again.short_description == "ABCDEFG0123"
        assert again.get_display_value("assigned_to") == "Problem Admin"
        assert again.delete()
        assert not client.GlideRecord("problem").get(problem.sys_id)

    def test_an_unknown_field_of_a_new_record_is_ignored(self, client):
        gr = created(client, short_description="With more", no_such_field="nothing")
        assert gr.number and gr.delete()

    def test_a_record_of_which_nothing_is_known_yet_is_made(self, client):
        gr = client.GlideRecord("problem")
        gr.initialize()
        assert gr.insert() and gr.get_value("state") == "101" and gr.delete()

    def test_a_given_identity_is_kept(self, client):
        given = "aaaabbbbccccddddeeeeffff00001111"
        gr = client.GlideRecord("problem")
        gr.initialize()
        gr.set_new_guid_value(given)
        gr.short_description = "Named by whoever made it"
        assert gr.insert() == given
        assert client.GlideRecord("problem").get(given)
        assert gr.delete()

    def test_many_are_changed_and_deleted_at_once(self, client):
        for number in range(10):
            created(client, short_description=f"BUNKZZ {number}")
        gr = found(client, "problem", "short_descriptionLIKEBUNKZZ")
        assert len(gr) == 10
        while gr.next():
            gr.short_description = gr.short_description + " -- APPENDEDZZ"
        assert gr.update_multiple()
        changed = found(client, "problem", "short_descriptionLIKEAPPENDEDZZ")
        assert len(changed) == 10
        assert changed.delete_multiple()
        assert len(found(client, "problem", "short_descriptionLIKEBUNKZZ")) == 0

    def test_only_what_changed_is_sent_and_in_order(self, client):
        made = [created(client, short_description=f"ORDERZZ {number}") for number in range(6)]
        gr = found(client, "problem", "short_descriptionLIKEORDERZZ")
        wanted, seen = [], []
        for position, row in enumerate(gr):
            if position % 2 == 0:
                row.short_description = row.short_description + " even"
                wanted.append(row.get_value("sys_id"))

        def answered(response):
            assert response.status_code == 200
            seen.append(response.json()["result"]["sys_id"]["value"])

        gr.update_multiple(answered)
        assert seen == wanted
        assert all(gr.delete() for gr in made)

    def test_a_rule_refuses_some_of_many_and_lets_the_others_through(self, client):
        rule = created(
            client, "sys_script", name="refuses EICAR", collection="problem", active=True, when="before", order=100,
            action_insert=True, action_update=True, abort_action=True, add_message=True,
            message="rejected by a rule", filter_condition="short_descriptionLIKEEICAR^ORdescriptionLIKEEICAR^EQ",
        )
        for number in range(4):
            created(client, short_description=f"RULEZZ {number}")
        gr = found(client, "problem", "short_descriptionLIKERULEZZ")
        for position, row in enumerate(gr):
            row.short_description = row.short_description + (" -- EICAR" if position % 2 else " -- GOODZZ")
        assert not gr.update_multiple()
        assert len(found(client, "problem", "short_descriptionLIKEGOODZZ")) == 2
        assert len(found(client, "problem", "short_descriptionLIKEEICAR")) == 0
        with pytest.raises(exceptions.RoleException):
            created(client, short_description="EICAR at once")
        assert found(client, "problem", "short_descriptionLIKERULEZZ").delete_multiple()
        assert rule.delete()


class TestAttachments:
    def test_files_are_added_listed_read_and_deleted(self, client, problem):
        assert len(problem.get_attachments()) == 0
        text = "this is a sample attachment\nwith\nmulti\nlines"
        link = problem.add_attachment("test.txt", text)
        listed = problem.get_attachments()
        assert len(listed) == 1 and listed.next() and listed.get_link() == link
        text_id = listed.sys_id
        binary = bytes(range(10))
        problem.add_attachment("test.bin", binary)
        contents = {str(file.file_name): file.read() for file in problem.get_attachments()}
        assert contents == {"test.txt": text.encode(), "test.bin": binary}
        one = client.Attachment("problem")
        one.get(text_id)
        assert one.get_link() == link and one.read().decode() == text
        named = client.Attachment("problem")
        named.add_query("file_name", "test.bin")
        named.query()
        assert named.next() and named.read() == binary
        named.delete()
        assert len(problem.get_attachments()) == 1

    def test_files_go_with_their_record(self, client, http, office):
        gr = created(client, short_description="With a file")
        gr.add_attachment("lost.txt", "soon gone")
        file = gr.get_attachments()
        assert file.next() and gr.delete()
        assert http.get(f"{office.url}/api/now/attachment/{file.sys_id}").status_code == 404


class TestSignIn:
    def test_a_wrong_password_is_told_as_clients_expect(self, office):
        client = ServiceNowClient(office.url, (office.user, "this is not the password"))
        with pytest.raises(exceptions.AuthenticationException) as refused:
            client.GlideRecord("sys_user").get("doesntmatter")
        said = str(refused.value).lower()
        assert "not authenticated" in said and "required to provide auth information" in said

    def test_a_token_for_a_password_works(self, office):
        flow = ServiceNowPasswordGrantFlow(office.user, office.password, office.client_id, office.client_secret)
        client = ServiceNowClient(office.url, flow)
        gr = client.GlideRecord("sys_user")
        assert gr.get(ADMIN) and gr.user_name == "admin"

    def test_a_token_for_a_program_works_and_is_renewed(self, office):
        flow = ServiceNowClientCredentialsFlow(office.client_id, office.client_secret)
        client = ServiceNowClient(office.url, flow)
        assert client.GlideRecord("sys_user").get(ADMIN)
        flow._ServiceNowClientCredentialsFlow__expires_at = 0
        assert client.GlideRecord("sys_user").get(ADMIN)

    def test_a_program_that_is_not_known_gets_no_token(self, office):
        with pytest.raises(exceptions.AuthenticationException):
            client = ServiceNowClient(office.url, ServiceNowClientCredentialsFlow("nobody", "nothing"))
            client.GlideRecord("sys_user").get(ADMIN)
