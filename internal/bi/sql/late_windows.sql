-- Windows that Gold has passed and Silver knows better: a tick came after the watermark. `lakectl reconcile`
-- brings them in.
with newest as (
  select max(window_end) as window_end
  from {{table "gold_price_ma_5m"}}
  where date >= (select date_sub(max(date), 1) from {{table "gold_price_ma_5m"}})
),
expected as (
  select pair, window.start as window_start, window.end as window_end, count(*) as silver_ticks
  from {{table "silver_prices"}}
  cross join newest
  where date >= date_sub(cast(newest.window_end as date), 1)
    and event_time >= newest.window_end - interval 6 hours
    and event_time < newest.window_end
  group by pair, window(event_time, '5 minutes', '1 minute')
)
select
  expected.pair,
  expected.window_start,
  expected.silver_ticks,
  coalesce(gold.ticks, 0) as gold_ticks,
  expected.silver_ticks - coalesce(gold.ticks, 0) as missing_ticks
from expected
cross join newest
left join {{table "gold_price_ma_5m"}} as gold
  on gold.pair = expected.pair and gold.window_start = expected.window_start
where expected.window_start >= newest.window_end - interval 6 hours
  and expected.window_end <= newest.window_end
  and expected.silver_ticks <> coalesce(gold.ticks, 0)
order by window_start desc, pair
limit 1000
