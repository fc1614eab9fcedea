"""Reads resources of a bundle into Databricks' own types, which refuse a field, type or value that the published
schema does not have, and a required field that is missing.

    check.py < {"jobs": {KEY: {…}}, "schemas": …}

Writes each resource that is refused, one a line.
"""

import json
import sys

from databricks.bundles.alerts import Alert
from databricks.bundles.dashboards import Dashboard
from databricks.bundles.jobs import Job
from databricks.bundles.schemas import Schema
from databricks.bundles.secret_scopes import SecretScope
from databricks.bundles.sql_warehouses import SqlWarehouse
from databricks.bundles.volumes import Volume

KINDS = {
    "alerts": Alert, "dashboards": Dashboard, "jobs": Job, "schemas": Schema, "secret_scopes": SecretScope,
    "sql_warehouses": SqlWarehouse, "volumes": Volume,
}

for kind, resources in json.load(sys.stdin).items():
    for key, resource in resources.items():
        try:
            KINDS[kind].from_dict(resource)
        except Exception as e:
            print(f"{kind}.{key}: {type(e).__name__}: {e}")
