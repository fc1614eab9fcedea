SELECT count(*) FROM `cryptostream`.`dead_letter` WHERE true
