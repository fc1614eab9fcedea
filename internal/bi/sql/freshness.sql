-- One row for the counters. A delay ends at the start of the batch that wrote the row: readable is a batch later.
with newest as (
  select max(event_time) as event_time, max(processed_at) as processed_at
  from {{table "silver_prices"}}
  where date = (select max(date) from {{table "silver_prices"}})
),
last_hour as (
  select timestampdiff(millisecond, silver_prices.event_time, silver_prices.processed_at) / 1000D as delay
  from {{table "silver_prices"}}
  cross join newest
  where date >= (select date_sub(max(date), 1) from {{table "silver_prices"}})
    and silver_prices.event_time > newest.event_time - interval 1 hour
),
delays as (
  select percentile(delay, 0.95) as delay_p95, avg(if(delay <= 60, 1D, 0D)) as within_a_minute
  from last_hour
)
select
  timestampdiff(second, event_time, current_timestamp()) as seconds_since_event,
  timestampdiff(second, processed_at, current_timestamp()) as seconds_since_batch,
  delay_p95,
  within_a_minute
from newest
cross join delays
