-- The 500 newest ticks, each with the time from the quote to the batch that wrote it to Silver.
select
  event_time,
  pair,
  source,
  cast(price as double) as price,
  cast(volume_24h as double) as volume_24h,
  timestampdiff(millisecond, event_time, processed_at) / 1000D as delay_seconds
from {{table "silver_prices"}}
where date >= (select date_sub(max(date), 1) from {{table "silver_prices"}})
order by event_time desc, kafka_partition, kafka_offset desc
limit 500
