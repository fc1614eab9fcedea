MERGE INTO `main`.`cryptostream`.`gold_price_hourly` AS t
USING (
WITH `silver_prices` AS (
SELECT * FROM `main`.`cryptostream`.`silver_prices`
WHERE true
  AND (date IN ({dates}) OR date_sub(date, 1) IN ({dates}))
),
`gold_price_hourly` AS (
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
),
stale AS (
  SELECT computed.* FROM (
    SELECT * FROM `gold_price_hourly`
    WHERE `hour_start` + INTERVAL 1 HOUR <= timestamp_millis({watermark})
    AND date IN ({dates})
  ) AS computed
  LEFT ANTI JOIN (
    SELECT * FROM `main`.`cryptostream`.`gold_price_hourly`
    WHERE true AND date IN ({dates})
  ) AS there
    ON computed.`pair` <=> there.`pair` AND computed.`hour_start` <=> there.`hour_start` AND computed.`open_price` <=> there.`open_price` AND computed.`high_price` <=> there.`high_price` AND computed.`low_price` <=> there.`low_price` AND computed.`close_price` <=> there.`close_price` AND computed.`avg_price` <=> there.`avg_price` AND computed.`ticks` <=> there.`ticks` AND computed.`date` <=> there.`date`
)
SELECT `pair`, `hour_start`, `open_price`, `high_price`, `low_price`, `close_price`, `avg_price`, `ticks`, `date` FROM stale
) AS s
ON t.date IN ({dates}) AND t.`pair` = s.`pair` AND t.`hour_start` = s.`hour_start`
WHEN MATCHED THEN UPDATE SET t.`pair` = s.`pair`, t.`hour_start` = s.`hour_start`, t.`open_price` = s.`open_price`, t.`high_price` = s.`high_price`, t.`low_price` = s.`low_price`, t.`close_price` = s.`close_price`, t.`avg_price` = s.`avg_price`, t.`ticks` = s.`ticks`, t.`date` = s.`date`
WHEN NOT MATCHED THEN INSERT (`pair`, `hour_start`, `open_price`, `high_price`, `low_price`, `close_price`, `avg_price`, `ticks`, `date`)
VALUES (s.`pair`, s.`hour_start`, s.`open_price`, s.`high_price`, s.`low_price`, s.`close_price`, s.`avg_price`, s.`ticks`, s.`date`)
