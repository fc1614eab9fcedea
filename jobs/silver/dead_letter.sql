-- What a check refused, with every reason that applies and the bytes as they came.
select
  topic,
  partition,
  offset,
  kafka_timestamp,
  key,
  value,
  make_valid_utf8(cast(value as string)) as value_text,
  reasons,
  current_timestamp() as quarantined_at,
  date(ingested_at) as date
from rejected_prices
