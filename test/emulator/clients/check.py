"""Calls every action of an emulator of EC2 with boto3 and with the aws command line, and every one of moto's with boto3.

Prints, as JSON, what is to be judged. Environment: AWS_ENDPOINT_URL_EC2 and the usual ones of AWS for the emulator.
"""

import json
import os
import re
import xml.etree.ElementTree as ElementTree

import boto3
from botocore.config import Config

import scenario
from cli import CommandLine

ANY_IMAGE = "ami-00000000000000000"


def main():
    calls, ours = with_boto3()
    command_line = scenario.run(CommandLine(), ANY_IMAGE)
    types = instance_types(boto3.client("ec2"))
    theirs, their_types = on_moto(list(types))
    print(json.dumps({
        "calls": calls,
        "errors": errors(ours),
        "answers": good(ours),
        "shapes": shapes(ours),
        "commandLineErrors": errors(command_line),
        "commandLineShapes": shapes(command_line),
        "motoErrors": errors(theirs),
        "motoShapes": shapes(theirs),
        "types": types,
        "motoTypes": their_types,
    }, default=moment))


def with_boto3():
    """Of each action's first good call: its parameters, the form that was sent, what came back as it came, and the
    elements in it that AWS's own model of the API does not have. And all answers."""
    client = boto3.client("ec2", config=Config(retries={"max_attempts": 0}))
    calls = {}
    asked = {}

    def before(params, model, **_):
        asked[model.name] = {"parameters": params}

    def form(params, model, **_):
        asked[model.name]["form"] = params["body"]

    def after(http_response, model, **_):
        if http_response.status_code == 200:
            body = http_response.content
            odd = unknown(ElementTree.fromstring(body), model.output_shape)
            calls.setdefault(model.name, asked[model.name] | {"body": body.decode(), "unknownElements": odd})

    client.meta.events.register_first("provide-client-params.ec2", before)
    client.meta.events.register("before-call.ec2", form)
    client.meta.events.register("after-call.ec2", after)
    return calls, scenario.run(client, ANY_IMAGE)


def unknown(root, shape):
    """Paths of elements that are not in a shape. Every answer has requestId; some a `return` that is no member."""
    faults = []

    def walk(element, shape, path):
        if shape is None:
            return
        if shape.type_name == "structure":
            known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
            for child in element:
                name = local(child)
                here = f"{path}.{name}" if path else name
                if name in known:
                    walk(child, known[name], here)
                elif here not in ("requestId", "return"):
                    faults.append(here)
        elif shape.type_name == "list":
            for child in element:
                if local(child) != "item":
                    faults.append(f"{path}.{local(child)}")
                walk(child, shape.member, path + "[]")
        elif len(element):
            faults.append(path)

    if shape is None:
        faults.extend(local(child) for child in root if local(child) not in ("requestId", "return"))
    walk(root, shape, "")
    return faults


def local(element):
    return re.sub(r"^\{.*\}", "", element.tag)


def instance_types(ec2, **which):
    """What is published of instance types, as far as networks go, and of their size."""
    pages = ec2.get_paginator("describe_instance_types").paginate(**which)
    return {it["InstanceType"]: numbers(it) for page in pages for it in page["InstanceTypes"]}


def numbers(it):
    network = it["NetworkInfo"]
    total = network["MaximumNetworkInterfaces"]
    return {
        "nics": total,
        "nicsOfCards": [card["MaximumNetworkInterfaces"] for card in network.get("NetworkCards", [])] or [total],
        "addresses": network["Ipv4AddressesPerInterface"],
        "addresses6": network["Ipv6AddressesPerInterface"],
        "performance": network["NetworkPerformance"],
        "vcpus": it["VCpuInfo"]["DefaultVCpus"],
        "memory": it["MemoryInfo"]["SizeInMiB"],
        "hypervisor": it.get("Hypervisor", "none"),
        "metal": it["BareMetal"],
    }


def on_moto(types):
    """Its answers to all actions, and what it says of these types: moto ships what AWS publishes."""
    import moto

    here = dict(os.environ)
    for name in ("AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL"):
        os.environ.pop(name, None)
    try:
        with moto.mock_aws():
            client = boto3.client("ec2", region_name="us-east-1")
            image = client.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
            return scenario.run(client, image), instance_types(client, InstanceTypes=types)
    finally:
        os.environ.update(here)


def good(said):
    return {action: answer for action, answer in said.items() if "error" not in answer}


def errors(said):
    return {action: answer["text"] for action, answer in said.items() if "error" in answer}


def shapes(said):
    return {action: shape(answer) for action, answer in good(said).items()}


def shape(value, path=""):
    """The paths of all values: lists are what any of their items is."""
    if isinstance(value, dict):
        return sorted({it for name, inner in value.items() for it in shape(inner, f"{path}.{name}" if path else name)})
    if isinstance(value, list):
        inner = {it for item in value for it in shape(item, path + "[]")}
        return sorted(inner) if inner else [path + "[]"]
    return [path]


def moment(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


main()
