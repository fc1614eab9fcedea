import json
import time

# Only what Bronze has taken in since then is looked at: an older record was looked at on an earlier night.
arrived = f"(current_timestamp() - INTERVAL {int(lookback_days)} DAYS)"


def committed(job: str) -> tuple:
    """How far a query is, by its last batch whose rows are in the table: the newest version of its source that it has
    read whole, and its watermark in milliseconds since 1970. None where it is not that far yet."""
    folder = f"{checkpoint_root.rstrip('/')}/{job}"
    try:
        names = spark.read.text(f"{folder}/commits").select("_metadata.file_name").distinct().collect()
    except Exception as error:
        if "PATH_NOT_FOUND" in str(error):
            return None, None
        raise
    batch = max((int(row[0]) for row in names if row[0].isdigit()), default=None)
    if batch is None:
        return None, None
    version, metadata, *sources = spark.read.text(f"{folder}/offsets/{batch}", wholetext=True).head()[0].splitlines()
    if version != "v1" or len(sources) != 1:
        raise RuntimeError(f"{folder}/offsets/{batch} is not what Spark 4 writes: reconcile can't tell how far {job} is")
    offset = json.loads(sources[0]) if sources[0] != "-" else None
    whole = offset is not None and not offset["isStartingVersion"] and offset["reservoirVersion"] > 0
    return offset["reservoirVersion"] - 1 if whole else None, json.loads(metadata)["batchWatermarkMs"] or None


def date_literals(dates) -> str:
    """Dates as a list for SQL: a merge names its partitions, and conflicts with no other."""
    return ", ".join(f"DATE'{date}'" for date in sorted(set(dates)))


def earliest_arrival(name: str, time_column: str) -> str | None:
    """The earliest event of what has arrived, as SQL: no window before it can have changed."""
    found = spark.sql(f"SELECT unix_micros(min({quoted(time_column)})) FROM {table(name)} WHERE ingested_at >= {arrived}").head()[0]
    return None if found is None else f"timestamp_micros({found})"


def again(step, tries: int = 10):
    """Takes the step, and takes it again where a streaming query has written to the same partition meanwhile."""
    for attempt in range(1, tries + 1):
        try:
            return step()
        except Exception as error:
            if attempt == tries or "DELTA_CONCURRENT_" not in str(error):
                raise
            time.sleep(min(10, 0.2 * 2**attempt))
