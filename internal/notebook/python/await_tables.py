import time


def await_tables(*names: str, minutes: int = 15) -> None:
    """Waits for tables that another notebook creates: the tasks of a continuous job start together."""
    deadline = time.monotonic() + 60 * minutes
    for name in names:
        if not spark.catalog.tableExists(table(name)):
            print(f"waiting for {table(name)}")
        while not spark.catalog.tableExists(table(name)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{table(name)} is not there after {minutes} minutes: has the notebook that writes it run?")
            time.sleep(5)
