SELECT count(DISTINCT origin) AS arrived, min(ingested_at) AS since
FROM (SELECT cast(header.value AS STRING) AS origin, ingested_at
  FROM (SELECT explode(headers) AS header, ingested_at FROM `cryptostream`.`bronze_prices`)
  WHERE header.key = 'lakectl-replay-of')
WHERE origin IN ('crypto-prices/0/1', 'crypto-prices/0/2')
