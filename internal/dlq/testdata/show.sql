SELECT topic, partition, offset, kafka_timestamp, key, value, reasons, quarantined_at
FROM `cryptostream`.`dead_letter`
WHERE true AND array_contains(reasons, 'bad_price')
ORDER BY quarantined_at DESC, partition, offset DESC
LIMIT 10
