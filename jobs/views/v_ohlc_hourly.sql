-- Gold has an hour only when it is closed. The hours that it lacks are computed the same way from
-- the last two dates of Silver: the running hour, and one that has ended but is not emitted yet.
select
  pair,
  hour_start,
  open_price,
  high_price,
  low_price,
  close_price,
  avg_price,
  ticks,
  true as is_closed,
  date
from gold_price_hourly
union all
select
  running.pair,
  running.hour_start,
  running.open_price,
  running.high_price,
  running.low_price,
  running.close_price,
  running.avg_price,
  running.ticks,
  false as is_closed,
  date(running.hour_start) as date
from (
  select
    pair,
    window.start as hour_start,
    min_by(price, struct(event_time, kafka_partition, kafka_offset)) as open_price,
    max(price) as high_price,
    min(price) as low_price,
    max_by(price, struct(event_time, kafka_partition, kafka_offset)) as close_price,
    cast(try_divide(try_sum(price), count(price)) as decimal(38, 18)) as avg_price,
    count(*) as ticks
  from silver_prices
  where date >= (select date_sub(max(date), 1) from silver_prices)
  group by pair, window(event_time, '1 hour')
) as running
left anti join gold_price_hourly as closed
  on closed.pair = running.pair and closed.hour_start = running.hour_start
