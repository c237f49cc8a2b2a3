"""Lists as files, read by whoever reads such files: openpyxl for workbooks, Python's own parsers for the rest."""

import csv
import io
from xml.etree import ElementTree

import openpyxl

FIELDS = "number,short_description,priority,caller_id"
ASKED = {"sysparm_query": "active=true^ORDERBYnumber", "sysparm_fields": FIELDS}


def exported(office, http, word):
    answer = http.get(f"{office.url}/incident_list.do?{word}", params=ASKED)
    assert answer.status_code == 200, answer.text
    return answer


def test_a_workbook_has_what_the_comma_separated_file_has(office, http):
    rows = list(csv.reader(io.StringIO(exported(office, http, "CSV").text)))
    sheet = openpyxl.load_workbook(io.BytesIO(exported(office, http, "EXCEL").content)).active
    cells = [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert len(rows) > 5 and cells == rows
    assert rows[0] == FIELDS.split(",") and sheet["A1"].font.bold


def test_xml_has_the_values_of_the_record_api(office, http):
    listed = ElementTree.fromstring(exported(office, http, "XML").content)
    asked = ASKED | {"sysparm_exclude_reference_link": "true"}
    rest = http.get(f"{office.url}/api/now/table/incident", params=asked).json()["result"]
    assert [{field.tag: field.text or "" for field in record} for record in listed] == rest
    assert {record.tag for record in listed} == {"incident"}


def test_the_record_api_answers_the_same_in_xml(office, http):
    address = f"{office.url}/api/now/table/incident"
    parameters = ASKED | {"sysparm_exclude_reference_link": "true"}
    answer = http.get(address, params=parameters, headers={"Accept": "application/xml"})
    listed = ElementTree.fromstring(answer.content)
    rest = http.get(address, params=parameters).json()["result"]
    assert listed.tag == "response" and {record.tag for record in listed} == {"result"}
    assert [{field.tag: field.text or "" for field in record} for record in listed] == rest
