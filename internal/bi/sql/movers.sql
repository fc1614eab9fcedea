-- One row for the counters.
select
  greatest(cast(max(change_pct) as double) / 100, 0) as largest_rise,
  least(cast(min(change_pct) as double) / 100, 0) as largest_fall,
  count(*) as pairs,
  timestampdiff(second, max(event_time), current_timestamp()) as seconds_since_tick
from {{table "v_hourly_change"}}
