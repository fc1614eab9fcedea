SELECT reason, date, count(*) AS records, min(quarantined_at) AS first, max(quarantined_at) AS last
FROM (SELECT explode(reasons) AS reason, date, quarantined_at FROM `cryptostream`.`dead_letter` WHERE true AND array_contains(reasons, 'bad\'price') AND quarantined_at >= timestamp_micros(1700000000000000) AND quarantined_at < timestamp_micros(1700003600000005) AND ((topic = 'crypto-prices' AND partition = 0 AND offset = 12) OR (topic = 'back\\slash' AND partition = 1 AND offset = 0)))
GROUP BY reason, date
ORDER BY date DESC, records DESC, reason
