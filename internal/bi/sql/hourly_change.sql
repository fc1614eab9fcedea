-- The arrow and the sign say what the colour says.
select
  pair,
  label,
  cast(price as double) as price,
  cast(price_hour_ago as double) as price_hour_ago,
  cast(change_pct as double) / 100 as change,
  case
    when change_pct > 0 then '▲ up'
    when change_pct < 0 then '▼ down'
    when change_pct = 0 then '■ unchanged'
    else '– no price an hour ago'
  end as direction,
  concat(
    label, ' ',
    case when change_pct > 0 then '▲' when change_pct < 0 then '▼' when change_pct = 0 then '■' else '–' end,
    coalesce(concat(' ', format_number(abs(change_pct), 2), ' %'), '')
  ) as caption
from {{table "v_hourly_change"}}
join {{table "dim_asset"}} using (pair)
order by change desc, pair
