-- Seconds since the newest event that Silver has, or null while there is none.
select timestampdiff(second, max(event_time), current_timestamp()) as seconds_since_event
from {{table "silver_prices"}}
where date = (select max(date) from {{table "silver_prices"}})
