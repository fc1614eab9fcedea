def await_end(*queries) -> None:
    """Returns when every query has ended. If one fails, the others are stopped and its error ends the run."""
    running = list(queries)
    try:
        while running:
            running = [query for query in running if not query.awaitTermination(timeout=5)]
    finally:
        for query in running:
            query.stop()
