-- max(date) is the newest event's UTC date; comparing partitions with it leaves the older ones unread.
select
  pair,
  latest.base,
  latest.quote,
  latest.source,
  latest.price,
  latest.volume_24h,
  latest.event_time,
  timestampdiff(millisecond, latest.event_time, current_timestamp()) / 1000D as age_seconds
from (
  select
    pair,
    max_by(
      struct(base, quote, source, price, volume_24h, event_time),
      struct(event_time, kafka_partition, kafka_offset)
    ) as latest
  from silver_prices
  where date >= (select date_sub(max(date), 6) from silver_prices)
  group by pair
)
