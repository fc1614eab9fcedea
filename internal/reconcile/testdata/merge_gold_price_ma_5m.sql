MERGE INTO `main`.`cryptostream`.`gold_price_ma_5m` AS t
USING (
WITH `silver_prices` AS (
SELECT * FROM `main`.`cryptostream`.`silver_prices`
WHERE true
  AND (date IN ({dates}) OR date_sub(date, 1) IN ({dates}))
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
    WHERE `window_start` + INTERVAL 5 MINUTES <= timestamp_millis({watermark})
    AND date IN ({dates})
  ) AS computed
  LEFT ANTI JOIN (
    SELECT * FROM `main`.`cryptostream`.`gold_price_ma_5m`
    WHERE true AND date IN ({dates})
  ) AS there
    ON computed.`pair` <=> there.`pair` AND computed.`window_start` <=> there.`window_start` AND computed.`window_end` <=> there.`window_end` AND computed.`avg_price` <=> there.`avg_price` AND computed.`min_price` <=> there.`min_price` AND computed.`max_price` <=> there.`max_price` AND computed.`last_price` <=> there.`last_price` AND computed.`ticks` <=> there.`ticks` AND computed.`date` <=> there.`date`
)
SELECT `pair`, `window_start`, `window_end`, `avg_price`, `min_price`, `max_price`, `last_price`, `ticks`, `date` FROM stale
) AS s
ON t.date IN ({dates}) AND t.`pair` = s.`pair` AND t.`window_start` = s.`window_start`
WHEN MATCHED THEN UPDATE SET t.`pair` = s.`pair`, t.`window_start` = s.`window_start`, t.`window_end` = s.`window_end`, t.`avg_price` = s.`avg_price`, t.`min_price` = s.`min_price`, t.`max_price` = s.`max_price`, t.`last_price` = s.`last_price`, t.`ticks` = s.`ticks`, t.`date` = s.`date`
WHEN NOT MATCHED THEN INSERT (`pair`, `window_start`, `window_end`, `avg_price`, `min_price`, `max_price`, `last_price`, `ticks`, `date`)
VALUES (s.`pair`, s.`window_start`, s.`window_end`, s.`avg_price`, s.`min_price`, s.`max_price`, s.`last_price`, s.`ticks`, s.`date`)
