WITH `silver_prices` AS (
SELECT * FROM `main`.`cryptostream`.`silver_prices`
WHERE true
  AND date >= date(timestamp_micros(2) - INTERVAL 1 HOUR) AND event_time > timestamp_micros(2) - INTERVAL 1 HOUR
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
    WHERE `hour_start` + INTERVAL 1 HOUR <= timestamp_millis(1700000000000)
    AND `hour_start` > timestamp_micros(2) - INTERVAL 1 HOUR
  ) AS computed
  LEFT ANTI JOIN (
    SELECT * FROM `main`.`cryptostream`.`gold_price_hourly`
    WHERE true AND date >= date(timestamp_micros(2) - INTERVAL 1 HOUR)
  ) AS there
    ON computed.`pair` <=> there.`pair` AND computed.`hour_start` <=> there.`hour_start` AND computed.`open_price` <=> there.`open_price` AND computed.`high_price` <=> there.`high_price` AND computed.`low_price` <=> there.`low_price` AND computed.`close_price` <=> there.`close_price` AND computed.`avg_price` <=> there.`avg_price` AND computed.`ticks` <=> there.`ticks` AND computed.`date` <=> there.`date`
)
SELECT date, count(*) AS windows
FROM stale
GROUP BY date
ORDER BY date
