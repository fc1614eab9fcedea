-- The average is exact as in gold_price_ma_5m; open and close break ties of time by the position
-- in Kafka, so that a rerun gives the same row.
select
  pair,
  window.start as hour_start,
  min_by(price, struct(event_time, kafka_partition, kafka_offset)) as open_price,
  max(price) as high_price,
  min(price) as low_price,
  max_by(price, struct(event_time, kafka_partition, kafka_offset)) as close_price,
  cast(try_divide(try_sum(price), count(price)) as decimal(38, 18)) as avg_price,
  count(*) as ticks,
  date(window.start) as date
from silver_prices
group by pair, window(event_time, '1 hour')
