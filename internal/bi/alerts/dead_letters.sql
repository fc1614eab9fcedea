-- Of the records of the last hour, how many in a hundred a check refused.
with arrived as (
  select count(*) as records
  from {{table "bronze_prices"}}
  where ingest_date >= date_sub(current_date(), 1)
    and ingested_at > current_timestamp() - interval 1 hour
),
refused as (
  select count(*) as records
  from {{table "dead_letter"}}
  where date >= date_sub(current_date(), 1)
    and quarantined_at > current_timestamp() - interval 1 hour
)
select
  cast(coalesce(try_divide(100 * refused.records, arrived.records), 0) as double) as percent_refused,
  refused.records as refused,
  arrived.records as arrived
from refused
cross join arrived
