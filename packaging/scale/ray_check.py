#!/usr/bin/env python3
"""Ray: a task checks some objects and gives their lines back.

    ray_check.py TARGETS RESULT PLACE...

RESULT is a file of JSON lines, in the order of the objects. On a cluster (RAY_ADDRESS), paths
must lead to the objects on every machine, and BPFASSAY to the tool.
"""
import os
import sys

import ray

from lines import lines, objects, show, totals

# Objects of one task.
CHUNK = 50


def main(targets, result, *places):
    folder = os.path.dirname(os.path.abspath(__file__))
    environment = {"env_vars": {"PYTHONPATH": folder, "BPFASSAY": os.environ.get("BPFASSAY", "bpfassay")}}
    ray.init(include_dashboard=False, runtime_env=environment, log_to_driver=False)
    check = ray.remote(num_cpus=1)(lines)
    paths = objects(places)
    tasks = [check.remote(paths[at:at + CHUNK], targets) for at in range(0, len(paths), CHUNK)]
    done = [line for part in ray.get(tasks) for line in part]
    with open(result, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in done)
    show(totals(done))
    ray.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
