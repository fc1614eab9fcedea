-- DECIMAL(38,18) / BIGINT is DECIMAL(38,18) and is rounded once, HALF_UP. avg() would give
-- DECIMAL(38,22), round twice, and fail on large sums; try_ gives null instead of an error.
select
  pair,
  window.start as window_start,
  window.end as window_end,
  cast(try_divide(try_sum(price), count(price)) as decimal(38, 18)) as avg_price,
  min(price) as min_price,
  max(price) as max_price,
  max_by(price, struct(event_time, kafka_partition, kafka_offset)) as last_price,
  count(*) as ticks,
  date(window.start) as date
from silver_prices
group by pair, window(event_time, '5 minutes', '1 minute')
