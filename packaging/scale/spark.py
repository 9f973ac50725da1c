#!/usr/bin/env python3
"""Spark: the paths of objects are spread over executors, each of which checks those of its
partitions; the lines become a table.

    spark.py TARGETS RESULT PLACE...      (spark-submit works too)

RESULT is a folder of Parquet files. On a cluster, paths must lead to the objects on every
machine, and BPFASSAY to the tool.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import types as t  # noqa: E402

from lines import lines, objects, show  # noqa: E402

TEXT, WHOLE, TEXTS = t.StringType(), t.LongType(), t.ArrayType(t.StringType())
# The fields of schemas/line.v1.json.
SCHEMA = t.StructType([
    t.StructField(name, kind) for name, kind in [
        ("object", TEXT), ("program", TEXT), ("section", TEXT), ("prog_type", TEXT), ("attach_type", TEXT),
        ("target", TEXT), ("verdict", TEXT), ("code", TEXT), ("class", TEXT), ("message", TEXT), ("insn", WHOLE),
        ("file", TEXT), ("line", WHOLE), ("insns", WHOLE), ("processed", WHOLE), ("total_states", WHOLE),
        ("peak_states", WHOLE), ("stack_depth", WHOLE), ("verify_us", WHOLE), ("smoke", TEXT), ("smoke_coverage", t.MapType(TEXT, WHOLE)),
        ("assumes", TEXTS),
        ("variant", TEXT), ("column", WHOLE), ("callees", TEXTS),
        ("map_bytes", WHOLE), ("map_bytes_per_cpu", WHOLE), ("schema", TEXT),
    ]
])
# Objects of one call of the tool.
CHUNK = 100


def main(targets, result, *places):
    spark = SparkSession.builder.appName("bpfassay").getOrCreate()
    paths = objects(places)
    folder = os.path.dirname(os.path.abspath(__file__))

    def check(partition):
        sys.path.insert(0, folder)
        some = list(partition)
        for at in range(0, len(some), CHUNK):
            yield from lines(some[at:at + CHUNK], targets)

    parts = max(1, min(len(paths), 4 * spark.sparkContext.defaultParallelism))
    rows = spark.sparkContext.parallelize(paths, parts).mapPartitions(check)
    spark.read.json(rows, schema=SCHEMA).write.mode("overwrite").parquet(result)
    table = spark.read.parquet(result)
    counts = table.groupBy("target", "verdict").count().collect()
    show({(row["target"], row["verdict"]): row["count"] for row in counts})
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
