WITH `silver_prices` AS (
SELECT * FROM `main`.`cryptostream`.`silver_prices`
WHERE true
  AND date >= date(timestamp_micros(2) - INTERVAL 5 MINUTES) AND event_time > timestamp_micros(2) - INTERVAL 5 MINUTES
),
`gold_price_ma_5m` AS (
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
),
stale AS (
  SELECT computed.* FROM (
    SELECT * FROM `gold_price_ma_5m`
    WHERE `window_start` + INTERVAL 5 MINUTES <= timestamp_millis(1700000000000)
    AND `window_start` > timestamp_micros(2) - INTERVAL 5 MINUTES
  ) AS computed
  LEFT ANTI JOIN (
    SELECT * FROM `main`.`cryptostream`.`gold_price_ma_5m`
    WHERE true AND date >= date(timestamp_micros(2) - INTERVAL 5 MINUTES)
  ) AS there
    ON computed.`pair` <=> there.`pair` AND computed.`window_start` <=> there.`window_start` AND computed.`window_end` <=> there.`window_end` AND computed.`avg_price` <=> there.`avg_price` AND computed.`min_price` <=> there.`min_price` AND computed.`max_price` <=> there.`max_price` AND computed.`last_price` <=> there.`last_price` AND computed.`ticks` <=> there.`ticks` AND computed.`date` <=> there.`date`
)
SELECT date, count(*) AS windows
FROM stale
GROUP BY date
ORDER BY date
