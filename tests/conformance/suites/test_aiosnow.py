"""aiosnow, the asynchronous client, unmodified."""

import asyncio

import aiosnow
from aiosnow.models.table.declared.incident import IncidentModel


class UserModel(aiosnow.TableModel):
    sys_id = aiosnow.fields.String(is_primary=True)
    user_name = aiosnow.fields.String()
    email = aiosnow.fields.String()


def told(office, model, work, **settings):
    async def all_of_it():
        client = aiosnow.Client(office.host, basic_auth=(office.user, office.password))
        async with model(client, **settings) as table:
            return await work(table)

    return asyncio.run(all_of_it())


def incidents(office, work):
    return told(office, IncidentModel, work, table_name="incident")


class TestQuery:
    def test_a_person_is_found(self, office):
        async def work(users):
            return await users.get_one(UserModel.user_name == "admin")

        assert told(office, UserModel, work, table_name="sys_user")["email"] == "admin@example.com"

    def test_conditions_and_order_are_understood(self, office):
        async def work(incident):
            selection = aiosnow.select(
                (IncidentModel.impact.equals(3)) & (IncidentModel.short_description.contains("portal"))
            ).order_desc(IncidentModel.number)
            return await incident.get(selection, limit=20)

        rows = incidents(office, work).data
        assert rows and all("portal" in row["short_description"].lower() for row in rows)
        numbers = [row["number"] for row in rows]
        assert numbers == sorted(numbers, reverse=True)

    def test_pages_are_streamed(self, office):
        async def work(incident):
            return [row["number"] async for _, row in incident.stream(limit=28, page_size=7)]

        numbers = incidents(office, work)
        assert len(numbers) == len(set(numbers)) == 28


class TestWrite:
    def test_a_record_is_made_changed_and_deleted(self, office):
        async def work(incident):
            made = await incident.create(dict(short_description="By aiosnow", description="Begun"))
            changed = await incident.update(made["sys_id"], dict(description="Still going"))
            gone = await incident.delete(made["sys_id"])
            return made, changed, gone

        made, changed, gone = incidents(office, work)
        assert made["number"].startswith("INC") and changed["description"] == "Still going"
        assert gone.status == 204


class TestAttachments:
    def test_a_file_goes_up_and_comes_down(self, office, incident, tmp_path):
        (tmp_path / "up.txt").write_text("by aiosnow")

        async def work(table):
            made = await table.upload_file(IncidentModel.number == incident["number"], str(tmp_path / "up.txt"))
            down = tmp_path / "down"
            down.mkdir()
            await table.download_file(f"sys_id={made['sys_id']}", str(down))
            return (down / "up.txt").read_text()

        assert incidents(office, work) == "by aiosnow"
