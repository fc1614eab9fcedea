-- DECIMAL(38,18) / BIGINT is DECIMAL(38,18) and is rounded once, HALF_UP. avg() would give
-- DECIMAL(38,22), round twice, and fail on large sums; try_ gives null instead of an error.
--
-- arrival puts time, partition and offset into one number, 17, 5 and 16 digits. A struct would order
-- as well, but cannot be changed in place in an aggregation's buffer: Spark would sort every row five
-- times instead of hashing it. Made in a subquery, it is made once per row, not once per window.
select
  pair,
  window.start as window_start,
  window.end as window_end,
  cast(try_divide(try_sum(price), count(price)) as decimal(38, 18)) as avg_price,
  min(price) as min_price,
  max(price) as max_price,
  max_by(price, arrival) as last_price,
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
group by pair, window(event_time, '5 minutes', '1 minute')
