-- Ten years at most, so that one quote with a year from long ago does not make a calendar of centuries.
select
  date,
  year(date) as year,
  quarter(date) as quarter,
  month(date) as month,
  date_format(date, 'MMMM') as month_name,
  date_format(date, 'yyyy-MM') as year_month,
  weekofyear(date) as iso_week,
  day(date) as day,
  weekday(date) + 1 as day_of_week,
  date_format(date, 'EEEE') as day_name,
  weekday(date) >= 5 as is_weekend
from (
  select explode(sequence(greatest(first_date, add_months(last_date, -120)), last_date)) as date
  from (
    select min(date) as first_date, max(date) as last_date
    from silver_prices
  )
)
