def checkpoint(job: str) -> str:
    """Where a query keeps its offsets and its state. The folder belongs to this query and this table."""
    return f"{checkpoint_root.rstrip('/')}/{job}"


def check_restart(job: str, sink: str) -> None:
    """Refuses to start a query over on a table that has rows: every row would be there twice."""
    try:
        spark.read.text(f"{checkpoint(job)}/metadata").head()
    except Exception as error:
        if "PATH_NOT_FOUND" not in str(error):
            raise
        if not spark.table(table(sink)).isEmpty():
            raise RuntimeError(
                f"the checkpoint of {job} is gone, but {table(sink)} has rows: starting over would write them twice. "
                f"Put {checkpoint(job)} back, or choose another schema and another checkpoint_root."
            ) from None


trigger_options = {"availableNow": True} if trigger == "availableNow" else {"processingTime": trigger}
