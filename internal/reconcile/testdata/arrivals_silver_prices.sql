SELECT min(`event_time`) AS earliest,
  min(CASE WHEN `event_time` + INTERVAL 1 HOUR > timestamp_millis(1700000000000) THEN ingested_at END) AS open,
  (SELECT max(ingested_at) FROM (SELECT * FROM `main`.`cryptostream`.`bronze_prices` VERSION AS OF 7) WHERE ingest_date >= date(timestamp_micros(1)) AND ingested_at >= timestamp_micros(1)) AS newest
FROM `main`.`cryptostream`.`silver_prices`
WHERE ingested_at >= timestamp_micros(1)
