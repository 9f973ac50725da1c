#!/usr/bin/env python3
"""The bill of materials of the tool, CycloneDX 1.6: what cargo links into it.

    sbom.py VERSION TARGET

Packages are those that the binary reaches without its tests, by cargo's own resolution;
checksums are those of Cargo.lock.
"""
import json
import os
import subprocess
import sys
import uuid
from datetime import datetime, timezone

import re


def checksums():
    text = open("Cargo.lock", encoding="utf-8").read()
    found = {}
    for part in text.split("[[package]]")[1:]:
        field = dict(re.findall(r'^(\w+) = "([^"]*)"$', part, re.M))
        if "checksum" in field:
            found[field["name"], field["version"]] = field["checksum"]
    return found


def reached(document, root):
    nodes = {node["id"]: node for node in document["resolve"]["nodes"]}
    seen, todo = set(), [root]
    edges = {}
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        # Dependencies of tests alone are not in what is shipped.
        deps = [d["pkg"] for d in nodes[at]["deps"] if any(k["kind"] != "dev" for k in d["dep_kinds"])]
        edges[at] = sorted(deps)
        todo += deps
    return seen, edges


def main(version, target):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    document = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    packages = {p["id"]: p for p in document["packages"]}
    root = next(i for i, p in packages.items() if p["name"] == "bpfassay")
    seen, edges = reached(document, root)
    sums = checksums()

    def ref(package):
        return f"pkg:cargo/{package['name']}@{package['version']}"

    def component(package):
        out = {"type": "library", "bom-ref": ref(package), "name": package["name"], "version": package["version"],
               "purl": ref(package)}
        if package.get("license"):
            out["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        checksum = sums.get((package["name"], package["version"]))
        if checksum:
            out["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        return out

    others = sorted((packages[i] for i in seen if i != root), key=ref)
    stamp = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), timezone.utc)
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, f"bpfassay/{version}/{target}/{stamp}")),
        "version": 1,
        "metadata": {
            "timestamp": stamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "bom-ref": ref(packages[root]), "name": "bpfassay", "version": version,
                          "licenses": [{"expression": packages[root]["license"]}]},
            "properties": [{"name": "cargo:target", "value": target}],
        },
        "components": [component(p) for p in others],
        "dependencies": [{"ref": ref(packages[i]), "dependsOn": sorted(ref(packages[d]) for d in edges[i])}
                         for i in sorted(seen, key=lambda i: ref(packages[i]))],
    }
    json.dump(bill, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
