WITH `bronze_prices` AS (
SELECT * FROM `cryptostream`.`bronze_prices`
WHERE topic = 'crypto-prices-backfill' AND (false OR partition = 0 AND offset >= 12 OR partition = 1 AND offset >= 7)
),
`silver_prices` AS (
-- good ones
select * from bronze_prices
)
SELECT (SELECT count(*) FROM (SELECT * FROM `cryptostream`.`bronze_prices`
WHERE topic = 'crypto-prices-backfill' AND (false OR partition = 0 AND offset >= 12 OR partition = 1 AND offset >= 7))) AS records, count(DISTINCT given.kafka_partition, given.kafka_offset) AS good,
  count(DISTINCT given.`event_id`) AS events, count(DISTINCT kept.`event_id`) AS present,
  count(DISTINCT CASE WHEN kept.kafka_partition = given.kafka_partition AND kept.kafka_offset = given.kafka_offset
    AND kept.ingested_at = given.ingested_at THEN kept.`event_id` END) AS made
FROM `silver_prices` AS given
LEFT JOIN `cryptostream`.`silver_prices` AS kept ON kept.`event_id` = given.`event_id`
