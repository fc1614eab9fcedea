-- How far each pair is from its average, by the minute: in percent, so that pairs compare.
select
  pair,
  date_trunc('minute', event_time) as minute,
  cast(max_by(deviation_pct, struct(event_time, kafka_partition, kafka_offset)) as double) / 100 as deviation
from {{table "v_price_vs_ma"}}
where event_time > (
  select max(event_time) - interval 6 hours
  from {{table "silver_prices"}}
  where date = (select max(date) from {{table "silver_prices"}})
)
group by pair, date_trunc('minute', event_time)
order by minute, pair
