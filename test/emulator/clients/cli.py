"""The aws command line as a client with the methods of boto3's: its arguments, its parsing and its output.

All calls in this process: one of its own for each would take most of a second, sixty times.
"""

import contextlib
import io
import json

from awscli.clidriver import create_clidriver
from botocore import xform_name


class CommandLine:
    def __init__(self):
        self.models = create_clidriver().session.get_component("data_loader")  # of the API: read once, half a second

    def __getattr__(self, method):
        def run(**parameters):
            driver = create_clidriver()  # a used one mixes up the flags of two commands
            driver.session.register_component("data_loader", self.models)
            out, complaints = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaints):
                code = driver.main(["ec2", method.replace("_", "-"), "--output", "json", *words(parameters)])
            if code != 0:
                raise RuntimeError(complaints.getvalue().strip())
            return json.loads(out.getvalue() or "{}")

        return run


def words(parameters):
    """As a person would type them. Lists and structures in JSON, flags by their names alone."""
    if "MinCount" in parameters:  # it has a word of its own for these
        counts = f"{parameters['MinCount']}:{parameters['MaxCount']}"
        parameters = {name: it for name, it in parameters.items() if not name.endswith("Count")} | {"Count": counts}
    for name, value in parameters.items():
        flag = value.get("Value") if isinstance(value, dict) else value
        option = xform_name(name, "-")
        if isinstance(flag, bool):
            yield f"--{option}" if flag else f"--no-{option}"
        else:
            yield from (f"--{option}", value if isinstance(value, str) else json.dumps(value))
