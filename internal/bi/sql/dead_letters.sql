-- A record counts once for each check that it failed.
select date_trunc('hour', quarantined_at) as hour, reason, count(*) as records
from {{table "dead_letter"}}
lateral view explode(reasons) as reason
where date >= (select date_sub(max(date), 6) from {{table "dead_letter"}})
group by date_trunc('hour', quarantined_at), reason
order by hour, reason
