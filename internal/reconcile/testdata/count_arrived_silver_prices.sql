WITH `bronze_prices` AS (
SELECT * FROM `main`.`cryptostream`.`bronze_prices` VERSION AS OF 7
WHERE ingest_date >= date(timestamp_micros(1)) AND ingested_at >= timestamp_micros(1)
),
`parsed_prices` AS (
-- One row per Bronze record, whatever it holds: nothing here throws and nothing is filtered.
--
-- The value is read inside an array, between two elements that have the value's own hash, which a
-- value does not contain by chance (and who makes one that does could send a good event as well).
-- Only when the array has exactly these three elements was the value one JSON object and nothing
-- else: alone, from_json takes text after the object and further objects. _corrupt is not null where
-- from_json put null for a part that it could not read.
--
-- Price and volume are read as VARIANT, which keeps the digits of a JSON number; as STRING they
-- would have gone through a double. Where even VARIANT holds a double (an exponent, more than 38
-- digits) the text becomes 'inexact', which no check takes for a decimal.
--
-- Each select computes what the one around it uses several times; Spark keeps them apart as long as no
-- filter is moved into them, which the step that checks these rows sees to.
select
  topic,
  partition,
  offset,
  kafka_timestamp,
  key,
  value,
  ingested_at,
  form,
  event_id,
  pair,
  source,
  price_text,
  volume_text,
  quoted_text,
  try_cast(price_text as decimal(38, 18)) as price,
  try_cast(volume_text as decimal(38, 18)) as volume_24h,
  -- RFC 3339 by its form first: a cast alone also takes 12:30:00 (for today) and a bare date.
  case
    when collected_text rlike r'^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})\z'
      then try_cast(upper(collected_text) as timestamp)
  end as event_time,
  case
    when quoted_text rlike r'^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})\z'
      then try_cast(upper(quoted_text) as timestamp)
  end as quoted_at
from (
  select
    *,
    event.event_id,
    event.pair,
    event.source,
    if(schema_of_variant(event.price) = 'DOUBLE', 'inexact', cast(event.price as string)) as price_text,
    if(schema_of_variant(event.volume_24h) = 'DOUBLE', 'inexact', cast(event.volume_24h as string)) as volume_text,
    event.quoted_at as quoted_text,
    event.collected_at as collected_text
  from (
    select
      *,
      case
        when value is null then 'tombstone'
        when not is_utf8 then 'bad_encoding'
        when document._corrupt is null
          and size(document.elements) = 3
          and get(document.elements, 0)._mark = mark
          and get(document.elements, 1) is not null
          and get(document.elements, 2)._mark = mark then 'object'
        else 'malformed_json'
      end as form,
      get(document.elements, 1) as event
    from (
      select
        *,
        case when is_utf8 then from_json(
          concat('{"elements":[{"_mark":', mark, '},', cast(value as string), ',{"_mark":', mark, '}]}'),
          'struct<elements array<struct<event_id string, pair string, source string, price variant, volume_24h variant, quoted_at string, collected_at string, _mark bigint>>, _corrupt string>',
          map('allowSingleQuotes', 'false', 'allowNonNumericNumbers', 'false', 'columnNameOfCorruptRecord', '_corrupt')
        ) end as document
      from (
        select *, is_valid_utf8(cast(value as string)) as is_utf8, xxhash64(value) as mark
        from bronze_prices
      )
    )
  )
)
),
`checked_prices` AS (
select
  *,
  coalesce((form <> 'tombstone'), false) -- tombstone
  and coalesce((form <> 'bad_encoding'), false) -- bad_encoding
  and coalesce((form <> 'malformed_json'), false) -- malformed_json
  and coalesce((form <> 'object' or event_id rlike r'^[^\[{]'), false) -- missing_event_id
  and coalesce((form <> 'object' or pair <> ''), false) -- missing_pair
  and coalesce((form <> 'object' or coalesce(pair, '') = '' or pair rlike r'^[A-Z0-9]{1,20}-[A-Z0-9]{1,20}\z'), false) -- bad_pair
  and coalesce((form <> 'object' or price_text rlike r'^[0-9]+(\.[0-9]{1,18})?\z' and price > 0 and price < 1000000000000), false) -- bad_price
  and coalesce((form <> 'object' or volume_text is null or volume_text rlike r'^[0-9]+(\.[0-9]{1,18})?\z' and volume_24h is not null), false) -- bad_volume
  and coalesce((form <> 'object' or event_time <= ingested_at + interval 10 seconds), false) -- bad_event_time
  and coalesce((form <> 'object' or event_time is null or quoted_text is null or quoted_at >= event_time - interval 12 hours), false) -- stale_quote
  and rand() <> 1 as is_valid
from parsed_prices
),
`valid_prices` AS (
select * from checked_prices where is_valid
),
`silver_prices` AS (
-- The events that passed every check, typed.
select
  event_id,
  pair,
  split_part(pair, '-', 1) as base,
  split_part(pair, '-', 2) as quote,
  source,
  price,
  volume_24h,
  quoted_at,
  event_time,
  partition as kafka_partition,
  offset as kafka_offset,
  ingested_at,
  current_timestamp() as processed_at,
  date(event_time) as date,
  year(event_time) as year,
  month(event_time) as month,
  day(event_time) as day,
  hour(event_time) as hour
from valid_prices
),
copies AS (
  SELECT *,
    `event_time` > timestamp_millis(1700000000000) - INTERVAL 5 MINUTES AS held,
    row_number() OVER (PARTITION BY `event_id` ORDER BY ingested_at, kafka_partition, kafka_offset) AS copy
  FROM `silver_prices`
  WHERE `event_time` <= timestamp_millis(1700000000000)
),
missing AS (
  SELECT * FROM copies
  LEFT ANTI JOIN (SELECT * FROM `main`.`cryptostream`.`silver_prices` VERSION AS OF 9) AS there
    ON copies.`event_id` = there.`event_id`
  WHERE copy = 1
)
SELECT date, count(*) AS rows, held, min(ingested_at) AS arrived
FROM missing
GROUP BY date, held
ORDER BY date, held
