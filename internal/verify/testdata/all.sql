-- doubled offsets
SELECT topic, partition, offset, count(*) AS copies
FROM (SELECT * FROM `cryptostream`.`bronze_prices` VERSION AS OF 10 WHERE true AND true)
GROUP BY topic, partition, offset HAVING count(*) > 1;

-- gaps in offsets
WITH records AS (SELECT * FROM `cryptostream`.`bronze_prices` VERSION AS OF 10 WHERE true AND true),
inside AS (
  SELECT topic, partition, offset, lag(offset) OVER (PARTITION BY topic, partition, offset DIV 100000 ORDER BY offset) AS before
  FROM records
),
blocks AS (
  SELECT topic, partition, offset DIV 100000 AS block, min(offset) AS first, max(offset) AS last
  FROM records GROUP BY topic, partition, offset DIV 100000
),
between_blocks AS (
  SELECT topic, partition, first AS offset, lag(last) OVER (PARTITION BY topic, partition ORDER BY block) AS before
  FROM blocks
)
SELECT topic, partition, before + 1 AS first_missing, offset - 1 AS last_missing, offset - before - 1 AS records
FROM (SELECT * FROM inside UNION ALL SELECT * FROM between_blocks)
WHERE offset > before + 1;

-- missing at the ends
WITH wanted AS (SELECT * FROM VALUES ('crypto-prices', 0, 5L, 100L), ('crypto-prices', 1, cast(null AS BIGINT), 50L) AS (topic, partition, first, next)),
held AS (SELECT topic, partition, min(offset) AS lowest, max(offset) AS highest FROM `cryptostream`.`bronze_prices` VERSION AS OF 10 GROUP BY topic, partition),
ends AS (SELECT * FROM wanted LEFT JOIN held USING (topic, partition))
SELECT topic, partition, first AS first_missing, coalesce(lowest, next) - 1 AS last_missing, coalesce(lowest, next) - first AS records
FROM ends WHERE first < coalesce(lowest, next)
UNION ALL
SELECT topic, partition, highest + 1 AS first_missing, next - 1 AS last_missing, next - highest - 1 AS records
FROM ends WHERE highest + 1 < next;

-- missing at the ends
WITH wanted AS (SELECT * FROM VALUES ('crypto-prices-backfill', 0, 0L, 70L) AS (topic, partition, first, next)),
held AS (SELECT topic, partition, min(offset) AS lowest, max(offset) AS highest FROM `cryptostream`.`bronze_prices` VERSION AS OF 10 GROUP BY topic, partition),
ends AS (SELECT * FROM wanted LEFT JOIN held USING (topic, partition))
SELECT topic, partition, first AS first_missing, coalesce(lowest, next) - 1 AS last_missing, coalesce(lowest, next) - first AS records
FROM ends WHERE first < coalesce(lowest, next)
UNION ALL
SELECT topic, partition, highest + 1 AS first_missing, next - 1 AS last_missing, next - highest - 1 AS records
FROM ends WHERE highest + 1 < next;

-- events that are twice in silver_prices
SELECT `event_id`, count(*) AS copies, array_sort(collect_list(struct(kafka_partition, kafka_offset))) AS records
FROM `cryptostream`.`silver_prices` VERSION AS OF 11
GROUP BY `event_id` HAVING count(*) > 1;

-- rows of silver_prices that their Bronze record does not give
WITH `bronze_prices` AS (
SELECT * FROM `cryptostream`.`bronze_prices` VERSION AS OF 10 WHERE true AND true
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
)
SELECT kept.kafka_partition AS partition, kept.kafka_offset AS offset, kept.event_id, kept.pair, kept.event_time
FROM (SELECT * FROM `cryptostream`.`silver_prices` VERSION AS OF 11 WHERE true) AS kept
LEFT ANTI JOIN `silver_prices` AS given
  ON kept.kafka_partition = given.kafka_partition AND kept.kafka_offset = given.kafka_offset
  AND kept.`event_id` <=> given.`event_id` AND kept.`pair` <=> given.`pair` AND kept.`base` <=> given.`base` AND kept.`quote` <=> given.`quote` AND kept.`source` <=> given.`source` AND kept.`price` <=> given.`price` AND kept.`volume_24h` <=> given.`volume_24h` AND kept.`quoted_at` <=> given.`quoted_at` AND kept.`event_time` <=> given.`event_time` AND kept.`kafka_partition` <=> given.`kafka_partition` AND kept.`kafka_offset` <=> given.`kafka_offset` AND kept.`ingested_at` <=> given.`ingested_at` AND kept.`date` <=> given.`date` AND kept.`year` <=> given.`year` AND kept.`month` <=> given.`month` AND kept.`day` <=> given.`day` AND kept.`hour` <=> given.`hour`;

