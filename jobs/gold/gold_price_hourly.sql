-- The average is exact, and arrival one number, as in gold_price_ma_5m: open and close break ties of
-- time by the position in Kafka, so that a rerun gives the same row.
select
  pair,
  window.start as hour_start,
  min_by(price, arrival) as open_price,
  max(price) as high_price,
  min(price) as low_price,
  max_by(price, arrival) as close_price,
  cast(try_divide(try_sum(price), count(price)) as decimal(38, 18)) as avg_price,
  count(*) as ticks,
  date(window.start) as date
from (
  select
    pair,
    event_time,
    price,
    try_add(
      try_multiply(try_cast(unix_micros(event_time) as decimal(17)), 1000000000000000000000BD),
      try_cast(kafka_partition as decimal(5)) * 10000000000000000BD + kafka_offset
    ) as arrival
  from silver_prices
)
group by pair, window(event_time, '1 hour')
