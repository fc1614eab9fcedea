package bi

import (
	"strings"

	"github.com/cryptostream/lakectl/internal/ddl"
)

// Alert is a SQL alert of a workspace, as the fields of its create call (AlertV2 of the SQL API). Whoever
// creates it adds parent_path and warehouse_id.
type Alert struct {
	Key         string         `json:"-"` // its name among the files, such as freshness
	DisplayName string         `json:"display_name"`
	Summary     string         `json:"custom_summary"`     // a mustache template
	Description string         `json:"custom_description"` // a mustache template
	QueryText   string         `json:"query_text"`
	Evaluation  AlertCondition `json:"evaluation"`
	Schedule    AlertSchedule  `json:"schedule"`
}

// AlertCondition is when an alert triggers: its column, compared with a number.
type AlertCondition struct {
	Source     AlertColumn    `json:"source"`
	Comparison string         `json:"comparison_operator"`
	Threshold  AlertThreshold `json:"threshold"`
	// EmptyResult is the state when the query has no rows.
	EmptyResult  string       `json:"empty_result_state"`
	Notification Notification `json:"notification"`
}

// AlertColumn is a column of the query's result, and how its rows are made one value.
type AlertColumn struct {
	Name        string `json:"name"`
	Display     string `json:"display"`
	Aggregation string `json:"aggregation"`
}

// AlertThreshold is the number that the column is compared with.
type AlertThreshold struct {
	Value struct {
		Double float64 `json:"double_value"`
	} `json:"value"`
}

// Notification says who is told, and how often while it lasts.
type Notification struct {
	NotifyOnOK       bool           `json:"notify_on_ok"`
	RetriggerSeconds int            `json:"retrigger_seconds"`
	Subscriptions    []Subscription `json:"subscriptions,omitempty"`
}

// Subscription is one address; one of the two.
type Subscription struct {
	UserEmail     string `json:"user_email,omitempty"`
	DestinationID string `json:"destination_id,omitempty"` // of a notification destination, such as Slack
}

// AlertSchedule is a Quartz expression with seconds, and an IANA time zone.
type AlertSchedule struct {
	Cron        string `json:"quartz_cron_schedule"`
	Timezone    string `json:"timezone_id"`
	PauseStatus string `json:"pause_status"`
}

// Delivery is what a target decides about its alerts.
type Delivery struct {
	Prefix string         // of their names
	Paused bool           // made, and not run
	Notify []Subscription // nobody, where there is none: the alert only shows its state
}

// everyQuarter is one time for all alerts: each evaluation wakes the warehouse, and four times an hour is
// enough of that.
const everyQuarter = "0 0/15 * * * ?"

// again is how long a triggered alert waits before it tells again.
const again = 6 * 60 * 60

var alerts = []struct {
	key, name, column, display string
	threshold                  float64
	empty                      string
	about                      string
}{
	{"freshness", "no new prices", "seconds_since_event", "seconds since the newest event", 300, "TRIGGERED",
		"Silver has no event of the last five minutes: the source is silent, or the pipeline stands. " +
			"See the job's runs, and `lakectl status` where the producer runs."},
	{"dead_letters", "many dead letters", "percent_refused", "percent of the last hour's records", 1, "OK",
		"More than one record in a hundred was refused in the last hour. `dead_letter` has them with their reasons."},
	{"price_jump", "a price has jumped", "percent_changed", "percent within the hour", 10, "OK",
		"A pair has moved by more than ten percent within an hour: a real move, or a source that answers nonsense. " +
			"Compare the sources in `silver_prices`."},
}

// Alerts returns the alerts over the tables of place.
func Alerts(place ddl.Place, d Delivery) ([]Alert, error) {
	made := make([]Alert, len(alerts))
	for i, a := range alerts {
		query, err := statement("alerts/"+a.key+".sql", place)
		if err != nil {
			return nil, err
		}
		made[i] = Alert{
			Key: a.key, DisplayName: d.Prefix + DashboardName + ": " + a.name,
			Summary:     DashboardName + ": " + a.name + " ({{ALERT_STATUS}})",
			Description: a.about + "\n\nNow {{QUERY_RESULT_VALUE}} " + a.display + "; the limit is {{ALERT_THRESHOLD}}.",
			QueryText:   query,
			Evaluation: AlertCondition{
				Source:     AlertColumn{a.column, a.display, "MAX"},
				Comparison: "GREATER_THAN", EmptyResult: a.empty,
				Notification: Notification{NotifyOnOK: true, RetriggerSeconds: again, Subscriptions: d.Notify},
			},
			Schedule: AlertSchedule{everyQuarter, "UTC", "UNPAUSED"},
		}
		made[i].Evaluation.Threshold.Value.Double = a.threshold
		if d.Paused {
			made[i].Schedule.PauseStatus = "PAUSED"
		}
	}
	return made, nil
}

// file is the alert as a workspace and a bundle keep it.
func (a Alert) file() ([]byte, error) {
	return indented("the alert "+a.Key, struct {
		Summary     string         `json:"custom_summary"`
		Description string         `json:"custom_description"`
		Evaluation  AlertCondition `json:"evaluation"`
		Schedule    AlertSchedule  `json:"schedule"`
		QueryLines  []string       `json:"query_lines"`
	}{a.Summary, a.Description, a.Evaluation, a.Schedule, strings.SplitAfter(a.QueryText, "\n")})
}
