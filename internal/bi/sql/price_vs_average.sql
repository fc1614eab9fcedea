-- Two lines per pair over six hours: the last price of each minute, and the 5-minute average up to it.
select
  pair,
  minute,
  concat(pair, ' ', kind) as series,
  cast(value as double) as value
from (
  select
    pair,
    date_trunc('minute', event_time) as minute,
    max_by(price, struct(event_time, kafka_partition, kafka_offset)) as price,
    max_by(ma_5m, struct(event_time, kafka_partition, kafka_offset)) as ma_5m
  from {{table "v_price_vs_ma"}}
  where event_time > (
    select max(event_time) - interval 6 hours
    from {{table "silver_prices"}}
    where date = (select max(date) from {{table "silver_prices"}})
  )
  group by pair, date_trunc('minute', event_time)
)
lateral view stack(2, 'price', price, '5-minute average', ma_5m) as kind, value
where value is not null
order by minute, series
