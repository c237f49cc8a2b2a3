"""Schemathesis makes requests from the served description: no 5xx, no undocumented status, type of content or shape."""

import base64
import os
import subprocess
import sys

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def judged(office, *arguments):
    pair = base64.b64encode(f"{office.user}:{office.password}".encode()).decode()
    trusted = os.environ.get("REQUESTS_CA_BUNDLE", "true")
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{office.url}/openapi.json", "--header", f"Authorization: Basic {pair}",
        "--tls-verify", trusted, "--checks", CHECKS, "--seed", "1", "--workers", "1", "--continue-on-failure", *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_tables_and_figures_answer_as_described(office):
    tables = r"^/api/now/(table|stats)/(incident|cmn_location|sys_choice|kb_knowledge|\{)"
    judged(office, "--include-path-regex", tables, "--phases", "fuzzing", "--max-examples", "8")


def test_everything_else_answers_as_described(office):
    # Frames of devices and mail are no JSON and have tests of their own; every table's paths are the same operations again.
    others = r"/table/|/stats/|^/api/v1/(sync|relay|events|mail)"
    judged(office, "--exclude-path-regex", others, "--phases", "fuzzing", "--max-examples", "3")
