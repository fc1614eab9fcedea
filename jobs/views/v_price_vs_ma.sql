-- The newest tick may be just after midnight, and its 24 hours and 5 minutes then begin two dates back.
with recent as (
  select
    pair,
    event_time,
    source,
    price,
    kafka_partition,
    kafka_offset,
    date,
    try_sum(price) over five_minutes as price_sum,
    count(price) over five_minutes as ticks_5m
  from silver_prices
  where date >= (select date_sub(max(date), 2) from silver_prices)
  window five_minutes as (
    partition by pair
    order by event_time
    range between interval 5 minutes preceding and current row
  )
)
select
  pair,
  event_time,
  source,
  price,
  cast(try_divide(price_sum, ticks_5m) as decimal(38, 18)) as ma_5m,
  ticks_5m,
  cast(round(try_divide(
    100 * (cast(price as decimal(30, 18)) - cast(try_divide(price_sum, ticks_5m) as decimal(30, 18))),
    cast(try_divide(price_sum, ticks_5m) as decimal(30, 18))
  ), 4) as decimal(38, 4)) as deviation_pct,
  kafka_partition,
  kafka_offset,
  date
from recent
where event_time > (
  select max(event_time) - interval 24 hours
  from silver_prices
  where date = (select max(date) from silver_prices)
)
