-- Now is the newest event of any pair. Two hours before it may begin a date earlier.
with recent as (
  select
    pair,
    event_time,
    cast(price as decimal(30, 18)) as price,
    struct(event_time, kafka_partition, kafka_offset) as position,
    event_time > newest - interval 1 hour as is_now
  from silver_prices
  cross join (
    select max(event_time) as newest
    from silver_prices
    where date = (select max(date) from silver_prices)
  )
  where date >= (select date_sub(max(date), 1) from silver_prices)
    and event_time >= newest - interval 2 hours
),
by_pair as (
  select
    pair,
    max_by(price, position) filter (where is_now) as price,
    max(event_time) filter (where is_now) as event_time,
    max_by(price, position) filter (where not is_now) as price_hour_ago,
    max(event_time) filter (where not is_now) as event_time_hour_ago
  from recent
  group by pair
)
select
  pair,
  cast(price as decimal(38, 18)) as price,
  event_time,
  cast(price_hour_ago as decimal(38, 18)) as price_hour_ago,
  event_time_hour_ago,
  cast(round(try_divide(100 * (price - price_hour_ago), price_hour_ago), 4) as decimal(38, 4)) as change_pct
from by_pair
where price is not null