-- dead letters that are in silver_prices too
SELECT bad.topic, bad.partition, bad.offset, good.event_id, bad.reasons
FROM (SELECT * FROM `cryptostream`.`dead_letter` VERSION AS OF 12 WHERE true) AS bad
JOIN `cryptostream`.`bronze_prices` VERSION AS OF 10 AS record
  ON bad.date = record.ingest_date AND bad.topic = record.topic AND bad.partition = record.partition AND bad.offset = record.offset
JOIN `cryptostream`.`silver_prices` VERSION AS OF 11 AS good
  ON bad.partition = good.kafka_partition AND bad.offset = good.kafka_offset AND record.ingested_at = good.ingested_at;

-- dead letters that are twice in dead_letter
SELECT topic, partition, offset, count(*) AS copies FROM `cryptostream`.`dead_letter` VERSION AS OF 12 WHERE true
GROUP BY topic, partition, offset HAVING count(*) > 1;

-- dead letters that the checks do not refuse
WITH `bronze_prices` AS (
SELECT * FROM `cryptostream`.`bronze_prices` VERSION AS OF 10 AS record
LEFT SEMI JOIN (SELECT * FROM `cryptostream`.`dead_letter` VERSION AS OF 12 WHERE true) AS letter
  ON record.topic = letter.topic AND record.partition = letter.partition AND record.offset = letter.offset
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
`rejected_prices` AS (
select
  *,
  array_compact(array(
    if((form <> 'tombstone'), null, 'tombstone'),
    if((form <> 'bad_encoding'), null, 'bad_encoding'),
    if((form <> 'malformed_json'), null, 'malformed_json'),
    if((form <> 'object' or event_id rlike r'^[^\[{]'), null, 'missing_event_id'),
    if((form <> 'object' or pair <> ''), null, 'missing_pair'),
    if((form <> 'object' or coalesce(pair, '') = '' or pair rlike r'^[A-Z0-9]{1,20}-[A-Z0-9]{1,20}\z'), null, 'bad_pair'),
    if((form <> 'object' or price_text rlike r'^[0-9]+(\.[0-9]{1,18})?\z' and price > 0 and price < 1000000000000), null, 'bad_price'),
    if((form <> 'object' or volume_text is null or volume_text rlike r'^[0-9]+(\.[0-9]{1,18})?\z' and volume_24h is not null), null, 'bad_volume'),
    if((form <> 'object' or event_time <= ingested_at + interval 10 seconds), null, 'bad_event_time'),
    if((form <> 'object' or event_time is null or quoted_text is null or quoted_at >= event_time - interval 12 hours), null, 'stale_quote')
  )) as reasons
from checked_prices
where not is_valid
),
`dead_letter` AS (
-- What a check refused, with every reason that applies and the bytes as they came.
select
  topic,
  partition,
  offset,
  kafka_timestamp,
  key,
  value,
  make_valid_utf8(cast(value as string)) as value_text,
  reasons,
  current_timestamp() as quarantined_at,
  date(ingested_at) as date
from rejected_prices
)
SELECT letter.topic, letter.partition, letter.offset, letter.reasons
FROM (SELECT * FROM `cryptostream`.`dead_letter` VERSION AS OF 12 WHERE true) AS letter
LEFT ANTI JOIN `dead_letter` AS given
  ON letter.partition = given.partition AND letter.offset = given.offset
  AND letter.`topic` <=> given.`topic` AND letter.`partition` <=> given.`partition` AND letter.`offset` <=> given.`offset` AND letter.`kafka_timestamp` <=> given.`kafka_timestamp` AND letter.`key` <=> given.`key` AND letter.`value` <=> given.`value` AND letter.`value_text` <=> given.`value_text` AND letter.`reasons` <=> given.`reasons` AND letter.`date` <=> given.`date`;

-- events that are not in silver_prices
WITH `bronze_prices` AS (
SELECT * FROM `cryptostream`.`bronze_prices` VERSION AS OF 1 WHERE true AND true
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
missing AS (
  SELECT * FROM `silver_prices` AS given
  LEFT ANTI JOIN `cryptostream`.`silver_prices` VERSION AS OF 11 AS kept
    ON given.`event_id` <=> kept.`event_id`
),
firsts AS (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY `event_id` ORDER BY ingested_at, kafka_partition, kafka_offset) AS copy FROM missing
  ) WHERE copy = 1
),
arrivals AS (
  SELECT ingested_at, max(newest) AS newest FROM (
    SELECT ingested_at, `event_time` AS newest FROM `cryptostream`.`silver_prices` VERSION AS OF 11
    UNION ALL SELECT DISTINCT ingested_at, NULL FROM firsts
  ) GROUP BY ingested_at
),
reached AS (
  SELECT ingested_at, max(newest) OVER (ORDER BY ingested_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
  FROM arrivals
)
SELECT kafka_partition AS partition, kafka_offset AS offset, `event_id`, pair, `event_time`,
  coalesce(`event_time` <= newest - INTERVAL 86400000 MILLISECONDS, false) AS late
FROM firsts JOIN reached USING (ingested_at);

-- refused records that are not in dead_letter
WITH `bronze_prices` AS (
SELECT * FROM `cryptostream`.`bronze_prices` VERSION AS OF 2 WHERE true AND true
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
`rejected_prices` AS (
select
  *,
  array_compact(array(
    if((form <> 'tombstone'), null, 'tombstone'),
    if((form <> 'bad_encoding'), null, 'bad_encoding'),
    if((form <> 'malformed_json'), null, 'malformed_json'),
    if((form <> 'object' or event_id rlike r'^[^\[{]'), null, 'missing_event_id'),
    if((form <> 'object' or pair <> ''), null, 'missing_pair'),
    if((form <> 'object' or coalesce(pair, '') = '' or pair rlike r'^[A-Z0-9]{1,20}-[A-Z0-9]{1,20}\z'), null, 'bad_pair'),
    if((form <> 'object' or price_text rlike r'^[0-9]+(\.[0-9]{1,18})?\z' and price > 0 and price < 1000000000000), null, 'bad_price'),
    if((form <> 'object' or volume_text is null or volume_text rlike r'^[0-9]+(\.[0-9]{1,18})?\z' and volume_24h is not null), null, 'bad_volume'),
    if((form <> 'object' or event_time <= ingested_at + interval 10 seconds), null, 'bad_event_time'),
    if((form <> 'object' or event_time is null or quoted_text is null or quoted_at >= event_time - interval 12 hours), null, 'stale_quote')
  )) as reasons
from checked_prices
where not is_valid
),
`dead_letter` AS (
-- What a check refused, with every reason that applies and the bytes as they came.
select
  topic,
  partition,
  offset,
  kafka_timestamp,
  key,
  value,
  make_valid_utf8(cast(value as string)) as value_text,
  reasons,
  current_timestamp() as quarantined_at,
  date(ingested_at) as date
from rejected_prices
)
SELECT refused.topic, refused.partition, refused.offset, refused.reasons
FROM `dead_letter` AS refused
LEFT ANTI JOIN `cryptostream`.`dead_letter` VERSION AS OF 12 AS letter
  ON refused.topic = letter.topic AND refused.partition = letter.partition AND refused.offset = letter.offset;

-- windows that are twice in gold_price_hourly
SELECT pair, hour_start, count(*) AS copies FROM `cryptostream`.`gold_price_hourly` VERSION AS OF 13 WHERE true AND true
GROUP BY pair, hour_start HAVING count(*) > 1;

-- windows of gold_price_hourly that are not what silver_prices gives
WITH ticks AS (
  SELECT pair, price, processed_at, event_time,
    cast(cast(price AS DECIMAL(30, 18)) * 1000000000000000000BD AS DECIMAL(38, 0)) AS units,
    struct(event_time, kafka_partition, kafka_offset) AS arrival,
    timestamp_seconds(unix_seconds(event_time) - pmod(unix_seconds(event_time), 3600) - 3600 * place) AS start
  FROM `cryptostream`.`silver_prices` VERSION AS OF 11 LATERAL VIEW explode(sequence(0, 0)) places AS place
  WHERE true AND true
),
given AS (
  SELECT pair, start, try_sum(units) AS units, min_by(price, arrival) AS `open_price`, max(price) AS `high_price`, min(price) AS `low_price`, max_by(price, arrival) AS `close_price`, count(*) AS `ticks`, date(start) AS `date`
  FROM ticks WHERE start + INTERVAL 3600000 MILLISECONDS <= timestamp_millis(1700000000000) AND true
  GROUP BY pair, start
),
kept AS (
  SELECT *, `hour_start` AS start FROM `cryptostream`.`gold_price_hourly` VERSION AS OF 13 WHERE true AND true
),
wrong AS (
  SELECT * FROM (
    SELECT pair, start, coalesce(kept.ticks, 0) AS ticks, coalesce(given.ticks, 0) AS expected_ticks,
      kept.`low_price` AS lowest, given.`low_price` AS expected_lowest,
      kept.`high_price` AS highest, given.`high_price` AS expected_highest,
      CASE
        WHEN kept.ticks IS NULL THEN 'missing'
        WHEN given.ticks IS NULL THEN 'no tick of it'
        ELSE concat_ws(', ', array_compact(array(
          if(kept.`open_price` <=> given.`open_price`, NULL, 'open_price'),
          if(kept.`high_price` <=> given.`high_price`, NULL, 'high_price'),
          if(kept.`low_price` <=> given.`low_price`, NULL, 'low_price'),
          if(kept.`close_price` <=> given.`close_price`, NULL, 'close_price'),
          if(kept.`ticks` <=> given.`ticks`, NULL, 'ticks'),
          if(kept.`date` <=> given.`date`, NULL, 'date'),
          if(CASE WHEN given.units IS NULL THEN kept.`avg_price` IS NULL ELSE coalesce(try_subtract(given.units, try_multiply(try_cast(try_cast(kept.`avg_price` AS DECIMAL(30, 18)) * 1000000000000000000BD AS DECIMAL(38, 0)), cast(given.ticks AS DECIMAL(19, 0)))) >= -cast(given.ticks AS DECIMAL(19, 0)) * 0.5BD AND try_subtract(given.units, try_multiply(try_cast(try_cast(kept.`avg_price` AS DECIMAL(30, 18)) * 1000000000000000000BD AS DECIMAL(38, 0)), cast(given.ticks AS DECIMAL(19, 0)))) < cast(given.ticks AS DECIMAL(19, 0)) * 0.5BD, false) END, NULL, 'avg_price')
        )))
      END AS what
    FROM kept FULL OUTER JOIN given USING (pair, start)
    WHERE start + INTERVAL 3600000 MILLISECONDS <= timestamp_millis(1700000000000)
  ) WHERE what <> ''
),
batches AS (SELECT processed_at, max(event_time) AS newest FROM `cryptostream`.`silver_prices` VERSION AS OF 11 GROUP BY processed_at),
reached AS (
  SELECT processed_at, max(newest) OVER (ORDER BY processed_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
  FROM batches
),
refused AS (
  SELECT pair, start, count(*) AS refused
  FROM ticks JOIN wrong USING (pair, start) JOIN reached USING (processed_at)
  WHERE newest - INTERVAL 30000 MILLISECONDS >= start + INTERVAL 3600000 MILLISECONDS
  GROUP BY pair, start
)
SELECT pair, start AS hour_start, what, ticks, expected_ticks,
  coalesce(expected_ticks > ticks AND expected_ticks - ticks <= refused
    AND (ticks = 0 OR lowest >= expected_lowest AND highest <= expected_highest), false) AS late
FROM wrong LEFT JOIN refused USING (pair, start);

-- windows that are twice in gold_price_ma_5m
SELECT pair, window_start, count(*) AS copies FROM `cryptostream`.`gold_price_ma_5m` VERSION AS OF 14 WHERE true AND true
GROUP BY pair, window_start HAVING count(*) > 1;

-- windows of gold_price_ma_5m that are not what silver_prices gives
WITH ticks AS (
  SELECT pair, price, processed_at, event_time,
    cast(cast(price AS DECIMAL(30, 18)) * 1000000000000000000BD AS DECIMAL(38, 0)) AS units,
    struct(event_time, kafka_partition, kafka_offset) AS arrival,
    timestamp_seconds(unix_seconds(event_time) - pmod(unix_seconds(event_time), 60) - 60 * place) AS start
  FROM `cryptostream`.`silver_prices` VERSION AS OF 11 LATERAL VIEW explode(sequence(0, 4)) places AS place
  WHERE true AND true
),
given AS (
  SELECT pair, start, try_sum(units) AS units, min(price) AS `min_price`, max(price) AS `max_price`, max_by(price, arrival) AS `last_price`, count(*) AS `ticks`, start + INTERVAL 5 MINUTES AS `window_end`, date(start) AS `date`
  FROM ticks WHERE start + INTERVAL 300000 MILLISECONDS <= timestamp_millis(1700000000000) AND true
  GROUP BY pair, start
),
kept AS (
  SELECT *, `window_start` AS start FROM `cryptostream`.`gold_price_ma_5m` VERSION AS OF 14 WHERE true AND true
),
wrong AS (
  SELECT * FROM (
    SELECT pair, start, coalesce(kept.ticks, 0) AS ticks, coalesce(given.ticks, 0) AS expected_ticks,
      kept.`min_price` AS lowest, given.`min_price` AS expected_lowest,
      kept.`max_price` AS highest, given.`max_price` AS expected_highest,
      CASE
        WHEN kept.ticks IS NULL THEN 'missing'
        WHEN given.ticks IS NULL THEN 'no tick of it'
        ELSE concat_ws(', ', array_compact(array(
          if(kept.`min_price` <=> given.`min_price`, NULL, 'min_price'),
          if(kept.`max_price` <=> given.`max_price`, NULL, 'max_price'),
          if(kept.`last_price` <=> given.`last_price`, NULL, 'last_price'),
          if(kept.`ticks` <=> given.`ticks`, NULL, 'ticks'),
          if(kept.`window_end` <=> given.`window_end`, NULL, 'window_end'),
          if(kept.`date` <=> given.`date`, NULL, 'date'),
          if(CASE WHEN given.units IS NULL THEN kept.`avg_price` IS NULL ELSE coalesce(try_subtract(given.units, try_multiply(try_cast(try_cast(kept.`avg_price` AS DECIMAL(30, 18)) * 1000000000000000000BD AS DECIMAL(38, 0)), cast(given.ticks AS DECIMAL(19, 0)))) >= -cast(given.ticks AS DECIMAL(19, 0)) * 0.5BD AND try_subtract(given.units, try_multiply(try_cast(try_cast(kept.`avg_price` AS DECIMAL(30, 18)) * 1000000000000000000BD AS DECIMAL(38, 0)), cast(given.ticks AS DECIMAL(19, 0)))) < cast(given.ticks AS DECIMAL(19, 0)) * 0.5BD, false) END, NULL, 'avg_price')
        )))
      END AS what
    FROM kept FULL OUTER JOIN given USING (pair, start)
    WHERE start + INTERVAL 300000 MILLISECONDS <= timestamp_millis(1700000000000)
  ) WHERE what <> ''
),
batches AS (SELECT processed_at, max(event_time) AS newest FROM `cryptostream`.`silver_prices` VERSION AS OF 11 GROUP BY processed_at),
reached AS (
  SELECT processed_at, max(newest) OVER (ORDER BY processed_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
  FROM batches
),
refused AS (
  SELECT pair, start, count(*) AS refused
  FROM ticks JOIN wrong USING (pair, start) JOIN reached USING (processed_at)
  WHERE newest - INTERVAL 30000 MILLISECONDS >= start + INTERVAL 300000 MILLISECONDS
  GROUP BY pair, start
)
SELECT pair, start AS window_start, what, ticks, expected_ticks,
  coalesce(expected_ticks > ticks AND expected_ticks - ticks <= refused
    AND (ticks = 0 OR lowest >= expected_lowest AND highest <= expected_highest), false) AS late
FROM wrong LEFT JOIN refused USING (pair, start);

