SELECT max(event_time) FROM `cryptostream`.`silver_prices` WHERE date = (SELECT max(date) FROM `cryptostream`.`silver_prices`)
