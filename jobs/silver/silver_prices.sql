-- The events that passed every check, typed.
select
  event_id,
  pair,
  split_part(pair, '-', 1) as base,
  split_part(pair, '-', 2) as quote,
  source,
  price,
  volume_24h,
  quoted_at,
  event_time,
  partition as kafka_partition,
  offset as kafka_offset,
  ingested_at,
  current_timestamp() as processed_at,
  date(event_time) as date,
  year(event_time) as year,
  month(event_time) as month,
  day(event_time) as day,
  hour(event_time) as hour
from valid_prices
