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
