"""Runs an exported notebook as it is, with what Databricks would give it: spark, dbutils and display.

    run.py NOTEBOOK [WIDGET=VALUE …]

SIGTERM cancels it as a cancelled run is: with a KeyboardInterrupt.

CONNECT_REMOTE is the Spark Connect server, sc://localhost:PORT/;token=…: to localhost the client sends a token
without TLS. KAFKA_USERNAME and KAFKA_PASSWORD are what the secret scope "lakectl" has.
"""

import os
import signal
import sys
from types import SimpleNamespace

from pyspark.sql import SparkSession


class Widgets:
    """dbutils.widgets of a job's run: a parameter of the job goes before a widget's default."""

    def __init__(self, parameters):
        self.parameters, self.values = parameters, {}

    def text(self, name, default, label=None):
        self.values[name] = self.parameters.get(name, default)

    def dropdown(self, name, default, choices, label=None):
        self.text(name, default)
        for value in (default, self.values[name]):
            if value not in choices:
                raise ValueError(f"{name}: {value} is none of {choices}")

    def get(self, name):
        return self.values[name]


class Secrets:
    def get(self, scope, key):
        return {
            ("lakectl", "kafka-username"): os.environ["KAFKA_USERNAME"],
            ("lakectl", "kafka-password"): os.environ["KAFKA_PASSWORD"],
        }[scope, key]


def display(rows):
    print(f"{len(rows.collect())} rows of {', '.join(rows.columns)}")


def main(path, *arguments):
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    spark = SparkSession.builder.remote(os.environ["CONNECT_REMOTE"]).getOrCreate()
    dbutils = SimpleNamespace(widgets=Widgets(dict(a.split("=", 1) for a in arguments)), secrets=Secrets())
    with open(path, encoding="utf-8") as notebook:
        code = compile(notebook.read(), path, "exec")
    try:
        exec(code, {"__name__": "__main__", "spark": spark, "dbutils": dbutils, "display": display})
    finally:
        spark.stop()


main(*sys.argv[1:])
