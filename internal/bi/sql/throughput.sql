-- Rows that arrived in each table per 5 minutes, over the 24 hours up to the newest arrival.
with arrivals as (
  select 'Bronze' as table_name, ingested_at as arrived_at
  from {{table "bronze_prices"}}
  where ingest_date >= (select date_sub(max(ingest_date), 1) from {{table "bronze_prices"}})
  union all
  select 'Silver' as table_name, processed_at as arrived_at
  from {{table "silver_prices"}}
  where ingested_at >= (
    select max(ingested_at) - interval 24 hours
    from {{table "bronze_prices"}}
    where ingest_date = (select max(ingest_date) from {{table "bronze_prices"}})
  )
  union all
  select 'Dead letters' as table_name, quarantined_at as arrived_at
  from {{table "dead_letter"}}
  where date >= (select date_sub(max(ingest_date), 1) from {{table "bronze_prices"}})
)
select table_name, window.start as five_minutes, count(*) as row_count
from arrivals
where arrived_at > (select max(arrived_at) - interval 24 hours from arrivals)
group by table_name, window(arrived_at, '5 minutes')
order by five_minutes, table_name
