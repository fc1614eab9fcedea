WITH `bronze_prices` AS (
SELECT letters.topic, letters.partition, letters.offset, letters.kafka_timestamp, letters.key,
  letters.new_value AS value, records.headers, current_timestamp() AS ingested_at, current_date() AS ingest_date
FROM (SELECT *, cast((
replace(value_text, ',', '.') -- a comment
) AS BINARY) AS new_value FROM `cryptostream`.`dead_letter` WHERE true AND array_contains(reasons, 'bad\'price') AND quarantined_at >= timestamp_micros(1700000000000000) AND quarantined_at < timestamp_micros(1700003600000005) AND ((topic = 'crypto-prices' AND partition = 0 AND offset = 12) OR (topic = 'back\\slash' AND partition = 1 AND offset = 0))) AS letters
LEFT JOIN `cryptostream`.`bronze_prices` AS records
  ON records.topic = letters.topic AND records.partition = letters.partition AND records.offset = letters.offset
LEFT ANTI JOIN (SELECT DISTINCT cast(header.value AS STRING) AS origin FROM (SELECT explode(headers) AS header FROM `cryptostream`.`bronze_prices`) WHERE header.key = 'lakectl-replay-of') AS replayed
  ON replayed.origin = concat_ws('/', letters.topic, letters.partition, letters.offset)
),
`dead_letter` AS (
-- what a check refuses
select * from bronze_prices where false
)
SELECT c.topic, c.partition, c.offset, c.kafka_timestamp, c.key, c.value, c.headers, refused.reasons
FROM `bronze_prices` AS c
LEFT JOIN `dead_letter` AS refused ON refused.topic = c.topic AND refused.partition = c.partition AND refused.offset = c.offset
ORDER BY refused.reasons IS NOT NULL, c.topic, c.partition, c.offset
LIMIT 100
