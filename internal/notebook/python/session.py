# Dates and hours are taken from timestamps in the session's time zone, and what can't be cast has to be an error.
spark.conf.set("spark.sql.session.timeZone", "UTC")
spark.conf.set("spark.sql.ansi.enabled", "true")


def quoted(name: str) -> str:
    """The name as SQL takes it, whatever characters are in it."""
    return "`" + name.replace("`", "``") + "`"


lakehouse = f"{quoted(catalog)}.{quoted(schema)}"


def table(name: str) -> str:
    """The full name of a table or view of this lakehouse."""
    return f"{lakehouse}.{quoted(name)}"
