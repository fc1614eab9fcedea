SELECT DISTINCT substring(unhex(sha2(value, 256)), 1, 16)
FROM `cryptostream`.`bronze_prices`
WHERE topic = 'crypto-prices-backfill' AND value IS NOT NULL
  AND kafka_timestamp >= timestamp_micros(1699999999999000) AND kafka_timestamp < timestamp_micros(1700003600000005)
