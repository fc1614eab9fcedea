-- Every record as it arrived: bytes, key, headers and position, nothing interpreted.
select
  topic,
  partition,
  offset,
  timestamp as kafka_timestamp,
  key,
  value,
  headers,
  current_timestamp() as ingested_at,
  date(current_timestamp()) as ingest_date
from kafka_records
