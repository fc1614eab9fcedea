SELECT pair, coalesce(source, '') AS source, count(*) AS ticks
FROM `cryptostream`.`silver_prices`
WHERE date >= date(timestamp_micros(1700000000000000)) AND date <= date(timestamp_micros(1700003600000005))
  AND event_time >= timestamp_micros(1700000000000000) AND event_time < timestamp_micros(1700003600000005)
  AND (false OR pair = 'BTC-USD' AND coalesce(source, '') NOT IN ('coingecko') OR pair = 'ETH-USD' AND coalesce(source, '') NOT IN ('', 'it\'s'))
GROUP BY ALL ORDER BY ALL
