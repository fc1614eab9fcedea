-- The change of each pair within the hour, without its sign. Pairs whose last tick is older than an hour are silent.
select
  pair,
  cast(abs(change_pct) as double) as percent_changed,
  cast(change_pct as double) as change_pct,
  cast(price as double) as price
from {{table "v_hourly_change"}}
where change_pct is not null
  and event_time > current_timestamp() - interval 1 hour
order by percent_changed desc, pair
