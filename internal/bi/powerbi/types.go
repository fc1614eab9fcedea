package powerbi

import (
	"fmt"
	"strings"
)

// columnType returns the model's type of a column and how its values are shown. A DECIMAL(38,18) is a
// double: the model's own decimal has four digits behind the point, and would show 0.00001 as nothing. A
// double is exact to 15 digits, which is what Power BI shows of a DECIMAL asked by DirectQuery anyway; the
// warehouse computes with all 38.
func columnType(sparkType string) (kind, format string, err error) {
	switch base, _, _ := strings.Cut(strings.ToUpper(sparkType), "("); base {
	case "STRING":
		return "string", "", nil
	case "INT", "BIGINT", "SMALLINT":
		return "int64", "0", nil
	case "DECIMAL":
		return "double", "#,0.00######", nil
	case "DOUBLE":
		return "double", "#,0.0", nil
	case "TIMESTAMP":
		return "dateTime", "yyyy-mm-dd hh:nn:ss", nil
	case "DATE":
		return "dateTime", "yyyy-mm-dd", nil
	case "BOOLEAN":
		return "boolean", `"""TRUE"";""TRUE"";""FALSE"""`, nil
	}
	return "", "", fmt.Errorf("the type %s has no counterpart in Power BI", sparkType)
}
