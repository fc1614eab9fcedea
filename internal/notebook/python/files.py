def file_records():
    """The same records from files of "lakectl tail -o json", one record a line. Bytes that are no text are in base64."""
    return (
        spark.readStream.format("json")
        .schema(
            """
            topic STRING, partition INT, offset BIGINT, timestamp STRING,
            key STRING, key_base64 STRING, value STRING, value_base64 STRING,
            headers ARRAY<STRUCT<key: STRING, value: STRING, value_base64: STRING>>
            """
        )
        .option("mode", "FAILFAST")
        .load(source_path)
        .selectExpr(
            "topic",
            "partition",
            "offset",
            "cast(timestamp as timestamp) as timestamp",
            "coalesce(unbase64(key_base64), cast(key as binary)) as key",
            "coalesce(unbase64(value_base64), cast(value as binary)) as value",
            """
            if(size(headers) = 0, null, transform(headers, header -> named_struct(
              'key', header.key,
              'value', coalesce(unbase64(header.value_base64), cast(header.value as binary))
            ))) as headers
            """,
        )
    )
