-- What became of each record of the last 24 hours, by the hour: Bronze has all of them, and every other table
-- says by partition and offset which ones it took.
with newest as (
  select max(ingested_at) as ingested_at, max(ingest_date) as ingest_date
  from {{table "bronze_prices"}}
  where ingest_date = (select max(ingest_date) from {{table "bronze_prices"}})
),
recent as (
  select partition, offset, bronze_prices.ingested_at, get_json_object(cast(value as string), '$.event_id') as event_id
  from {{table "bronze_prices"}}
  cross join newest
  where bronze_prices.ingest_date >= date_sub(newest.ingest_date, 1)
    and bronze_prices.ingested_at > newest.ingested_at - interval 24 hours
),
taken as (
  select kafka_partition as partition, kafka_offset as offset, 'in Silver' as outcome
  from {{table "silver_prices"}}
  where ingested_at > (select ingested_at - interval 24 hours from newest)
  union all
  select partition, offset, 'dead letter' as outcome
  from {{table "dead_letter"}}
  where date >= (select date_sub(ingest_date, 1) from newest)
),
known as (
  select distinct event_id
  from {{table "silver_prices"}}
  where date >= (select date_sub(max(date), 2) from {{table "silver_prices"}})
),
outcomes as (
  select
    date_trunc('hour', recent.ingested_at) as hour,
    coalesce(taken.outcome, if(known.event_id is not null, 'duplicate', 'late or waiting')) as outcome
  from recent
  left join taken on taken.partition = recent.partition and taken.offset = recent.offset
  left join known on known.event_id = recent.event_id
)
select
  hour,
  count(*) as records,
  count_if(outcome = 'in Silver') as in_silver,
  count_if(outcome = 'dead letter') as dead_letters,
  count_if(outcome = 'duplicate') as duplicates,
  count_if(outcome = 'late or waiting') as late_or_waiting
from outcomes
group by hour
order by hour
